import ArgumentParser
import Foundation

/// What one repetition of a case does, for the rates beside its time; 0 where it makes no sense.
struct Work {
    /// Floating-point operations of the products.
    var operations = 0.0
    /// Bytes read and written.
    var bytes = 0.0
    var samples = 0.0

    static func operations(_ count: Double) -> Work { Work(operations: count) }
    static func bytes(_ count: Double) -> Work { Work(bytes: count) }
    static func samples(_ count: Double, operations: Double = 0) -> Work {
        Work(operations: operations, samples: count)
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
    /// Seconds per repetition of every run, rising.
    let times: [Double]
    /// How often a run repeats the case.
    let repetitions: Int
    let gigaflops: Double?
    let gigabytesPerSecond: Double?
    let samplesPerSecond: Double?
    /// The part of the machine's measured roof that is reached, in percent.
    let percentOfRoof: Double?
    /// Which roof that is.
    let bound: String?

    /// Warms up once, then measures `runs` runs of at least 20 ms each; throws when the result is not finite.
    init(_ item: Case, runs: Int, roof: Roof) throws {
        guard item.run().isFinite else { throw ValidationError("\(item.name): the result is not finite") }
        var repetitions = 1
        while Self.time(item, repetitions) * Double(repetitions) < 0.02 { repetitions *= 2 }
        let times = (0..<runs).map { _ in Self.time(item, repetitions) }.sorted()
        let median = times[runs / 2], work = item.work, limit = roof.limit(work)
        name = item.name
        self.median = median
        spread = (times[runs - 1] - times[0]) / median
        self.times = times
        self.repetitions = repetitions
        gigaflops = work.operations > 0 ? work.operations / median * 1e-9 : nil
        gigabytesPerSecond = work.bytes > 0 ? work.bytes / median * 1e-9 : nil
        samplesPerSecond = work.samples > 0 ? work.samples / median : nil
        percentOfRoof = limit.seconds > 0 ? 100 * limit.seconds / median : nil
        bound = limit.seconds > 0 ? limit.bound : nil
    }

    private static func time(_ item: Case, _ repetitions: Int) -> Double {
        let start = threadNanoseconds()
        for _ in 0..<repetitions { _ = item.run() }
        return Double(threadNanoseconds() - start) * 1e-9 / Double(repetitions)
    }
}

/// The CPU time of this thread.
func threadNanoseconds() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
}
