package import Groundwork

/// What can be wrong with a data set. Cell content never appears.
package indirect enum DatasetError: PyHealthError, Equatable {
    /// A table's file is not there.
    case missingTable(table: String, file: String)
    /// A column that is needed is not in the header.
    case missingColumn(table: String, column: String, file: String, columns: Int, similar: Int?)
    /// A column that is needed stands twice in the header.
    case duplicateColumn(table: String, column: String, file: String)
    /// A folder without Parquet files stands where a table's file should be.
    case tableIsFolder(table: String, file: String)
    /// The problem comes of the folder holding another built-in data set.
    case otherDataset(problem: DatasetError, likely: String)
    /// The problem comes of the folder being a part of the data set's.
    case innerFolder(problem: DatasetError)
    /// A text is no UTF-8.
    case notUTF8(file: String, line: Int, column: String)
    /// A time cannot be read; parts of it come from the row of `joined` that the line joins.
    case unparsableTime(
        table: String, file: String, line: Int, joined: String? = nil, columns: [String], format: String)
    /// A time of a Parquet file is none, or one with a zone.
    case zonedTime(table: String, file: String, column: String)
    /// A patient id is empty, in the row of `joined` that the line joins.
    case missingPatientID(table: String, file: String, line: Int, joined: String? = nil, column: String)
    /// The files of one table have other columns than its first file.
    case differentColumns(file: String, first: String)
    /// A file of a table has another type in a column than the first one.
    case differentTypes(file: String, first: String, column: String)
    /// A text holds a zero byte.
    case zeroByte(file: String, line: Int, column: String)
    /// A file of records has something else where a record, its end or its partner in another file should be.
    case badRecord(file: String, line: Int, reason: String)
    /// A shuffle file is damaged.
    case damagedShuffle(file: String, reason: String)

    package var code: String {
        switch self {
        case .missingTable: "data.missing-table"
        case .missingColumn: "data.missing-column"
        case .duplicateColumn: "data.duplicate-column"
        case .tableIsFolder: "data.table-is-folder"
        case .otherDataset(let problem, _), .innerFolder(let problem): problem.code
        case .notUTF8: "data.not-utf8"
        case .unparsableTime: "data.unparsable-time"
        case .zonedTime: "data.zoned-time"
        case .missingPatientID: "data.missing-patient-id"
        case .differentColumns: "data.different-columns"
        case .differentTypes: "data.different-types"
        case .zeroByte: "data.zero-byte"
        case .badRecord: "data.bad-record"
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
        case .missingColumn(let table, let column, let file, let columns, let similar):
            // Without a header line these would be cells: the file's own names are not shown.
            "Table \"\(table)\" has no column \"\(column)\" (\(file), \(columns) columns)."
                + (similar.map { " Column \($0 + 1) has a similar name." } ?? "")
                + " Check the data set's version, and that the file begins with a header line."
        case .duplicateColumn(let table, let column, let file):
            "Table \"\(table)\" has column \"\(column)\" more than once (\(file); capitals do not count). Rename the one that is "
                + "not meant."
        case .tableIsFolder(let table, let file):
            "Table \"\(table)\" of the data set: \"\(file)\" is a folder without Parquet files; expected a file. Check how the "
                + "data set was unpacked."
        case .otherDataset(let problem, let likely):
            "\(problem.message) The folder looks like data set \"\(likely)\" (dataset.name)."
        case .innerFolder(let problem):
            "\(problem.message) The folder above it has the data set's tables: give that one (dataset.root)."
        case .notUTF8(let file, let line, let column):
            "\(file), line \(line), column \"\(column)\": the text is not UTF-8. "
                + (file.hasSuffix(".parquet")
                    ? "Write the file again with the column as UTF-8 text."
                    : "Convert the file, for example with iconv -f LATIN1 -t UTF-8.")
        case .unparsableTime(let table, let file, let line, let joined, let columns, let format):
            "Table \"\(table)\", \(Self.place(file, line, joined)): the time in column \(columns.joined(separator: " + ")) cannot be "
                + "read; expected \(format)."
        case .zonedTime(let table, let file, let column):
            "Table \"\(table)\", \(file): column \"\(column)\" is not a timestamp without a time zone, as the data set wants. "
                + "Write the file again with such a column (Arrow: timestamp without a zone)."
        case .missingPatientID(let table, let file, let line, let joined, let column):
            "Table \"\(table)\", \(Self.place(file, line, joined)): column \"\(column)\" (the patient id) is empty."
        case .differentColumns(let file, let first):
            "\(file) has other columns, or in another order, than \(first), which is a file of the same table. Remove what "
                + "does not belong to the table, or write it again."
        case .differentTypes(let file, let first, let column):
            "\(file): column \"\(column)\" has another type than in \(first), a file of the same table, so that equal values "
                + "would be different texts. Write the files with one type (pandas makes floats of whole numbers with gaps)."
        case .zeroByte(let file, let line, let column):
            "\(file), line \(line), column \"\(column)\": the text holds a zero byte. Remove it."
        case .badRecord(let file, let line, let reason):
            "\(file), line \(line): \(reason). Mend the file, or copy it again."
        case .damagedShuffle(let file, let reason):
            "The intermediate file \(file) is damaged: \(reason). Remove the stage's folder and run again."
        }
    }

    /// A line of a table's file, and the file whose row it joins.
    private static func place(_ file: String, _ line: Int, _ joined: String?) -> String {
        "\(file), line \(line)" + (joined.map { ", with the row of \($0) that it joins" } ?? "")
    }
}
