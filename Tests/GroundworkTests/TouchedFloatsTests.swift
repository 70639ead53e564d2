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

    @Test(arguments: UInt64(1)...50) func theUnionOfTwoListsIsThatOfTheirRanges(seed: UInt64) {
        var stream = RandomStream(seed: seed, purpose: .test)
        let lists = (0..<2).map { _ in
            TouchedFloats.union(
                (0..<stream.nextInt(below: 9)).map { _ in
                    let start = stream.nextInt(below: 60)
                    return start..<start + stream.nextInt(below: 9)
                })
        }
        #expect(TouchedFloats.union(lists[0], lists[1]) == TouchedFloats.union(lists[0] + lists[1]))
    }
}
