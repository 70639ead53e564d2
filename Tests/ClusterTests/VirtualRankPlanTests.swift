import Testing

@testable import ClusterProtocol

struct VirtualRankPlanTests {
    @Test func dividesRanksEvenly() {
        for ranks in 1...20 {
            for members in 1...ranks {
                let ranges = VirtualRankPlan.ranges(ranks: ranks, members: members)
                #expect(ranges.flatMap { Array($0) } == Array(0..<ranks))
                let counts = ranges.map(\.count)
                #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1)
            }
        }
    }

    @Test func cutsAlignedBlocks() {
        #expect(VirtualRankPlan.blocks(of: 0..<8) == [0..<8])
        #expect(VirtualRankPlan.blocks(of: 3..<6) == [3..<4, 4..<6])
        #expect(VirtualRankPlan.blocks(of: 1..<8) == [1..<2, 2..<4, 4..<8])
        for start in 0..<17 {
            for end in (start + 1)..<18 {
                let blocks = VirtualRankPlan.blocks(of: start..<end)
                #expect(blocks.flatMap { Array($0) } == Array(start..<end))
                #expect(blocks.allSatisfy { $0.count & ($0.count - 1) == 0 && $0.lowerBound % $0.count == 0 })
            }
        }
    }
}
