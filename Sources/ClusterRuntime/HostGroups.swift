/// Members by host: neighbours with the same number; the first of each leads.
struct HostGroups {
    /// The members of the own host.
    let mine: MemberGroup
    /// The leaders with the virtual ranks of their hosts, for who leads.
    let leaders: MemberGroup?

    /// The groups of `all`, where `hosts` holds a number per member.
    init(_ all: MemberGroup, hosts: [Int]) {
        var groups: [[Int]] = []
        for member in all.members {
            if let last = groups.last?.last, hosts[last] == hosts[member] {
                groups[groups.count - 1].append(member)
            } else {
                groups.append([member])
            }
        }
        let place = groups.firstIndex { $0.contains(all.index) } ?? 0
        let group = groups[place]
        mine = MemberGroup(
            members: group, ranges: group.map { all.ranges[$0] },
            index: group.firstIndex(of: all.index) ?? 0, ranks: all.ranks)
        guard group.first == all.index else {
            leaders = nil
            return
        }
        leaders = MemberGroup(
            members: groups.map { $0[0] },
            ranges: groups.map { all.ranges[$0[0]].lowerBound..<all.ranges[$0[$0.count - 1]].upperBound },
            index: place, ranks: all.ranks)
    }
}
