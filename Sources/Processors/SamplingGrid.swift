import ClinicalData

/// Equal steps in time on which the rows of a series are laid.
///
/// Step `s` holds the row with the last place in the list among those of `(time − first) / rate` in `s..<s+1`, NaN included;
/// times up to one step before the first fall into step 0, others outside are left out. There are
/// `floor((last − first) / rate) + 1` steps, first and last by place in the list.
package struct SamplingGrid: Codable, Equatable, Sendable {
    /// What an empty place becomes: the last value before it in its column (0 at the start), or 0.
    package enum Imputation: String, Codable, Sendable, CaseIterable {
        case forwardFill = "forward_fill"
        case zero
    }

    /// Milliseconds from step to step. The default is one hour.
    package var rate = 3_600_000.0
    /// The default is `forward_fill`.
    package var imputation = Imputation.forwardFill

    /// Hourly, filled forward.
    package init() {}

    /// The most steps of one sample: fifty years by the hour are less.
    static let mostSteps = 1_000_000
    static let options = ["sampling_rate", "impute_strategy"]

    /// Reads the options `sampling_rate` (seconds) and `impute_strategy`; throws `ConfigurationError`.
    init(_ options: ProcessorOptions) throws {
        if let seconds = try options.number("sampling_rate", in: 0.001...1e10) { rate = seconds * 1000 }
        imputation = try options.choice("impute_strategy", Imputation.self) ?? .forwardFill
    }

    /// The number of steps of every sample.
    ///
    /// Throws ``ProcessorError/emptySeries(field:samples:)``, ``ProcessorError/badTimes(field:samples:)``,
    /// ``ProcessorError/tooManySteps(field:limit:)``.
    func stepCounts(_ column: FieldColumn, _ rows: Range<Int>) throws -> [Int] {
        let empty = rows.count { column.times(of: $0).isEmpty }
        guard empty == 0 else { throw ProcessorError.emptySeries(field: column.name, samples: empty) }
        let spans = rows.map { row -> Double in
            let times = column.times(of: row)
            guard times.count == column.entryCount(of: row), times.allSatisfy(\.isFinite) else { return -1 }
            return ((times[times.endIndex - 1] - times[times.startIndex]) / rate).rounded(.down)
        }
        let bad = spans.count { $0 < 0 }
        guard bad == 0 else { throw ProcessorError.badTimes(field: column.name, samples: bad) }
        guard spans.allSatisfy({ $0 < Double(Self.mostSteps) }) else {
            throw ProcessorError.tooManySteps(field: column.name, limit: Self.mostSteps)
        }
        return spans.map { Int($0) + 1 }
    }

    /// The series of a range of samples with one level (steps) and shape `[width]`; `width` serves where there is no row.
    func encode(
        _ column: FieldColumn, _ rows: Range<Int>, width fitted: Int?, _ processor: String
    ) throws -> EncodedColumn {
        let counts = try stepCounts(column, rows)
        let matrix = try NumberMatrix(column, rows, processor)
        let width = matrix.width ?? fitted ?? 0
        var values: [Float] = []
        values.reserveCapacity(counts.reduce(0, +) * width)
        for (sample, count) in counts.enumerated() {
            let entries = matrix.values[
                (matrix.offsets[sample] * width)..<(matrix.offsets[sample + 1] * width)]
            let times = column.times(of: rows.lowerBound + sample)
            values += impute(lay(Array(entries), times, count, width), width)
        }
        return EncodedColumn(
            name: column.name, processor: processor,
            offsets: [counts.reduce(into: [0]) { $0.append($0[$0.count - 1] + Int64($1)) }], shape: [width],
            values: .float32(values), sampleCount: rows.count)
    }

    private func lay(_ entries: [Double], _ times: ArraySlice<Double>, _ steps: Int, _ width: Int) -> [Float]
    {
        var grid = [Float](repeating: .nan, count: steps * width)
        let first = times[times.startIndex]
        for (entry, time) in times.enumerated() {
            let place = ((time - first) / rate).rounded(.towardZero)
            guard place >= 0, place < Double(steps) else { continue }
            for column in 0..<width {
                grid[Int(place) * width + column] = Float(entries[entry * width + column])
            }
        }
        return grid
    }

    private func impute(_ grid: [Float], _ width: Int) -> [Float] {
        var filled = grid
        for place in filled.indices where filled[place].isNaN {
            filled[place] = imputation == .zero || place < width ? 0 : filled[place - width]
        }
        return filled
    }
}
