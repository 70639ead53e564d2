import DelimitedText
import Foundation
import Parquet

/// Reads Parquet files one after the other as blocks of text rows, as if the table were one CSV file.
///
/// A block is laid out as one of a text file: fields with a delimiter behind each; only texts that such a block would show
/// otherwise (a quote in front, a carriage return at the end of a row) are quoted.
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
    private var buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: 1 << 16)
    private var capacity = 1 << 16
    private var positions: UnsafeMutablePointer<UInt32>
    private var filled = 0
    /// Bytes at which a block is full.
    private static let blockBytes = 1 << 20
    private static let blockRows = 1 << 12

    /// A reader of the columns named `columns` in the files at `paths`; with `groups` only of these row groups of the one file.
    ///
    /// Throws `ParquetError`, `FileError`.
    init(_ paths: [String], groups: Range<Int>? = nil, columns names: [String]) throws {
        files = paths[...]
        self.groups = groups
        header = try paths.first.map { try ParquetFile(path: $0).header } ?? []
        columns = Set(names.compactMap(header.firstIndex(of:))).sorted()
        positions = .allocate(capacity: Self.blockRows * max(header.count, 1))
        try beginFile()
    }

    deinit {
        buffer.deallocate()
        positions.deallocate()
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
        filled = 0
        let first = nextRow
        var field = 0
        while nextRow < block.count, nextRow - first < Self.blockRows, filled < Self.blockBytes {
            let start = filled
            var chosen = columns.makeIterator()
            var following = chosen.next()
            for column in header.indices {
                if column == following {
                    append(block.field(nextRow, column), isLast: column == header.count - 1)
                    following = chosen.next()
                } else {
                    reserve(1)
                }
                guard filled - start <= RowReader.rowLimit else {
                    throw DelimitedTextError.rowTooLong(
                        file: file, line: block.firstRow + nextRow + 1, limit: RowReader.rowLimit)
                }
                positions[field] = UInt32(filled)
                buffer[filled] = 0x2C
                filled += 1
                field += 1
            }
            nextRow += 1
        }
        return RowBlock(
            data: UnsafePointer(buffer), positions: UnsafePointer(positions),
            firstRow: rowsBefore + block.firstRow + first, count: nextRow - first,
            columns: header.count)
    }

    @inline(__always)
    private func append(_ text: FieldBytes, isLast: Bool) {
        reserve(text.count * 2 + 3)
        guard let source = text.baseAddress, text.count > 0 else { return }
        let target = buffer
        guard source[0] == 0x22 || isLast && source[text.count - 1] == 0x0D else {
            memcpy(target + filled, source, text.count)
            filled += text.count
            return
        }
        target[filled] = 0x22
        filled += 1
        for byte in text {
            target[filled] = byte
            filled += 1
            if byte == 0x22 {
                target[filled] = byte
                filled += 1
            }
        }
        target[filled] = 0x22
        filled += 1
    }

    /// Makes room for `count` more bytes.
    @inline(__always)
    private func reserve(_ count: Int) {
        if capacity - filled < count { grow(count) }
    }

    private func grow(_ count: Int) {
        capacity = max(capacity * 2, filled + count)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        memcpy(larger, buffer, filled)
        buffer.deallocate()
        buffer = larger
    }
}
