import ClinicalData
import DelimitedText

/// When every stay of a data set without times begins, on a calendar of the patient's own.
///
/// A patient's admissions follow each other by year, then by first row in the file of stays, without overlap: each begins at
/// midnight, on 1 January of its year or, if that is later, on the second midnight after the previous one's end. A stay begins
/// as many minutes later as it says.
final class StayOrigins {
    private let keys = SymbolTable()
    /// Milliseconds by the stay's number in ``keys``.
    private let origins: [Int64]

    /// Milliseconds of a minute and of a day.
    static let minute: Int64 = 60_000
    private static let day: Int64 = 86_400_000
    /// Offsets beyond a thousand years are no offsets.
    private static let largest = 525_960_000

    /// One row of the file of stays; offsets in minutes.
    private struct Stay {
        var patient: UInt32
        var admission: UInt32
        var year: Int
        var begin: Int
        var end: Int
    }

    /// One hospital admission and how many minutes it takes.
    private struct Admission {
        var year: Int
        var row: Int
        var minutes: Int
    }

    /// A patient and an admission's id, empty ids being one.
    private struct AdmissionKey: Hashable {
        var patient: UInt32
        var admission: UInt32
    }

    /// Reads the file of stays at `path`; throws ``DatasetError``, `DelimitedTextError`, `FileError`.
    init(path: String, _ names: OffsetTimes) throws {
        let reader = try TableFiles.open(path, columns: names.columns)
        let columns = names.columns.map { reader.header.firstIndex(of: $0) ?? 0 }
        let texts = SymbolTable()
        var stays: [Stay] = []
        while let block = try reader.next() {
            for row in 0..<block.count {
                // The first row of a stay counts.
                guard keys.intern(block.field(row, columns[0]).bytes).index == stays.count else { continue }
                func number(_ place: Int) throws -> Int? {
                    let bytes = block.field(row, columns[place]).bytes
                    if bytes.isEmpty { return nil }
                    if let value = Self.minutes(bytes) { return value }
                    throw DatasetError.unparsableTime(
                        table: String(names.filePath.prefix { $0 != "." }), file: path,
                        line: reader.line(of: row, in: block),
                        columns: [names.columns[place]], format: "a whole number")
                }
                let begin = try number(4) ?? 0
                stays.append(
                    Stay(
                        patient: texts.intern(block.field(row, columns[1]).bytes).index,
                        admission: texts.intern(block.field(row, columns[2]).bytes).index,
                        year: min(max(try number(3) ?? 1970, 1), 9999), begin: begin,
                        end: try number(5) ?? begin))
            }
        }
        origins = Self.layOut(stays)
    }

    /// Milliseconds of the beginning of a stay; nil if the file of stays does not have it.
    func origin(of stay: UnsafeBufferPointer<UInt8>, guess: inout UInt32) -> Int64? {
        guard let number = keys.find(stay, guess: guess) else { return nil }
        guess = number
        return origins[Int(number)]
    }

    /// The whole number, with or without a sign, that `bytes` are; nil for anything else.
    static func minutes(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        let isNegative = bytes.first == 0x2D
        let digits = isNegative ? bytes.dropFirst() : bytes[...]
        guard (1...9).contains(digits.count) else { return nil }
        var value = 0
        for byte in digits {
            guard (0x30...0x39).contains(byte) else { return nil }
            value = value * 10 + Int(byte &- 0x30)
        }
        guard value <= largest else { return nil }
        return isNegative ? -value : value
    }

    /// The beginning of every stay.
    private static func layOut(_ stays: [Stay]) -> [Int64] {
        var admissions: [AdmissionKey: Admission] = [:]
        var order: [AdmissionKey] = []
        for (row, stay) in stays.enumerated() {
            let key = AdmissionKey(patient: stay.patient, admission: stay.admission)
            if admissions[key] == nil { order.append(key) }
            admissions[key, default: Admission(year: stay.year, row: row, minutes: 0)].minutes = max(
                admissions[key]?.minutes ?? 0, stay.end - stay.begin)
        }
        let sorted = order.compactMap { key in admissions[key].map { (key, $0) } }.sorted {
            ($0.0.patient, $0.1.year, $0.1.row) < ($1.0.patient, $1.1.year, $1.1.row)
        }
        var starts: [AdmissionKey: Int64] = [:]
        var previous: (patient: UInt32, end: Int64)?
        for (key, admission) in sorted {
            var start = Int64(Timestamp.days(year: admission.year, month: 1, day: 1)) * day
            if let previous, previous.patient == key.patient {
                start = max(start, (previous.end / day + 2) * day)
            }
            starts[key] = start
            previous = (key.patient, start + Int64(admission.minutes) * minute)
        }
        return stays.map { stay in
            let start = starts[AdmissionKey(patient: stay.patient, admission: stay.admission)] ?? 0
            return start - Int64(stay.begin) * minute
        }
    }
}
