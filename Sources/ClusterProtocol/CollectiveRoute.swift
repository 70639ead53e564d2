/// The way in which the members of a generation add up; all give the same bits.
package enum CollectiveRoute: UInt32, Sendable, CaseIterable {
    /// Each slice of a bucket has an owner who adds it up.
    case direct = 0
    /// Recursive halving and doubling.
    case halving = 1
    /// Members of a host through its leader, ``direct`` among leaders.
    case leadersDirect = 2
    /// Members of a host through its leader, ``halving`` among leaders.
    case leadersHalving = 3
    /// Two members send each other everything, and each of them adds it up.
    case swap = 4

    /// What a job asks for.
    package enum Wish: String, Sendable, CaseIterable {
        case auto, direct
        case halving = "rhd"
        case leaders = "two-level"
    }

    /// Members from which halving takes fewer messages than it costs in steps.
    package static let halvingFrom = 64

    /// The route for members with these virtual ranks; `hosts` holds a number per member, equal for neighbours on one host.
    ///
    /// By itself: swapping for two members; leaders when several members share a host and there are several hosts; among
    /// members or leaders, halving from ``halvingFrom`` of them.
    package static func choose(_ wish: Wish, ranges: [Range<Int>], hosts: [Int]) -> CollectiveRoute {
        let leaders = hostRanges(ranges, hosts)
        let route: CollectiveRoute =
            switch wish {
            case .direct: .direct
            case .halving: .halving
            case .leaders: leaders.count >= halvingFrom ? .leadersHalving : .leadersDirect
            case .auto:
                if leaders.count > 1, leaders.count < ranges.count {
                    leaders.count >= halvingFrom ? .leadersHalving : .leadersDirect
                } else {
                    ranges.count == 2 ? .swap : ranges.count >= halvingFrom ? .halving : .direct
                }
            }
        return route.suited(to: ranges, hosts: hosts)
    }

    /// This route where the members' ranges allow it, else the one in its place.
    ///
    /// Halving needs a power of two of members (or leaders), whose ranges are the nodes of one level of the tree.
    package func suited(to ranges: [Range<Int>], hosts: [Int]) -> CollectiveRoute {
        switch self {
        case .halving: Self.isLevel(ranges) ? self : .direct
        case .leadersHalving: Self.isLevel(Self.hostRanges(ranges, hosts)) ? self : .leadersDirect
        case .swap: ranges.count == 2 ? self : .direct
        case .direct, .leadersDirect: self
        }
    }

    /// The virtual ranks of each host.
    private static func hostRanges(_ ranges: [Range<Int>], _ hosts: [Int]) -> [Range<Int>] {
        var merged: [Range<Int>] = []
        for (index, range) in ranges.enumerated() {
            if index > 0, hosts[index] == hosts[index - 1] {
                merged[merged.count - 1] = merged[merged.count - 1].lowerBound..<range.upperBound
            } else {
                merged.append(range)
            }
        }
        return merged
    }

    /// Whether the ranges are all nodes of one level of the tree.
    private static func isLevel(_ ranges: [Range<Int>]) -> Bool {
        guard let first = ranges.first else { return false }
        return ranges.count & (ranges.count - 1) == 0 && first.count & (first.count - 1) == 0
            && first.lowerBound == 0 && ranges.allSatisfy { $0.count == first.count }
    }
}
