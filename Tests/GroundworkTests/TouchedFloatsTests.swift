import Groundwork
import Testing

@Suite struct TouchedFloatsTests {
    @Test func unionsHoldTheSameElementsAscendingAndApart() {
        for seed in UInt64(1)...50 {
            var stream = RandomStream(seed: seed, purpose: .test)
            let ranges = (0..<12).map { _ -> Range<Int> in
                let start = stream.nextInt(below: 100)
                return start..<start + stream.nextInt(below: 9)
            }
            let union = TouchedFloats.union(ranges)
            #expect(Set(union.joined()) == Set(ranges.joined()), "seed \(seed)")
            #expect(union.allSatisfy { !$0.isEmpty }, "seed \(seed)")
            #expect(
                zip(union, union.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound }, "seed \(seed)")
        }
        #expect(TouchedFloats.union([]).isEmpty)
    }
}
