import DelimitedText
import Foundation

/// Lays texts out as a block of a text file would: fields with a delimiter behind each.
///
/// Only texts that such a block would show otherwise (a quote in front, a carriage return at the end of a row) are quoted.
final class BlockWriter {
    private let columns: Int
    private var buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: 1 << 16)
    private var capacity = 1 << 16
    private let positions: UnsafeMutablePointer<UInt32>
    private var fields = 0
    /// Bytes of the block so far.
    private(set) var byteCount = 0
    /// Bytes at which a block is full.
    private static let blockBytes = 1 << 20
    private static let blockRows = 1 << 12

    /// A writer of blocks with so many fields per row.
    init(columns: Int) {
        self.columns = columns
        positions = .allocate(capacity: Self.blockRows * max(columns, 1))
    }

    deinit {
        buffer.deallocate()
        positions.deallocate()
    }

    /// Whether no further row should be added.
    var isFull: Bool { byteCount >= Self.blockBytes || fields >= Self.blockRows * max(columns, 1) }

    /// Begins a new block; the one before is no longer valid.
    func begin() { (byteCount, fields) = (0, 0) }

    /// The rows since ``begin()``, the first of which has this number; valid until then.
    func block(firstRow: Int) -> RowBlock {
        RowBlock(
            data: UnsafePointer(buffer), positions: UnsafePointer(positions), firstRow: firstRow,
            count: columns == 0 ? 0 : fields / columns, columns: columns)
    }

    /// Adds an empty field.
    @inline(__always)
    func appendEmpty() {
        reserve(1)
        end()
    }

    /// Adds a field; `isLast` tells that it ends its row.
    @inline(__always)
    func append(_ text: UnsafeBufferPointer<UInt8>, isLast: Bool) {
        reserve(text.count * 2 + 3)
        if let source = text.baseAddress, text.count > 0 {
            if source[0] == 0x22 || isLast && source[text.count - 1] == 0x0D {
                appendQuoted(text)
            } else {
                memcpy(buffer + byteCount, source, text.count)
                byteCount += text.count
            }
        }
        end()
    }

    private func appendQuoted(_ text: UnsafeBufferPointer<UInt8>) {
        put(0x22)
        for byte in text {
            put(byte)
            if byte == 0x22 { put(byte) }
        }
        put(0x22)
    }

    @inline(__always)
    private func put(_ byte: UInt8) {
        buffer[byteCount] = byte
        byteCount += 1
    }

    /// Ends a field.
    @inline(__always)
    private func end() {
        positions[fields] = UInt32(byteCount)
        fields += 1
        put(0x2C)
    }

    /// Makes room for `count` more bytes.
    @inline(__always)
    private func reserve(_ count: Int) {
        if capacity - byteCount < count { grow(count) }
    }

    private func grow(_ count: Int) {
        capacity = max(capacity * 2, byteCount + count)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        memcpy(larger, buffer, byteCount)
        buffer.deallocate()
        buffer = larger
    }
}
