/// Reads little-endian values from memory, never beyond its end.
///
/// Eight bytes behind the end must be readable (see ``PaddedBuffer``): packed bits are loaded in words.
struct ByteReader {
    /// The first byte.
    let base: UnsafePointer<UInt8>
    /// The number of bytes.
    let count: Int
    /// The next byte to be read.
    private(set) var position = 0

    init(_ base: UnsafePointer<UInt8>, count: Int) {
        self.base = base
        self.count = count
    }

    /// Bytes not read yet.
    var left: Int { count - position }

    mutating func byte() throws -> UInt8 {
        guard position < count else { throw Fault.ended }
        defer { position += 1 }
        return base[position]
    }

    /// Goes over `length` bytes and returns where they begin.
    mutating func take(_ length: Int) throws -> UnsafePointer<UInt8> {
        guard length >= 0 else { throw Fault.damaged("a length is negative") }
        guard length <= left else { throw Fault.ended }
        defer { position += length }
        return base + position
    }

    /// A reader of the next `length` bytes.
    mutating func part(_ length: Int) throws -> ByteReader { ByteReader(try take(length), count: length) }

    /// Four bytes as an unsigned number.
    mutating func word32() throws -> UInt32 {
        UInt32(littleEndian: UnsafeRawPointer(try take(4)).loadUnaligned(as: UInt32.self))
    }

    /// An unsigned number of seven bits per byte, at most ten bytes.
    mutating func varint() throws -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: 0, to: 70, by: 7) {
            let next = try byte()
            if shift == 63, next > 1 { break }
            value |= UInt64(next & 0x7F) << UInt64(shift)
            if next < 0x80 { return value }
        }
        throw Fault.damaged("a number is longer than 64 bits")
    }

    /// A number whose sign is its lowest bit.
    mutating func zigzag() throws -> Int64 {
        let value = try varint()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// A non-negative number of at most `limit`.
    mutating func length(limit: Int) throws -> Int {
        let value = try varint()
        guard value <= UInt64(limit) else {
            throw Fault.damaged("a length is larger than what it is part of")
        }
        return Int(value)
    }
}

/// Memory with eight readable bytes behind its end.
final class PaddedBuffer {
    /// The first byte.
    private(set) var base: UnsafeMutablePointer<UInt8>
    /// Bytes that may be used.
    private(set) var capacity: Int
    private static let padding = 8

    init(_ capacity: Int = 0) {
        self.capacity = capacity
        base = .allocate(capacity: capacity + Self.padding)
        (base + capacity).initialize(repeating: 0, count: Self.padding)
    }

    deinit { base.deallocate() }

    /// Makes room for `count` bytes; what was in the buffer is lost if it grows.
    func reserve(_ count: Int) {
        guard count > capacity else { return }
        base.deallocate()
        capacity = count
        base = .allocate(capacity: count + Self.padding)
        (base + count).initialize(repeating: 0, count: Self.padding)
    }
}
