import Foundation

/// Analytes with their cells printed beforehand: at 129 levels of 1/16 standard deviation (64 is the median), and without a
/// number.
///
/// A row of a measurement is `number A head B middle C tail`: `head`, `middle` and `tail` are printed here; `A`, `B` and
/// `C` are the same for all rows of a specimen.
final class PrintedAnalytes {
    /// Pieces of a row that belong to the analyte and the value.
    struct Pieces {
        var head: [UInt8] = []
        var middle: [UInt8] = []
        /// Without the end of line.
        var tail: [UInt8] = []
    }

    private struct Entry {
        var offset: Int32
        var head: UInt8
        var middle: UInt8
        var tail: UInt8
    }

    private static let levels = 129
    private static let median = 64
    private static let perAnalyte = levels + 1
    private let analytes: [Analyte]
    private let missing: [Int]
    private let entries: [Entry]
    private let printed: UnsafeMutablePointer<UInt8>

    /// `pieces` prints an analyte's cells for a value, or without one.
    init(_ analytes: [Analyte], pieces: (Analyte, Double?) -> Pieces) {
        self.analytes = analytes
        missing = analytes.map(\.missing)
        var (entries, text) = ([Entry](), [UInt8]())
        for analyte in analytes {
            for level in 0..<Self.perAnalyte {
                let deviations = Double(level - Self.median) / 16
                let cells = pieces(analyte, level < Self.levels ? analyte.value(deviations) : nil)
                entries.append(
                    Entry(
                        offset: Int32(text.count), head: UInt8(cells.head.count),
                        middle: UInt8(cells.middle.count), tail: UInt8(cells.tail.count + 1)))
                text += cells.head + cells.middle + cells.tail + [0x0A]
            }
        }
        self.entries = entries
        printed = .allocate(capacity: text.count)
        printed.initialize(from: text, count: text.count)
    }

    deinit { printed.deallocate() }

    /// How many levels the mean of every analyte moves at a severity (taken as at most 3).
    func shifts(severity: Double) -> [Int] {
        let bounded = max(-3, min(3, severity))
        return analytes.map { Int(($0.effect * bounded * 16).rounded()) }
    }

    /// Writes a row for each of `items` (positions among the analytes), numbered from `first` or not; throws `FileError`.
    ///
    /// Noise is the sum of three bytes, nearly normal with a standard deviation of 128 (Irwin and Hall), an eighth of it
    /// levels.
    func write(
        _ items: [Int], first: Int?, frame: RowFrame, shifts: [Int], noise: inout MeasurementNoise,
        to table: TableWriter
    ) throws {
        let (a, b, c) = (frame.a.text, frame.b.text, frame.c.text)
        try table.wholeRows(items.count) { cursor in
            var number = first ?? 0
            for item in items {
                var word = noise.word()
                let isMissing = MeasurementNoise.byte(&word) < missing[item]
                let sum =
                    MeasurementNoise.byte(&word) + MeasurementNoise.byte(&word) + MeasurementNoise.byte(&word)
                let level = max(0, min(Self.levels - 1, Self.median + shifts[item] + (sum - 382) >> 3))
                let entry = entries[item * Self.perAnalyte + (isMissing ? Self.levels : level)]
                let pieces = printed + Int(entry.offset)
                if first != nil { cursor.number(number) }
                cursor.bytes(a)
                cursor.bytes(pieces, Int(entry.head))
                cursor.bytes(b)
                cursor.bytes(pieces + Int(entry.head), Int(entry.middle))
                cursor.bytes(c)
                cursor.bytes(pieces + Int(entry.head) + Int(entry.middle), Int(entry.tail))
                number += 1
            }
        }
    }
}
