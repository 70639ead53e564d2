import Kernels

/// What one thread of this machine can do at most at the level in force, measured.
struct Roof: Codable {
    /// Floating-point operations of multiply-adds in registers, in 10⁹ per second.
    let gigaflops: Double
    /// Scaling 4 MB in place, in GB/s read and written: the roof of rows that move at most `nearBytes`.
    let nearGigabytesPerSecond: Double
    /// Scaling 256 MB in place, in GB/s read and written.
    let memoryGigabytesPerSecond: Double

    private static let nearBytes = 64e6

    /// The best of several short measurements, 0.6 s in all.
    init() {
        gigaflops = Self.fastest(20) {
            var sum: Float = 0.5
            return Kernel.multiplyAdds(rounds: 200_000, sum: &sum)
        }
        nearGigabytesPerSecond = Self.bandwidth(1 << 20, repetitions: 20)
        memoryGigabytesPerSecond = Self.bandwidth(64 << 20, repetitions: 1)
    }

    /// The seconds that `work` takes at best, and whether arithmetic or memory decides that.
    func limit(_ work: Work) -> (seconds: Double, bound: String) {
        let isNear = work.bytes <= Self.nearBytes
        let bandwidth = isNear ? nearGigabytesPerSecond : memoryGigabytesPerSecond
        let arithmetic = work.operations * 1e-9 / gigaflops, traffic = work.bytes * 1e-9 / bandwidth
        if arithmetic >= traffic { return (arithmetic, "multiply-adds") }
        return (traffic, isNear ? "near memory" : "memory")
    }

    var description: String {
        let numbers = [gigaflops, nearGigabytesPerSecond, memoryGigabytesPerSecond].map {
            "\(Int($0.rounded()))"
        }
        return
            "roof: \(numbers[0]) GFLOP/s of multiply-adds; in place 4 MB \(numbers[1]) GB/s, 256 MB \(numbers[2]) GB/s"
    }

    private static func bandwidth(_ count: Int, repetitions: Int) -> Double {
        let x = UnsafeMutablePointer<Float>.allocate(capacity: count)
        defer { x.deallocate() }
        x.initialize(repeating: 1, count: count)
        return fastest(5) {
            for _ in 0..<repetitions { Kernel.scale(-1, x, into: x, count: count) }
            return 8 * Double(count * repetitions)
        }
    }

    /// The best rate of `runs` runs, in 10⁹ per second of CPU time.
    private static func fastest(_ runs: Int, _ run: () -> Double) -> Double {
        (0..<runs).reduce(0) { best, _ in
            let start = threadNanoseconds()
            let amount = run()
            return max(best, amount / Double(max(threadNanoseconds() - start, 1)))
        }
    }
}
