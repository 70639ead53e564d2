/// A place in a byte buffer that text is written to; the owner of the buffer has made sure of enough room.
struct TextCursor {
    /// Where the next byte goes.
    var next: UnsafeMutablePointer<UInt8>

    /// `00`, `01`, … `99`.
    private static let pairs: [UInt8] = (0..<100).flatMap { (value: UInt8) -> [UInt8] in
        [0x30 + value / 10, 0x30 + value % 10]
    }

    @inline(__always)
    mutating func byte(_ value: UInt8) {
        next.pointee = value
        next += 1
    }

    /// Copies `count` bytes.
    @inline(__always)
    mutating func bytes(_ source: UnsafePointer<UInt8>, _ count: Int) {
        next.update(from: source, count: count)
        next += count
    }

    /// Copies a buffer.
    @inline(__always)
    mutating func bytes(_ source: UnsafeBufferPointer<UInt8>) {
        if let base = source.baseAddress { bytes(base, source.count) }
    }

    /// Copies an array.
    mutating func bytes(_ source: [UInt8]) {
        source.withUnsafeBufferPointer { bytes($0) }
    }

    /// A whole number; a minus sign before a negative one.
    @inline(__always)
    mutating func number(_ value: Int) {
        if value < 0 { byte(0x2D) }
        let size = value.magnitude
        var digits = 1
        var limit: UInt = 10
        while size >= limit, digits < 19 {
            digits += 1
            limit &*= 10
        }
        padded(size, digits)
    }

    /// The last `width` digits of a number, with zeros in front.
    @inline(__always)
    mutating func padded(_ value: UInt, _ width: Int) {
        Self.pairs.withUnsafeBufferPointer { pairs in
            var rest = value
            var place = width
            while place >= 2 {
                let (quotient, pair) = rest.quotientAndRemainder(dividingBy: 100)
                next[place - 1] = pairs[Int(pair) * 2 + 1]
                next[place - 2] = pairs[Int(pair) * 2]
                rest = quotient
                place -= 2
            }
            if place == 1 { next[0] = 0x30 + UInt8(truncatingIfNeeded: rest % 10) }
        }
        next += width
    }

    /// `YYYY-MM-DD` and, with `clock`, ` HH:MM:SS`; `second` counts from 1970-01-01T00:00:00.
    mutating func time(_ second: Int, clock: Bool = true) {
        let c = calendar(second)
        padded(UInt(c.year), 4)
        byte(0x2D)
        padded(UInt(c.month), 2)
        byte(0x2D)
        padded(UInt(c.day), 2)
        guard clock else { return }
        byte(0x20)
        timeOfDay(second)
    }

    /// `HH:MM:SS`.
    mutating func timeOfDay(_ second: Int) {
        let rest = UInt((second % 86_400 + 86_400) % 86_400)
        padded(rest / 3600, 2)
        byte(0x3A)
        padded(rest / 60 % 60, 2)
        byte(0x3A)
        padded(rest % 60, 2)
    }
}
