/// Writes one value's text into memory of at least ``TextForm/width`` bytes.
struct TextWriter {
    private let base: UnsafeMutablePointer<UInt8>
    /// Bytes written.
    private(set) var count = 0

    init(_ base: UnsafeMutablePointer<UInt8>) { self.base = base }

    mutating func byte(_ value: UInt8) {
        base[count] = value
        count += 1
    }

    mutating func text(_ text: StaticString) {
        (base + count).update(from: text.utf8Start, count: text.utf8CodeUnitCount)
        count += text.utf8CodeUnitCount
    }

    mutating func hex(_ value: UInt8) {
        for digit in [value >> 4, value & 15] { byte(digit < 10 ? 0x30 + digit : 0x57 + digit) }
    }

    /// A number in decimal, with leading zeros up to `width` digits.
    mutating func number(_ value: UInt64, width: Int = 1) {
        var digits = 1
        var bound: UInt64 = 10
        while value >= bound {
            digits += 1
            let (next, overflow) = bound.multipliedReportingOverflow(by: 10)
            if overflow { break }
            bound = next
        }
        digits = max(digits, width)
        var rest = value
        for i in stride(from: count + digits - 1, through: count, by: -1) {
            base[i] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        count += digits
    }

    mutating func signed(_ value: Int64) {
        if value < 0 { byte(0x2D) }
        number(value.magnitude)
    }

    /// `YYYY-MM-DD` (Hinnant, "chrono-compatible low-level date algorithms").
    mutating func date(days: Int64) {
        let (era, dayOfEra) = floorDivide(days + 719_468, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        if year < 0 { byte(0x2D) }
        number(year.magnitude, width: 4)
        byte(0x2D)
        number(UInt64(month), width: 2)
        byte(0x2D)
        number(UInt64(dayOfYear - (153 * shifted + 2) / 5 + 1), width: 2)
    }

    /// `HH:MM:SS`, and a fraction of six or nine digits if there is one.
    mutating func time(_ value: Int64, perSecond: Int64) {
        let (seconds, fraction) = floorDivide(value, perSecond)
        if seconds < 0 { byte(0x2D) }
        number((seconds / 3600).magnitude, width: 2)
        byte(0x3A)
        number((seconds / 60 % 60).magnitude, width: 2)
        byte(0x3A)
        number((seconds % 60).magnitude, width: 2)
        guard fraction > 0 else { return }
        byte(0x2E)
        let nanoseconds = UInt64(fraction * (1_000_000_000 / perSecond))
        if nanoseconds % 1000 == 0 {
            number(nanoseconds / 1000, width: 6)
        } else {
            number(nanoseconds, width: 9)
        }
    }

    /// `YYYY-MM-DD HH:MM:SS[.ffffff]`.
    mutating func timestamp(_ value: Int64, perSecond: Int64) {
        let (days, rest) = floorDivide(value, 86400 * perSecond)
        date(days: days)
        byte(0x20)
        time(rest, perSecond: perSecond)
    }

    /// A number with `scale` digits behind the point.
    mutating func decimal(_ unscaled: Int128, scale: Int) {
        if unscaled < 0 { byte(0x2D) }
        var digits: [UInt8] = []
        var rest = unscaled.magnitude
        while rest > 0 || digits.count <= scale {
            digits.append(0x30 + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        }
        for i in digits.indices.reversed() {
            byte(digits[i])
            if i == scale, i > 0 { byte(0x2E) }
        }
    }

    /// A float as Python's `repr` has it. `shortest` is Swift's description: the same digits, but with an exponent where
    /// a whole number is beyond the type's precision; Python has one from 1e16 on.
    mutating func float(_ shortest: String) {
        if shortest.contains("nan") { return text("nan") }
        var shortest = shortest
        shortest.withUTF8 { bytes in
            guard let mark = bytes.firstIndex(of: 0x65), bytes[mark + 1] == 0x2B,
                let exponent = Int(String(decoding: bytes[(mark + 2)...], as: UTF8.self)), exponent < 16
            else { return copy(bytes[...]) }
            expand(bytes[..<mark], exponent)
        }
    }

    private mutating func copy(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) {
        for next in bytes { byte(next) }
    }

    /// `d.ddd` times ten to the power of `exponent`, written out.
    private mutating func expand(_ mantissa: Slice<UnsafeBufferPointer<UInt8>>, _ exponent: Int) {
        var digits = 0
        for next in mantissa where next != 0x2E {
            byte(next)
            guard next != 0x2D else { continue }
            digits += 1
            if digits == exponent + 1 { byte(0x2E) }
        }
        if digits <= exponent {
            for _ in digits...exponent { byte(0x30) }
            byte(0x2E)
        }
        if digits <= exponent + 1 { byte(0x30) }
    }
}
