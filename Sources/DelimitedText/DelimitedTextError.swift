package import Groundwork

/// What can be wrong with a delimited text file. Cell content never appears.
package enum DelimitedTextError: PyHealthError, Equatable {
    /// A row has another number of fields than the header.
    case raggedRow(file: String, line: Int, expected: Int, got: Int)
    /// A quoted field does not end; the line is that on which it begins.
    case unclosedQuote(file: String, line: Int)
    /// A row is longer than the limit.
    case rowTooLong(file: String, line: Int, limit: Int)
    /// Compressed data ends early.
    case truncated(file: String, offset: Int)
    /// Compressed data is damaged.
    case corrupt(file: String, offset: Int, status: Int)
    /// Lines end with carriage returns alone.
    case carriageReturns(file: String)
    /// A pipe, a socket or a device stands where a file should be.
    case notAFile(file: String)
    /// A file is compressed although its name does not say so.
    case compressed(file: String)
    /// There is no header line.
    case noHeader(file: String)
    /// Neither the file nor its (un)compressed form exists.
    case missingFile(file: String)

    package var code: String {
        switch self {
        case .raggedRow: "data.ragged-row"
        case .unclosedQuote: "data.unclosed-quote"
        case .rowTooLong: "data.row-too-long"
        case .truncated: "data.truncated-gz"
        case .corrupt: "data.corrupt-gz"
        case .carriageReturns: "data.carriage-returns"
        case .compressed: "data.compressed"
        case .notAFile: "data.not-a-file"
        case .noHeader: "data.no-header"
        case .missingFile: "data.missing-file"
        }
    }

    package var exitStatus: ExitStatus { .data }

    package var message: String {
        switch self {
        case .raggedRow(let file, let line, let expected, let got):
            "\(file), line \(line): expected \(expected) fields as in the header, got \(got). Mend the row or its quotes."
        case .unclosedQuote(let file, let line):
            "\(file), line \(line): the quote that opens here is not closed, or one inside the field is not doubled. Mend "
                + "the quotes."
        case .rowTooLong(let file, let line, let limit):
            "\(file), line \(line): what begins here is longer than the largest row (\(limit) bytes); most often a quote was "
                + "not closed."
        case .truncated(let file, let offset):
            "\(file): the gzip data ends early, at byte \(offset). The file was not copied whole; copy it again."
        case .corrupt(let file, let offset, let status):
            "\(file): the gzip data is damaged near byte \(offset) (inflate status \(status)). Copy it again."
        case .notAFile(let file):
            "\(file) is a pipe or a device; expected a file, which can be read more than once."
        case .compressed(let file):
            "\(file) is not text but compressed. If it is gzip, let its name end with .gz; unpack any other archive."
        case .carriageReturns(let file):
            "\(file): lines end with carriage returns alone, as old spreadsheets write them; expected newlines. Convert the "
                + "file, for example with tr '\\r' '\\n'."
        case .noHeader(let file): "\(file) is empty; expected a header line with column names."
        case .missingFile(let file):
            "There is no file \"\(file)\", with or without \".gz\". Check the folder and its version."
        }
    }
}
