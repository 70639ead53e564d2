/// Some rows of a file; valid until the next block is read or the reader goes.
package struct ParquetBlock {
    /// The first row's number in the file, 0-based.
    package let firstRow: Int
    /// The number of rows.
    package let count: Int
    /// Per column of the file its values; nil for those not chosen.
    let fields: UnsafePointer<UnsafeMutablePointer<FieldBytes>?>

    /// The text of a value; `column` counts all columns of the file and must be among those chosen. A missing value has
    /// no bytes and no base address.
    @inlinable
    package func field(_ row: Int, _ column: Int) -> FieldBytes {
        guard let values = fields[column] else { preconditionFailure("column \(column) was not chosen") }
        return values[row]
    }

    /// Whether a value is missing (NULL).
    package func isMissing(_ row: Int, _ column: Int) -> Bool { field(row, column).baseAddress == nil }
}

/// Reads chosen columns of some row groups block after block, holding one page and one dictionary per column.
///
/// A block ends where a page of any column does, so that texts are handed out without being copied.
package final class ParquetRowReader {
    /// The file as shown in errors.
    package var file: String { source.path }
    /// The names of all columns of the file in lower case.
    package var header: [String] { source.header }
    /// Bytes of the chosen columns read so far.
    package var bytesRead: Int { bytesDone + zip(readers, starts).reduce(0) { $0 + $1.0.offset - $1.1 } }

    private let source: ParquetFile
    private let columns: [Int]
    private var groups: Range<Int>
    private let decompressor = Decompressor()
    private var readers: [ColumnReader] = []
    private var starts: [Int] = []
    private var bytesDone = 0
    private var group = 0
    private var rowsLeft = 0
    private var nextRow = 0
    private let values: UnsafeMutablePointer<FieldBytes>
    private let fields: UnsafeMutablePointer<UnsafeMutablePointer<FieldBytes>?>

    init(_ source: ParquetFile, groups: Range<Int>, columns chosen: [Int]) throws {
        precondition(
            groups.lowerBound >= 0 && groups.upperBound <= source.rowGroups.count, "no such row group")
        self.source = source
        self.groups = groups
        columns = Set(chosen).sorted()
        values = .allocate(capacity: max(columns.count * Limits.blockRows, 1))
        fields = .allocate(capacity: max(source.columns.count, 1))
        fields.initialize(repeating: nil, count: source.columns.count)
        for (slot, column) in columns.enumerated() { fields[column] = values + slot * Limits.blockRows }
        try checkColumns()
    }

    deinit {
        values.deallocate()
        fields.deallocate()
    }

    /// The next block, nil at the end. Throws ``ParquetError``, `FileError`.
    package func next() throws -> ParquetBlock? {
        while rowsLeft == 0 {
            guard let next = groups.first else { return nil }
            groups.removeFirst()
            try begin(next)
        }
        var count = min(rowsLeft, Limits.blockRows)
        for (reader, column) in zip(readers, columns) {
            try naming(column, reader) { try reader.prepare() }
            count = min(count, reader.pageRows)
        }
        for (reader, column) in zip(readers, columns) {
            guard let output = fields[column] else { continue }
            try naming(column, reader) { try reader.read(count, into: output) }
        }
        defer {
            nextRow += count
            rowsLeft -= count
        }
        return ParquetBlock(firstRow: nextRow, count: count, fields: UnsafePointer(fields))
    }

    /// The number (1-based) of a row of the last block, for errors.
    package func line(of row: Int, in block: ParquetBlock) -> Int { block.firstRow + row + 1 }

    /// Refuses columns that cannot be read before any work is done.
    private func checkColumns() throws {
        for column in columns {
            if case .unsupported(let feature) = source.columns[column].kind {
                throw Fault.unsupported(feature).error(
                    file: file, place: ParquetFile.shown(source.columns[column].name))
            }
            for number in groups {
                group = number
                try naming(column, nil) {
                    let chunk = source.rowGroups[number].chunks[source.columns[column].leaf]
                    if let refusal = chunk.refusal { throw Fault.unsupported(refusal) }
                    _ = try Codec(number: chunk.codec)
                }
            }
        }
    }

    private func begin(_ number: Int) throws {
        bytesDone = bytesRead
        group = number
        let stored = source.rowGroups[number]
        readers = []
        starts = []
        for column in columns {
            let description = source.columns[column]
            let chunk = stored.chunks[description.leaf]
            try naming(column, nil) {
                readers.append(
                    try ColumnReader(description, chunk, rows: stored.rowCount, source, decompressor))
            }
            starts.append(chunk.range.lowerBound)
        }
        rowsLeft = stored.rowCount
        nextRow = stored.firstRow
    }

    /// Runs `body`; a fault in it becomes an error that names row group, column and page.
    private func naming(_ column: Int, _ reader: ColumnReader?, _ body: () throws -> Void) throws {
        do { try body() } catch let fault as Fault {
            let page = reader.map { ", page at byte \($0.pageOffset)" } ?? ""
            throw fault.error(
                file: file,
                place: "row group \(group), \(ParquetFile.shown(source.columns[column].name))\(page)")
        }
    }
}
