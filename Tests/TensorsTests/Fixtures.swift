import Groundwork
import Layers
import Tensors

/// Keyed random inputs for tests; a failing case names its seed.
struct Probe {
    private var stream: RandomStream

    init(_ seed: UInt64) { stream = RandomStream(seed: seed, purpose: .test) }

    /// Numbers of either sign with magnitude in [low, high).
    mutating func values(_ count: Int, from low: Float = 0.2, to high: Float = 1.2) -> [Float] {
        (0..<count).map { _ in
            let magnitude = low + (high - low) * stream.nextFloat()
            return stream.nextWord() & 1 == 0 ? magnitude : -magnitude
        }
    }

    mutating func integers(_ count: Int, below bound: Int) -> [Int32] {
        (0..<count).map { _ in Int32(stream.nextInt(below: bound)) }
    }

    mutating func lengths(_ count: Int, upTo longest: Int, allowingEmpty: Bool = true) -> [Int] {
        (0..<count).map { _ in
            allowingEmpty ? stream.nextInt(below: longest + 1) : 1 + stream.nextInt(below: longest)
        }
    }

    mutating func flags(_ count: Int) -> [Bool] { (0..<count).map { _ in stream.nextInt(below: 3) > 0 } }
}

/// A context for tests.
func context(
    _ mode: ComputationMode = .evaluation, records: Bool = false, seed: UInt64 = 7, step: Int = 0
) -> Context {
    Context(
        mode: mode, recordsGradients: records, pool: BufferPool(),
        randomness: Randomness(seed: seed, step: step))
}

/// The product of two row-major matrices in double precision.
func product(_ a: [Float], _ b: [Float], _ m: Int, _ n: Int, _ k: Int) -> [Double] {
    var c = [Double](repeating: 0, count: m * n)
    for i in 0..<m {
        for p in 0..<k {
            let factor = Double(a[i * k + p])
            for j in 0..<n { c[i * n + j] += factor * Double(b[p * n + j]) }
        }
    }
    return c
}

func transpose(_ a: [Float], rows: Int, columns: Int) -> [Float] {
    var result = a
    for i in 0..<rows { for j in 0..<columns { result[j * rows + i] = a[i * columns + j] } }
    return result
}

func largestDifference(_ a: [Float], _ b: [Double]) -> Double {
    zip(a, b).reduce(a.count == b.count ? 0 : .infinity) { max($0, abs(Double($1.0) - $1.1)) }
}
