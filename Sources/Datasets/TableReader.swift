import DelimitedText

/// Reads a table block after block, whatever its files are.
protocol TableReader: AnyObject {
    /// The names of all columns in lower case.
    var header: [String] { get }
    /// Bytes of files read so far.
    var bytesRead: Int { get }
    /// The next block, nil at the end; columns that were not asked for may be empty.
    func next() throws -> RowBlock?
    /// The line or row (1-based) of its file at which a row of the last block stands, for errors.
    func line(of row: Int, in block: RowBlock) -> Int
    /// The error to show for one that rows of this table caused.
    func rootCause(of error: any Error) -> any Error
}

extension RowReader: TableReader {}
