/// A moment in whole milliseconds since 1970-01-01T00:00:00, without a time zone (as EHR exports have it).
public struct Timestamp: Comparable, Hashable, Sendable, Codable {
    /// Milliseconds since 1970-01-01T00:00:00.
    public let milliseconds: Int64

    /// The moment `milliseconds` after 1970-01-01T00:00:00.
    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// The value that stands for "no time" in columns of raw milliseconds; it sorts before every moment.
    @inlinable public static var missing: Int64 { .min }

    public static func < (a: Timestamp, b: Timestamp) -> Bool { a.milliseconds < b.milliseconds }

    /// Milliseconds from `earlier` to this moment.
    public func milliseconds(since earlier: Timestamp) -> Int64 { milliseconds - earlier.milliseconds }

    /// The calendar date and time of day (proleptic Gregorian).
    public var components: (year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int) {
        var days = milliseconds / 86_400_000
        var rest = milliseconds % 86_400_000
        if rest < 0 { rest += 86_400_000; days -= 1 }
        let (year, month, day) = Self.civil(fromDays: Int(days))
        let seconds = Int(rest / 1000)
        return (year, month, day, seconds / 3600, seconds / 60 % 60, seconds % 60)
    }

    /// The date and time of day as `YYYY-MM-DD HH:MM:SS`.
    public var text: String {
        let parts = components
        func padded(_ number: Int, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return "\(padded(parts.year, 4))-\(padded(parts.month, 2))-\(padded(parts.day, 2)) "
            + "\(padded(parts.hour, 2)):\(padded(parts.minute, 2)):\(padded(parts.second, 2))"
    }

    /// The moment at the given date and time of day; the caller has checked the ranges.
    public init(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
        let days = Self.days(year: year, month: month, day: day)
        milliseconds = Int64(((days * 24 + hour) * 60 + minute) * 60 + second) * 1000
    }

    /// Parses `YYYY-MM-DD`, optionally followed by `T` or a blank, `HH:MM[:SS[.fraction]]` and `Z`; nil otherwise.
    public init?(_ text: String) {
        var copy = text
        guard let value = copy.withUTF8({ Timestamp(iso: $0) }) else { return nil }
        self = value
    }

    /// As ``init(_:)`` on bytes; the fraction of a second is cut to milliseconds.
    package init?(iso bytes: UnsafeBufferPointer<UInt8>) {
        var date = RecentDate()
        self.init(iso: bytes, &date)
    }

    /// As ``init(iso:)``, for one of many times that often lie on the same day.
    package init?(iso bytes: UnsafeBufferPointer<UInt8>, _ date: inout RecentDate) {
        guard bytes.count >= 10, var value = date.milliseconds(bytes) else { return nil }
        var end = bytes.count
        if end > 10 {
            if bytes[end - 1] == 0x5A { end -= 1 }
            guard bytes[10] == 0x20 || bytes[10] == 0x54, end >= 16, bytes[13] == 0x3A,
                let hour = digits(bytes, 11, 2), let minute = digits(bytes, 14, 2), hour < 24, minute < 60
            else { return nil }
            value += Int64(hour * 60 + minute) * 60_000
            if end > 16 {
                guard end >= 19, bytes[16] == 0x3A, let second = digits(bytes, 17, 2), second < 60 else {
                    return nil
                }
                value += Int64(second) * 1000
            }
            if end > 19 {
                guard bytes[19] == 0x2E, end > 20 else { return nil }
                var scale: Int64 = 100
                for i in 20..<end {
                    let digit = bytes[i] &- 0x30
                    guard digit < 10 else { return nil }
                    value += Int64(digit) * scale
                    scale /= 10
                }
            }
        }
        milliseconds = value
    }

    /// Days from 1970-01-01 to a date (Hinnant, "chrono-compatible low-level date algorithms").
    package static func days(year: Int, month: Int, day: Int) -> Int {
        let y = month <= 2 ? year - 1 : year
        let era = (y >= 0 ? y : y - 399) / 400
        let yearOfEra = y - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civil(fromDays days: Int) -> (Int, Int, Int) {
        let z = days + 719_468
        let era = (z >= 0 ? z : z - 146_096) / 146_097
        let dayOfEra = z - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }

    fileprivate static func daysIn(month: Int, year: Int) -> Int {
        switch month {
        case 2: return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: return 30
        default: return 31
        }
    }
}

/// The calendar date that was read last: most times of a table stand beside others of the same day.
package struct RecentDate {
    /// The ten bytes of the date.
    private var bytes: (UInt64, UInt16) = (0, 0)
    private var value: Int64?

    /// No date yet.
    package init() {}

    /// Milliseconds to the beginning of the day `YYYY-MM-DD` that ten or more bytes begin with; nil if they do not.
    fileprivate mutating func milliseconds(_ text: UnsafeBufferPointer<UInt8>) -> Int64? {
        let raw = UnsafeRawBufferPointer(text)
        let found = (
            raw.loadUnaligned(as: UInt64.self), raw.loadUnaligned(fromByteOffset: 8, as: UInt16.self)
        )
        if found == bytes, let value { return value }
        guard text[4] == 0x2D, text[7] == 0x2D,
            let year = digits(text, 0, 4), let month = digits(text, 5, 2), let day = digits(text, 8, 2),
            (1...12).contains(month), day >= 1, day <= Timestamp.daysIn(month: month, year: year)
        else { return nil }
        bytes = found
        value = Int64(Timestamp.days(year: year, month: month, day: day)) * 86_400_000
        return value
    }
}

@inline(__always)
private func digits(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int, _ count: Int) -> Int? {
    var value = 0
    for i in start..<(start + count) {
        let digit = bytes[i] &- 0x30
        guard digit < 10 else { return nil }
        value = value * 10 + Int(digit)
    }
    return value
}
