import DelimitedText
import Foundation
import Parquet

/// Reads Parquet files one after the other as blocks of text rows, as if the table were one CSV file.
///
/// A ``BlockWriter`` lays out the blocks.
final class ParquetTable: TableReader {
    let header: [String]
    private var files: ArraySlice<String>
    private let groups: Range<Int>?
    private let columns: [Int]
    private var file = ""
    private var reader: ParquetRowReader?
    private var block: ParquetBlock?
    /// The next row of `block`.
    private var nextRow = 0
    /// Rows of the files before this one, and bytes.
    private var rowsBefore = 0
    private var bytesBefore = 0
    private var rowsOfFile = 0
    private let writer: BlockWriter

    /// A reader of the columns named `columns` in the files at `paths`; with `groups` only of these row groups of the one file.
    ///
    /// Throws `ParquetError`, `FileError`.
    init(_ paths: [String], groups: Range<Int>? = nil, columns names: [String]) throws {
        files = paths[...]
        self.groups = groups
        header = try paths.first.map { try ParquetFile(path: $0).header } ?? []
        columns = Set(names.compactMap(header.firstIndex(of:))).sorted()
        writer = BlockWriter(columns: header.count)
        try beginFile()
    }

    var bytesRead: Int { bytesBefore + (reader?.bytesRead ?? 0) }

    func line(of row: Int, in block: RowBlock) -> Int { block.firstRow + row - rowsBefore + 1 }

    func rootCause(of error: any Error) -> any Error { error }

    func next() throws -> RowBlock? {
        while true {
            if let block, nextRow < block.count { return try pack(block) }
            block = try reader?.next()
            nextRow = 0
            if block == nil, try !beginFile() { return nil }
        }
    }

    /// Goes on to the next file; false if there is none.
    @discardableResult
    private func beginFile() throws -> Bool {
        bytesBefore = bytesRead
        rowsBefore += rowsOfFile
        (rowsOfFile, reader) = (0, nil)
        guard let path = files.popFirst() else { return false }
        let opened = try ParquetFile(path: path)
        guard opened.header == header else {
            throw DatasetError.differentColumns(file: path, first: file)
        }
        file = path
        rowsOfFile = opened.rowCount
        reader = try opened.rows(ofGroups: groups, columns: columns)
        return true
    }

    /// As many of the block's rows as fit.
    private func pack(_ block: ParquetBlock) throws -> RowBlock {
        writer.begin()
        let first = nextRow
        while nextRow < block.count, !writer.isFull {
            let start = writer.byteCount
            var chosen = columns.makeIterator()
            var following = chosen.next()
            for column in header.indices {
                if column == following {
                    writer.append(block.field(nextRow, column), isLast: column == header.count - 1)
                    following = chosen.next()
                } else {
                    writer.appendEmpty()
                }
                guard writer.byteCount - start <= RowReader.rowLimit else {
                    throw DelimitedTextError.rowTooLong(
                        file: file, line: block.firstRow + nextRow + 1, limit: RowReader.rowLimit)
                }
            }
            nextRow += 1
        }
        return writer.block(firstRow: rowsBefore + block.firstRow + first)
    }
}
