import ArgumentParser
import Foundation
import Kernels

/// What one repetition of a case does, for the rate beside its time.
enum Work {
    /// Floating-point operations: GFLOP/s.
    case operations(Double)
    /// Bytes read and written: GB/s.
    case bytes(Double)
    /// Samples: samples/s.
    case samples(Double)

    var unit: String {
        switch self {
        case .operations: return "GFLOP/s"
        case .bytes: return "GB/s"
        case .samples: return "samples/s"
        }
    }

    func rate(_ seconds: Double) -> Double {
        switch self {
        case .operations(let count), .bytes(let count): return count / seconds * 1e-9
        case .samples(let count): return count / seconds
        }
    }
}

/// Something to measure; `run` does it once and gives a number that must be finite.
struct Case {
    let name: String
    let work: Work
    let run: () -> Float
}

/// The CPU time of one repetition of a case.
struct Measurement: Codable {
    let name: String
    /// Seconds, median of the runs.
    let median: Double
    /// (slowest − fastest) / median of the runs.
    let spread: Double
    let rate: Double
    let unit: String

    /// Warms up once, then measures `runs` runs of at least 20 ms each; throws when the result is not finite.
    init(_ item: Case, runs: Int) throws {
        guard item.run().isFinite else { throw ValidationError("\(item.name): the result is not finite") }
        var repetitions = 1
        while Self.time(item, repetitions) * Double(repetitions) < 0.02 { repetitions *= 2 }
        let times = (0..<runs).map { _ in Self.time(item, repetitions) }.sorted()
        name = item.name
        median = times[runs / 2]
        spread = (times[runs - 1] - times[0]) / median
        rate = item.work.rate(median)
        unit = item.work.unit
    }

    private static func time(_ item: Case, _ repetitions: Int) -> Double {
        let start = threadNanoseconds()
        for _ in 0..<repetitions { _ = item.run() }
        return Double(threadNanoseconds() - start) * 1e-9 / Double(repetitions)
    }
}

private func threadNanoseconds() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// All measurements of one command with what they depend on.
struct Report: Codable {
    let level: String
    let openBLASCore: String
    let results: [Measurement]

    /// Measures the chosen cases and prints them.
    static func run(_ cases: [Case], _ options: ReportOptions) throws {
        let chosen = cases.filter { item in options.only.map { item.name.contains($0) } ?? true }
        let report = Report(
            level: "\(Kernel.level)", openBLASCore: LinearAlgebraLibrary.coreName,
            results: try chosen.map { try Measurement($0, runs: options.runs) })
        switch options.format {
        case .table: print(report.table)
        case .json:
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            print(String(decoding: try encoder.encode(report), as: UTF8.self))
        }
    }

    private var table: String {
        let width = results.reduce(4) { max($0, $1.name.count) }
        let rows = results.map { result in
            let name = result.name.padding(toLength: width, withPad: " ", startingAt: 0)
            return name
                + String(
                    format: " %11.1f us  ±%3.0f %%  %10.1f ", result.median * 1e6, result.spread * 50,
                    result.rate) + result.unit
        }
        return (["kernels: \(level), OpenBLAS core: \(openBLASCore), one thread"] + rows).joined(
            separator: "\n")
    }
}
