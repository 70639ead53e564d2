import Groundwork
import Testing

@testable import ClusterRuntime

/// Floats that travel without their zeros come back with the same bits, and nothing else is taken for them.
@Suite struct SparseBlocksTests {
    private func encode(_ values: inout [Float]) -> Memory? {
        values.withUnsafeMutableBufferPointer { SparseBlocks.encode(TouchedFloats($0)) }
    }

    @Test(arguments: 1...40) func theSameBitsComeBack(seed: UInt64) throws {
        var stream = RandomStream(seed: seed, purpose: .test)
        let count = 1 + stream.nextInt(below: 5000)
        var values = [Float](repeating: 0, count: count)
        for start in stride(from: 0, to: count, by: SparseBlocks.length) where stream.nextInt(below: 4) == 0 {
            for i in start..<min(count, start + SparseBlocks.length) {
                values[i] =
                    [Float(0), -0, .nan, .leastNonzeroMagnitude, stream.nextFloat()][stream.nextInt(below: 5)]
            }
        }
        guard let memory = encode(&values) else {
            return #expect(count < 200, "seed \(seed): \(count) floats were not made shorter")
        }
        var back = [Float](repeating: 7, count: count)
        let fits = back.withUnsafeMutableBufferPointer { SparseBlocks.decode(memory.bytes, into: $0) }
        let touched = try #require(fits, "seed \(seed)")
        #expect(touched == TouchedFloats.union(touched))
        let inside = Set(touched.joined())
        #expect(back.indices.allSatisfy { inside.contains($0) || back[$0].bitPattern == 0 })
        #expect(back.map(\.bitPattern) == values.map(\.bitPattern), "seed \(seed)")
    }

    @Test(arguments: 1...20) func sumsAreTheSameWhenOnlyTouchedElementsAreLookedAt(seed: UInt64) {
        var stream = RandomStream(seed: seed, purpose: .test)
        let count = 1 + stream.nextInt(below: 3000)
        var source = [Float](repeating: 0, count: count)
        let touched = TouchedFloats.union(
            (0..<8).map { _ in
                let start = stream.nextInt(below: count)
                return start..<min(count, start + stream.nextInt(below: 100))
            })
        for range in touched { for i in range { source[i] = stream.nextFloat() - 0.5 } }
        var whole = (0..<count).map { _ in [-0, stream.nextFloat()][stream.nextInt(below: 2)] }
        var part = whole
        source.withUnsafeMutableBufferPointer { source in
            whole.withUnsafeMutableBufferPointer { TouchedFloats(source).add(to: $0) }
            part.withUnsafeMutableBufferPointer {
                TouchedFloats(source, touched: touched).add(to: $0)
            }
        }
        #expect(part.map(\.bitPattern) == whole.map(\.bitPattern), "seed \(seed)")
    }

    @Test func floatsWithoutZerosTravelAsTheyAre() {
        var values = [Float](repeating: 1, count: 1000)
        #expect(encode(&values) == nil)
    }

    @Test func whatDoesNotFitIsRefused() throws {
        var values = [Float](repeating: 0, count: 1000)
        values[500] = 1
        let memory = try #require(encode(&values))
        let whole = Array(memory.bytes)
        func isTaken(_ bytes: [UInt8], count: Int = 1000) -> Bool {
            var target = [Float](repeating: 0, count: count)
            return target.withUnsafeMutableBufferPointer { target in
                bytes.withUnsafeBytes { SparseBlocks.decode($0, into: target) != nil }
            }
        }
        #expect(isTaken(whole))
        #expect(!isTaken([]))
        #expect(!isTaken(Array(whole.dropLast())))
        #expect(!isTaken(whole + [0]))
        #expect(!isTaken(whole, count: 100))
        var beyond = whole
        beyond[SparseBlocks.bitmapBytes(count: 1000) - 1] |= 0x80
        #expect(!isTaken(beyond))
    }
}
