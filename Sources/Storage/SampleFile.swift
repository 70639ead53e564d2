package import ClinicalData
import Groundwork

/// Encoded samples in one HDF5 file: what models are trained on.
///
/// Layout: `/patient_id`, `/visit_id` texts, `/split` i32 (0 train, 1 val, 2 test); per field a group `/<field>` with
/// attributes `processor` and `shape`, `/<field>/offsets` i64 (samples + 1), for a second level `/<field>/offsets_1`, and
/// `/<field>/values` (i32, f32 or text). Root attributes `fields` (JSON list of names in order) and `samples`. Contiguous,
/// uncompressed, little-endian; every dataset has a `crc32c` attribute.
package enum SampleFile {
    static let format = "pyhealth-samples-1"

    /// Writes samples to a new file; throws `HDF5Error`.
    package static func write(
        columns: [EncodedColumn], patientIDs: [String], visitIDs: [String], split: [Int32], to path: String
    ) throws {
        let out = try CheckedFile.create(path, format: format)
        try out.setNames(columns.map(\.name), as: "fields")
        try out.file.setAttribute("samples", .integer(Int64(patientIDs.count)))
        try out.writeText(patientIDs, to: "patient_id")
        try out.writeText(visitIDs, to: "visit_id")
        try out.write(split, to: "split")
        for column in columns {
            for (level, offsets) in column.offsets.enumerated() {
                try out.write(offsets, to: "\(column.name)/\(offsetsName(level))")
            }
            let values = "\(column.name)/values"
            switch column.values {
            case .int32(let list): try out.write(list, shape: shape(column, list.count), to: values)
            case .float32(let list): try out.write(list, shape: shape(column, list.count), to: values)
            case .text(let list): try out.writeText(list, to: values)
            }
            try out.file.setAttribute("processor", .text(column.processor), of: column.name)
            let shape = column.shape.map(String.init).joined(separator: ",")
            try out.file.setAttribute("shape", .text(shape), of: column.name)
        }
        try out.file.close()
    }

    static func offsetsName(_ level: Int) -> String { level == 0 ? "offsets" : "offsets_\(level)" }

    private static func shape(_ column: EncodedColumn, _ count: Int) -> [Int] {
        let width = column.shape.reduce(1, *)
        return column.shape.isEmpty || width == 0 ? [count] : [count / width] + column.shape
    }
}
