import Groundwork
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

/// Ranges by the members' speed.
struct VirtualRankCostTests {
    @Test(arguments: 1...16) func equalCostsGiveEvenRanges(members: Int) {
        let costs = [Double](repeating: 0.25, count: members)
        #expect(
            VirtualRankPlan.ranges(ranks: 16, costs: costs)
                == VirtualRankPlan.ranges(ranks: 16, members: members))
    }

    @Test(arguments: 0..<50) func everyMemberHasARankAndNobodyCouldGiveOneAway(seed: UInt64) {
        var random = RandomStream(seed: seed, purpose: .test)
        let members = 1 + random.nextInt(below: 7)
        let costs = (0..<members).map { _ in 0.1 + random.nextDouble() }
        let ranges = VirtualRankPlan.ranges(ranks: 16, costs: costs)
        #expect(ranges.first?.lowerBound == 0 && ranges.last?.upperBound == 16, "seed \(seed)")
        #expect(ranges.allSatisfy { !$0.isEmpty }, "seed \(seed)")
        let slowest = zip(ranges, costs).map { Double($0.count) * $1 }.max() ?? 0
        for (range, cost) in zip(ranges, costs) where range.count > 1 {
            let best = zip(ranges, costs).filter { $0.0 != range }.map { Double($0.0.count + 1) * $0.1 }.min()
            // Moving a rank from the slowest to anybody makes nothing faster.
            if Double(range.count) * cost == slowest, let best { #expect(best >= slowest, "seed \(seed)") }
        }
    }
}
