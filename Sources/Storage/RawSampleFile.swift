package import ClinicalData

/// Raw samples of one shard in one HDF5 file, before their processors saw them.
///
/// Layout: `/patient_id` and `/visit_id` texts; per field `/fields/<name>/offsets_<level>` i64, and either
/// `/fields/<name>/symbols` u32 with `/fields/<name>/dictionary`, or `/fields/<name>/numbers` f64, or
/// `/fields/<name>/integers` i64. Root attributes `fields` (names in order) and `samples`.
package enum RawSampleFile {
    private static let format = "pyhealth-raw-samples-1"

    /// Writes the samples to a new file; throws `HDF5Error`.
    package static func write(_ samples: SampleColumns, to path: String) throws {
        let out = try CheckedFile.create(path, format: format)
        try out.file.setAttribute("fields", .text(samples.fields.map(\.name).joined(separator: ",")))
        try out.file.setAttribute("samples", .integer(Int64(samples.count)))
        try out.writeText(samples.patientIDs, to: "patient_id")
        try out.writeText(samples.visitIDs, to: "visit_id")
        for field in samples.fields {
            let group = "fields/\(field.name)"
            for (level, offsets) in field.offsets.enumerated() {
                try out.write(offsets.map { Int64($0) }, to: "\(group)/offsets_\(level)")
            }
            switch field.leaves {
            case .symbols(let indices, let dictionary):
                try out.write(indices, to: "\(group)/symbols")
                try out.writeText(dictionary, to: "\(group)/dictionary")
            case .numbers(let values): try out.write(values, to: "\(group)/numbers")
            case .integers(let values): try out.write(values, to: "\(group)/integers")
            }
        }
        try out.file.close()
    }

    /// Reads the samples; throws `HDF5Error` and ``StorageError``.
    package static func read(_ path: String) throws -> SampleColumns {
        let input = try CheckedFile.open(path, format: format)
        let names = try input.file.textAttribute("fields").split(separator: ",").map(String.init)
        return SampleColumns(
            patientIDs: try input.readText("patient_id"), visitIDs: try input.readText("visit_id"),
            fields: try names.map { try field($0, input) })
    }

    /// The patient and visit ids only.
    package static func readIDs(_ path: String) throws -> (patients: [String], visits: [String]) {
        let input = try CheckedFile.open(path, format: format)
        return (try input.readText("patient_id"), try input.readText("visit_id"))
    }

    private static func field(_ name: String, _ input: CheckedFile) throws -> FieldColumn {
        let group = "fields/\(name)"
        var offsets: [[Int]] = []
        while input.file.contains("\(group)/offsets_\(offsets.count)") {
            offsets.append(
                try input.read("\(group)/offsets_\(offsets.count)", as: Int64.self).map { Int($0) })
        }
        let leaves: FieldColumn.Leaves
        if input.file.contains("\(group)/symbols") {
            leaves = .symbols(
                try input.read("\(group)/symbols"), dictionary: try input.readText("\(group)/dictionary"))
        } else if input.file.contains("\(group)/numbers") {
            leaves = .numbers(try input.read("\(group)/numbers"))
        } else {
            leaves = .integers(try input.read("\(group)/integers"))
        }
        return FieldColumn(name: name, offsets: offsets, leaves: leaves)
    }
}
