/// How a column's values become text: as a CSV file of the same data has them, written by Python's `str`.
enum TextForm {
    /// The bytes themselves.
    case raw
    case boolean, signed, unsigned32, unsigned64, float32, float64, date
    case time(ParquetColumn.TimeUnit)
    case timestamp(ParquetColumn.TimeUnit)
    case decimal(scale: Int)
    case float16, timestamp96, uuid

    /// The most bytes that a formatted value takes.
    static let width = 64

    init(_ kind: ParquetColumn.Kind) {
        self =
            switch kind {
            case .boolean: .boolean
            case .integer(let bits, let isSigned): isSigned ? .signed : bits == 64 ? .unsigned64 : .unsigned32
            case .float(let bits): bits == 16 ? .float16 : bits == 32 ? .float32 : .float64
            case .date: .date
            case .time(let unit): .time(unit)
            case .timestamp(let unit, _): .timestamp(unit)
            case .timestamp96: .timestamp96
            case .decimal(_, let scale): .decimal(scale: scale)
            case .uuid: .uuid
            case .text, .bytes, .unsupported: .raw
            case .nothing: .signed
            }
    }

    /// Whether values are handed out as they are stored.
    var isRaw: Bool { if case .raw = self { true } else { false } }

    /// Writes a value of at most eight bytes: an integer's sign-extended or a float's bits.
    func write(_ word: UInt64, _ writer: inout TextWriter) {
        let value = Int64(bitPattern: word)
        switch self {
        case .boolean: writer.text(word != 0 ? "True" : "False")
        case .unsigned32: writer.number(word & 0xFFFF_FFFF)
        case .unsigned64: writer.number(word)
        case .float32: writer.float(Float(bitPattern: UInt32(truncatingIfNeeded: word)).description)
        case .float64: writer.float(Double(bitPattern: word).description)
        case .date: writer.date(days: value)
        case .time(let unit): writer.time(value, perSecond: unit.perSecond)
        case .timestamp(let unit): writer.timestamp(value, perSecond: unit.perSecond)
        case .decimal(let scale): writer.decimal(Int128(value), scale: scale)
        case .raw, .signed, .float16, .timestamp96, .uuid: writer.signed(value)
        }
    }

    /// Writes a value of other lengths.
    func write(_ bytes: FieldBytes, _ writer: inout TextWriter) throws {
        switch self {
        case .decimal(let scale): writer.decimal(try Self.unscaled(bytes), scale: scale)
        case .float16:
            let bits = UInt16(bytes[0]) | UInt16(bytes[1]) << 8
            writer.float(Self.float(half: bits).description)
        case .timestamp96: writeTimestamp96(bytes, &writer)
        case .uuid:
            for (i, byte) in bytes.enumerated() {
                if [4, 6, 8, 10].contains(i) { writer.byte(0x2D) }
                writer.hex(byte)
            }
        default: break
        }
    }

    /// Nanoseconds of the day (8 bytes), Julian day (4 bytes).
    private func writeTimestamp96(_ bytes: FieldBytes, _ writer: inout TextWriter) {
        guard bytes.count == 12, let base = bytes.baseAddress else { return }
        let raw = UnsafeRawPointer(base)
        let nanoseconds = Int64(littleEndian: raw.loadUnaligned(as: Int64.self))
        let day = Int64(Int32(littleEndian: raw.loadUnaligned(fromByteOffset: 8, as: Int32.self))) - 2_440_588
        let perDay: Int64 = 86_400_000_000_000
        let (days, rest) = floorDivide(nanoseconds, perDay)
        writer.date(days: day + days)
        writer.byte(0x20)
        writer.time(rest, perSecond: 1_000_000_000)
    }

    /// A big-endian number with a sign.
    private static func unscaled(_ bytes: FieldBytes) throws -> Int128 {
        let isNegative = (bytes.first ?? 0) >= 0x80
        guard bytes.count <= 16 else { throw Fault.unsupported("a decimal of more than 16 bytes") }
        var value: Int128 = isNegative ? -1 : 0
        for byte in bytes { value = value << 8 | Int128(byte) }
        return value
    }

    /// A 16-bit float (IEEE 754 binary16).
    private static func float(half bits: UInt16) -> Float {
        let sign: Float = bits & 0x8000 == 0 ? 1 : -1
        let (exponent, fraction) = (Int(bits >> 10 & 31), Float(bits & 1023))
        switch exponent {
        case 0: return sign * fraction * 0x1p-24
        case 31: return fraction == 0 ? sign * .infinity : .nan
        default: return sign * Float(sign: .plus, exponent: exponent - 25, significand: 1024 + fraction)
        }
    }
}

/// Quotient towards minus infinity, and the remainder, which is not negative.
func floorDivide(_ value: Int64, _ divisor: Int64) -> (Int64, Int64) {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
}
