package import Groundwork

/// What can be wrong with a data set. Cell content never appears.
package enum DatasetError: PyHealthError, Equatable {
    /// A table's file is not there.
    case missingTable(table: String, file: String)
    /// A column that is needed is not in the header.
    case missingColumn(table: String, column: String, file: String, columns: Int, suggestion: String)
    /// A time cannot be read.
    case unparsableTime(table: String, file: String, line: Int, columns: [String], format: String)
    /// A patient id is empty.
    case missingPatientID(table: String, file: String, line: Int, column: String)
    /// The files of one table have other columns than its first file.
    case differentColumns(file: String, first: String)
    /// A shuffle file is damaged.
    case damagedShuffle(file: String, reason: String)

    package var code: String {
        switch self {
        case .missingTable: "data.missing-table"
        case .missingColumn: "data.missing-column"
        case .unparsableTime: "data.unparsable-time"
        case .missingPatientID: "data.missing-patient-id"
        case .differentColumns: "data.different-columns"
        case .damagedShuffle: "data.damaged-shuffle"
        }
    }

    package var exitStatus: ExitStatus {
        if case .damagedShuffle = self { .io } else { .data }
    }

    package var message: String {
        switch self {
        case .missingTable(let table, let file):
            "Table \"\(table)\" of the data set has no file: expected \"\(file)\", with or without \".gz\". Check the data "
                + "set's folder (dataset.root) and version."
        case .missingColumn(let table, let column, let file, let columns, let suggestion):
            "Table \"\(table)\" has no column \"\(column)\" (\(file), \(columns) columns).\(suggestion) "
                + "Check the data set's version."
        case .unparsableTime(let table, let file, let line, let columns, let format):
            "Table \"\(table)\", \(file), line \(line): the time in column \(columns.joined(separator: " + ")) cannot be "
                + "read; expected \(format)."
        case .missingPatientID(let table, let file, let line, let column):
            "Table \"\(table)\", \(file), line \(line): column \"\(column)\" (the patient id) is empty."
        case .differentColumns(let file, let first):
            "\(file) has other columns, or in another order, than \(first), which is a file of the same table. Remove what "
                + "does not belong to the table, or write it again."
        case .damagedShuffle(let file, let reason):
            "The intermediate file \(file) is damaged: \(reason). Remove the stage's folder and run again."
        }
    }
}
