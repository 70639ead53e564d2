import Groundwork

/// How a table is read from a file as its publisher gives it: which of its rows, and which column under which name.
package struct RawForm: Sendable, Equatable {
    /// Names that the file may have, relative to the root, each with or without `.gz`; the first that is there is read.
    package var files: [String]
    /// The table's columns, and the names that each may have in the file in lower case; the first that is there is read.
    package var columns: [Column]
    /// Rows that count; nil for all.
    package var only: DatasetDefinition.Join.Only?
    /// How many characters of the patient's column are the id; nil for all.
    package var patientLength: Int?
    /// Whether only the first row of a patient counts.
    package var isOneRowPerPatient: Bool
    /// Cells that are empty, besides ``emptyTexts``.
    package var nulls: [String]

    /// One column of the table.
    package struct Column: Sendable, Equatable {
        /// Its name.
        package var name: String
        /// The names that it may have in the file.
        package var candidates: [String]
    }

    /// Texts that stand for an empty cell in a raw file, as the reference's reader (pandas) has them.
    static let emptyTexts = [
        "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A",
        "NA", "NULL",
        "NaN", "None", "n/a", "nan", "null",
    ]

    init(_ node: ConfigurationNode) throws {
        try node.allow(["file_path", "columns", "only", "patient_length", "one_row_per_patient", "nulls"])
        files = try node.required("file_path").strings()
        let columns = try node.required("columns")
        self.columns = try columns.keys.map { name in
            let names = try columns.required(name).strings().map { $0.lowercased() }
            return Column(name: name.lowercased(), candidates: names)
        }
        only = try node.child("only").map { only in
            try only.allow(["column", "value"])
            return .init(
                column: try only.required("column").string().lowercased(),
                value: try only.required("value").string())
        }
        patientLength = try node.child("patient_length")?.int(in: 1...1_000_000)
        isOneRowPerPatient = try node.child("one_row_per_patient")?.bool() ?? false
        nulls = try node.child("nulls")?.strings() ?? []
    }
}
