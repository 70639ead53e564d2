package import ClinicalData

/// Reads times from bytes: ISO-like by default, or by a strptime format of fixed-width fields.
package struct TimestampParser: Sendable {
    private enum Part: Sendable {
        case year, month, day, hour, minute, second
        case literal(UInt8)
    }
    private let parts: [Part]?

    /// The ISO-like parser: `YYYY-MM-DD[ HH:MM[:SS[.fraction]]]`.
    package init() { parts = nil }

    /// A parser for `format` with %Y %m %d %H %M %S and plain characters; nil if it holds anything else.
    package init?(format: String) {
        var list: [Part] = []
        var bytes = Array(format.utf8)[...]
        while let byte = bytes.popFirst() {
            guard byte == 0x25 else {
                list.append(.literal(byte))
                continue
            }
            switch bytes.popFirst() {
            case 0x59: list.append(.year)
            case 0x6D: list.append(.month)
            case 0x64: list.append(.day)
            case 0x48: list.append(.hour)
            case 0x4D: list.append(.minute)
            case 0x53: list.append(.second)
            default: return nil
            }
        }
        parts = list
    }

    /// The parser of a column: of `format` where its definition names one, else the ISO-like one.
    static func of(_ format: String?) -> TimestampParser {
        format.flatMap(TimestampParser.init(format:)) ?? TimestampParser()
    }

    /// The moment that `bytes` name, nil if they do not fit.
    package func parse(_ bytes: UnsafeBufferPointer<UInt8>) -> Timestamp? {
        var date = RecentDate()
        return parse(bytes, &date)
    }

    /// As ``parse(_:)``, for one of many times that often lie on the same day.
    @inline(__always)
    package func parse(_ bytes: UnsafeBufferPointer<UInt8>, _ date: inout RecentDate) -> Timestamp? {
        guard let parts else { return Timestamp(iso: bytes, &date) }
        return parse(bytes, parts)
    }

    private func parse(_ bytes: UnsafeBufferPointer<UInt8>, _ parts: [Part]) -> Timestamp? {
        var (year, month, day, hour, minute, second) = (1970, 1, 1, 0, 0, 0)
        var at = 0
        func number(_ width: Int) -> Int? {
            guard at + width <= bytes.count else { return nil }
            var value = 0
            for i in at..<(at + width) {
                let digit = bytes[i] &- 0x30
                guard digit < 10 else { return nil }
                value = value * 10 + Int(digit)
            }
            at += width
            return value
        }
        for part in parts {
            switch part {
            case .literal(let byte):
                guard at < bytes.count, bytes[at] == byte else { return nil }
                at += 1
            case .year:
                guard let value = number(4) else { return nil }
                year = value
            case .month:
                guard let value = number(2), (1...12).contains(value) else { return nil }
                month = value
            case .day:
                guard let value = number(2), (1...31).contains(value) else { return nil }
                day = value
            case .hour:
                guard let value = number(2), value < 24 else { return nil }
                hour = value
            case .minute:
                guard let value = number(2), value < 60 else { return nil }
                minute = value
            case .second:
                guard let value = number(2), value < 60 else { return nil }
                second = value
            }
        }
        guard at == bytes.count else { return nil }
        let time = Timestamp(year: year, month: month, day: day, hour: hour, minute: minute, second: second)
        return time.components.day == day ? time : nil
    }
}
