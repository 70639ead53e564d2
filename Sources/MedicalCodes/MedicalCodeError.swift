package import Groundwork

/// What is wrong with a file of medical codes. Codes never appear.
package enum MedicalCodeError: PyHealthError, Equatable {
    /// A map has no column for one of its two systems.
    case missingColumn(file: String, column: String)
    /// A row of a map lacks one of its two codes.
    case emptyCode(file: String, line: Int, column: String)
    /// A cell of a map is no UTF-8.
    case notUTF8(file: String, line: Int, column: String)
    /// A map has a header only.
    case noRows(file: String)

    package var code: String {
        switch self {
        case .missingColumn: "codes.missing-column"
        case .emptyCode: "codes.empty-code"
        case .notUTF8: "codes.not-utf8"
        case .noRows: "codes.no-rows"
        }
    }

    package var exitStatus: ExitStatus { .data }

    package var message: String {
        switch self {
        case .missingColumn(let file, let column):
            "\(file), line 1: there is no column \"\(column)\". "
                + "A code map has a column named like each of its two vocabularies."
        case .emptyCode(let file, let line, let column):
            "\(file), line \(line), column \"\(column)\": the cell is empty. Remove the row or fill it in."
        case .notUTF8(let file, let line, let column):
            "\(file), line \(line), column \"\(column)\": the cell is no UTF-8. Convert the file, for example with iconv."
        case .noRows(let file): "\(file) has a header but no rows. Give the map from one code to another."
        }
    }
}
