import Groundwork

/// How a data set without times counts offsets: a file of stays tells when each began.
package struct OffsetTimes: Sendable, Equatable {
    /// The file of stays, relative to the root.
    package var filePath: String
    /// The stay's id, also a column of every table with an offset.
    package var stay: String
    /// The patient's column.
    package var patient: String
    /// The column of the hospital admission to which stays belong.
    package var admission: String
    /// The calendar year of the admission.
    package var year: String
    /// Minutes from the stay's beginning to that of its admission, not above 0.
    package var begin: String
    /// Minutes from the stay's beginning to the end of its admission.
    package var end: String

    /// All columns that are read.
    var columns: [String] { [stay, patient, admission, year, begin, end] }

    init(_ node: ConfigurationNode) throws {
        try node.allow(["file_path", "stay", "patient", "admission", "year", "begin", "end"])
        func column(_ key: String) throws -> String { try node.required(key).string().lowercased() }
        filePath = try node.required("file_path").string()
        (stay, patient, admission) = (try column("stay"), try column("patient"), try column("admission"))
        (year, begin, end) = (try column("year"), try column("begin"), try column("end"))
    }
}
