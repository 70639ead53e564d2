import Foundation

/// A block of whole rows with the positions of their fields; valid until the next block is read.
///
/// Public because the compiler inlines nothing less into the loops of other modules.
public struct RowBlock {
    /// The block's bytes; the first row begins at 0.
    @usableFromInline package let data: UnsafePointer<UInt8>
    /// Ends of the fields (delimiters and newlines outside quotes).
    @usableFromInline package let positions: UnsafePointer<UInt32>
    /// The first row's number in the source, 0-based, not counting the header.
    package let firstRow: Int
    /// The number of rows.
    package let count: Int
    /// Fields per row.
    @usableFromInline package let columns: Int

    /// A block that was laid out elsewhere as one of a text file is: every field ends before its position.
    package init(
        data: UnsafePointer<UInt8>, positions: UnsafePointer<UInt32>, firstRow: Int, count: Int, columns: Int
    ) {
        (self.data, self.positions) = (data, positions)
        (self.firstRow, self.count, self.columns) = (firstRow, count, columns)
    }

    /// The bytes of all rows.
    package var byteCount: Int { count == 0 ? 0 : Int(positions[count * columns - 1]) + 1 }

    /// The bytes of a field as they stand in the file, without surrounding quotes; `doubled` tells that it holds doubled
    /// quotes, which ``unescape(_:into:)`` removes.
    @inlinable @inline(__always)
    public func field(_ row: Int, _ column: Int) -> (bytes: UnsafeBufferPointer<UInt8>, doubled: Bool) {
        let index = row * columns + column
        let start = index == 0 ? 0 : Int(positions[index - 1]) + 1
        var end = Int(positions[index])
        if column == columns - 1, end > start, data[end - 1] == 0x0D { end -= 1 }
        guard end > start, data[start] == 0x22 else {
            return (UnsafeBufferPointer(start: data + start, count: end - start), false)
        }
        return unquoted(start + 1, end)
    }

    /// The inside of a quoted field that begins at `start`.
    @usableFromInline
    func unquoted(_ start: Int, _ quoteEnd: Int) -> (bytes: UnsafeBufferPointer<UInt8>, doubled: Bool) {
        var end = quoteEnd
        if end > start, data[end - 1] == 0x22 { end -= 1 }
        let doubled = end > start && memchr(data + start, 0x22, end - start) != nil
        return (UnsafeBufferPointer(start: data + start, count: end - start), doubled)
    }

    /// The bytes with every doubled quote made single.
    package static func unescape(_ bytes: UnsafeBufferPointer<UInt8>, into scratch: inout [UInt8]) {
        scratch.removeAll(keepingCapacity: true)
        var i = 0
        while i < bytes.count {
            scratch.append(bytes[i])
            i += bytes[i] == 0x22 && i + 1 < bytes.count && bytes[i + 1] == 0x22 ? 2 : 1
        }
    }
}
