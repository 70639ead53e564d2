package import ClinicalData

/// Raw samples of one shard in one HDF5 file, before their processors saw them.
///
/// Layout: `/patient_id` and `/visit_id` texts; per field `/fields/<name>/offsets_<level>` i64, and either
/// `/fields/<name>/symbols` u32 with `/fields/<name>/dictionary`, or `/fields/<name>/numbers` f64, or
/// `/fields/<name>/integers` i64; for a field with times `/fields/<name>/time_offsets` i64 and `times` f64. Root attributes `fields` (JSON list of names in order) and `samples`.
package enum RawSampleFile {
    private static let format = "pyhealth-raw-samples-1"

    /// Writes the samples to a new file; throws `HDF5Error`.
    package static func write(_ samples: SampleColumns, to path: String) throws {
        let out = try CheckedFile.create(path, format: format)
        try out.setNames(samples.fields.map(\.name), as: "fields")
        try out.file.setAttribute("samples", .integer(Int64(samples.count)))
        try out.writeText(samples.patientIDs, to: "patient_id")
        try out.writeText(samples.visitIDs, to: "visit_id")
        for field in samples.fields {
            let group = "fields/\(field.name)"
            for (level, offsets) in field.offsets.enumerated() {
                try out.write(offsets.map { Int64($0) }, to: "\(group)/offsets_\(level)")
            }
            if let times = field.times {
                try out.write(times.offsets.map { Int64($0) }, to: "\(group)/time_offsets")
                try out.write(times.values, to: "\(group)/times")
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
        let (patients, visits) = try ids(input)
        return SampleColumns(
            patientIDs: patients, visitIDs: visits,
            fields: try input.names("fields").map { try field($0, input, samples: patients.count) })
    }

    /// The patient and visit ids only.
    package static func readIDs(_ path: String) throws -> (patients: [String], visits: [String]) {
        try ids(CheckedFile.open(path, format: format))
    }

    private static func ids(_ input: CheckedFile) throws -> (patients: [String], visits: [String]) {
        let samples = try input.count("samples")
        let (patients, visits) = (try input.readText("patient_id"), try input.readText("visit_id"))
        try input.require(
            patients.count == samples && visits.count == samples, "the ids do not cover all samples")
        return (patients, visits)
    }

    private static func field(_ name: String, _ input: CheckedFile, samples: Int) throws -> FieldColumn {
        let group = "fields/\(name)"
        var offsets: [[Int]] = []
        var items = samples
        while input.file.contains("\(group)/offsets_\(offsets.count)") {
            let level = try input.readOffsets("\(group)/offsets_\(offsets.count)", items: items)
            items = level[items]
            offsets.append(level)
        }
        let (leaves, count) = try leaves(group, input)
        try input.require(count == items, "the values of field \(name) do not fit")
        return FieldColumn(
            name: name, offsets: offsets, leaves: leaves, times: try times(name, input, samples: samples))
    }

    private static func times(
        _ name: String, _ input: CheckedFile, samples: Int
    ) throws -> FieldColumn.Times? {
        let group = "fields/\(name)"
        guard input.file.contains("\(group)/time_offsets") else { return nil }
        let offsets = try input.readOffsets("\(group)/time_offsets", items: samples)
        let values = try input.read("\(group)/times", as: Double.self)
        try input.require(offsets[samples] == values.count, "the times of field \(name) do not fit")
        return FieldColumn.Times(offsets: offsets, values: values)
    }

    private static func leaves(
        _ group: String, _ input: CheckedFile
    ) throws -> (leaves: FieldColumn.Leaves, count: Int) {
        if input.file.contains("\(group)/symbols") {
            let symbols = try input.read("\(group)/symbols", as: UInt32.self)
            let dictionary = try input.readText("\(group)/dictionary")
            try input.require(
                symbols.allSatisfy { $0 < dictionary.count || $0 == EventTable.missingSymbol },
                "the symbols in \(group) exceed the dictionary")
            return (.symbols(symbols, dictionary: dictionary), symbols.count)
        }
        if input.file.contains("\(group)/numbers") {
            let numbers = try input.read("\(group)/numbers", as: Double.self)
            return (.numbers(numbers), numbers.count)
        }
        let integers = try input.read("\(group)/integers", as: Int64.self)
        return (.integers(integers), integers.count)
    }
}
