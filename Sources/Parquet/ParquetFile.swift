import Foundation
import Groundwork

/// A Parquet file opened for reading: its columns and row groups. The format's subset is in `docs/parquet.md`.
package final class ParquetFile: Sendable {
    /// The file's path.
    package let path: String
    /// The columns in the file's order; nested ones are among them, but cannot be read.
    package let columns: [ParquetColumn]
    /// The row groups in order.
    package let rowGroups: [RowGroup]
    /// The columns' names in lower case, as of a text file's header.
    package let header: [String]
    private let descriptor: Int32

    /// Rows that lie together and can be read alone.
    package struct RowGroup: Sendable, Equatable {
        /// The first row's number in the file, 0-based.
        package let firstRow: Int
        /// The number of rows.
        package let rowCount: Int
        /// Bytes of all columns in the file.
        package let byteCount: Int
        /// The columns' bytes, by leaf.
        let chunks: [Chunk]
    }

    /// Where the values of a column in a row group lie.
    struct Chunk: Sendable, Equatable {
        let range: Range<Int>
        let type: Int32
        let codec: Int32
        /// Why it cannot be read.
        let refusal: String?
    }

    /// The number of rows of all row groups.
    package var rowCount: Int { rowGroups.last.map { $0.firstRow + $0.rowCount } ?? 0 }

    /// Whether a path names a Parquet file.
    package static func isParquet(_ path: String) -> Bool { path.lowercased().hasSuffix(".parquet") }

    /// Opens the file at `path` and reads its footer; throws ``ParquetError``, `FileError`.
    package init(path: String) throws {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError("open", path: path, errorNumber: errno) }
        do {
            var info = stat()
            guard fstat(descriptor, &info) == 0 else {
                throw FileError("stat", path: path, errorNumber: errno)
            }
            let footer = try Footer(path: path, descriptor: descriptor, size: Int(info.st_size))
            columns = footer.columns
            rowGroups = footer.rowGroups
            header = columns.map { $0.name.lowercased() }
        } catch {
            close(descriptor)
            if let fault = error as? Fault { throw fault.error(file: path, place: "footer") }
            throw error
        }
    }

    deinit { close(descriptor) }

    /// A reader of the columns at positions `columns` of the row groups `groups` (all by default), block after block.
    ///
    /// Throws ``ParquetError`` naming the column if one of them cannot be read.
    package func rows(ofGroups groups: Range<Int>? = nil, columns chosen: [Int]) throws -> ParquetRowReader {
        try ParquetRowReader(self, groups: groups ?? 0..<rowGroups.count, columns: chosen)
    }

    /// Fills `buffer` with the bytes from `offset` on; fewer only at the file's end.
    func read(_ buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws -> Int {
        try readBytes(descriptor, path, buffer, at: offset)
    }

    /// A column's name for messages: without control characters, cut to a readable length.
    static func shown(_ name: String) -> String {
        "column \"" + String(name.prefix(80).map { $0.isASCII && ($0.asciiValue ?? 0) < 32 ? "?" : $0 })
            + "\""
    }
}

/// Reads until `buffer` is full or the file ends; returns how many bytes there were.
func readBytes(
    _ descriptor: Int32, _ path: String, _ buffer: UnsafeMutableRawBufferPointer, at offset: Int
) throws -> Int {
    var filled = 0
    while filled < buffer.count, let base = buffer.baseAddress {
        let count = pread(descriptor, base + filled, buffer.count - filled, off_t(offset + filled))
        if count == 0 { break }
        if count > 0 {
            filled += count
        } else if errno != EINTR {
            throw FileError("read", path: path, errorNumber: errno)
        }
    }
    return filled
}
