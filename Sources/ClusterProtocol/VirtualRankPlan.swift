/// Which virtual ranks each member of a generation computes.
package enum VirtualRankPlan {
    /// Contiguous ranges of 0..<`ranks` for `members` members, as even as possible, the longer ones first.
    ///
    /// Results do not depend on the boundaries. `members` is between 1 and `ranks`.
    package static func ranges(ranks: Int, members: Int) -> [Range<Int>] {
        precondition(
            members >= 1 && members <= ranks, "ranges: \(members) members for \(ranks) virtual ranks")
        let (base, extra) = ranks.quotientAndRemainder(dividingBy: members)
        var start = 0
        return (0..<members).map { index in
            let count = base + (index < extra ? 1 : 0)
            defer { start += count }
            return start..<(start + count)
        }
    }

    /// Contiguous ranges of 0..<`ranks`, one per member, none empty, so that the slowest member is done as early as
    /// possible; `costs` are the members' seconds per virtual rank.
    ///
    /// Equal costs give ``ranges(ranks:members:)``.
    package static func ranges(ranks: Int, costs: [Double]) -> [Range<Int>] {
        precondition(
            !costs.isEmpty && costs.count <= ranks,
            "ranges: \(costs.count) members for \(ranks) virtual ranks")
        var counts = [Int](repeating: 1, count: costs.count)
        for _ in costs.count..<ranks {
            // The first of those who would be done earliest takes one more.
            var best = 0
            for place in costs.indices
            where Double(counts[place] + 1) * costs[place] < Double(counts[best] + 1) * costs[best] {
                best = place
            }
            counts[best] += 1
        }
        var start = 0
        return counts.map { count in
            defer { start += count }
            return start..<(start + count)
        }
    }

    /// The maximal aligned blocks that make up `range`: each starts at a multiple of its length, a power of two.
    ///
    /// Blocks are the sub-trees of the fixed summation tree that one member can finish alone.
    package static func blocks(of range: Range<Int>) -> [Range<Int>] {
        var blocks: [Range<Int>] = []
        var start = range.lowerBound
        while start < range.upperBound {
            var length = start == 0 ? Int.max / 2 + 1 : start & -start
            while start + length > range.upperBound || length > range.count { length /= 2 }
            blocks.append(start..<(start + length))
            start += length
        }
        return blocks
    }
}
