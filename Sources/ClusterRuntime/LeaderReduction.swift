import ClusterProtocol

/// Two levels: members of a host send their blocks to the host's leader, leaders add among themselves, and tell.
///
/// Only leaders use the network between hosts: 2(H − 1)/H · m per host instead of per member.
final class LeaderReduction<Element: Summand>: Reduction {
    private let place: ReductionPlace
    private let root: UnsafeMutableBufferPointer<Element>
    /// The sum among leaders; nil for who is none.
    private let among: (any Reduction<Element>)?
    private var blocks: [Block<Element>] = []
    private var holders: [AnyObject] = []
    private var hasTold = false
    /// What the leader told; nil until then.
    private var told: [Range<Int>]?
    private var hasBegun = false

    /// `place.group` holds the members of this host, whose first one leads.
    init(
        _ place: ReductionPlace, root: UnsafeMutableBufferPointer<Element>,
        among: (any Reduction<Element>)?
    ) {
        self.place = place
        self.root = root
        self.among = among
    }

    private var group: MemberGroup { place.group }
    private var hostRanks: Range<Int> {
        (group.ranges.first?.lowerBound ?? 0)..<(group.ranges.last?.upperBound ?? 0)
    }

    var isFinished: Bool { among.map { $0.isFinished && hasTold } ?? (told != nil) }
    var touched: [Range<Int>] { among?.touched ?? told ?? [] }

    func settle() {
        among?.settle()
        tellIfFinished()
    }

    func begin(_ blocks: [Block<Element>]) {
        guard among == nil else {
            self.blocks += blocks
            return beginIfComplete()
        }
        for block in blocks {
            place.outbox.put(
                .collected, bucket: place.bucket, slice: 0, block: block.range, block.values,
                to: [group.members[0]])
        }
    }

    func take(_ received: ReceivedFrame) -> Bool {
        switch received.frame.kind {
        case .collected: return collect(received)
        case .spread:
            guard among == nil, group.place(of: received.frame) == 0, told == nil,
                let touched = received.fill(root)
            else { return false }
            told = touched
            return true
        case .partial, .reduced:
            guard let among, among.take(received) else { return false }
            tellIfFinished()
            return true
        case .gather, .stateRequest, .state: return false
        }
    }

    private func collect(_ received: ReceivedFrame) -> Bool {
        let range = received.block
        guard among != nil, let sender = group.place(of: received.frame), sender != 0,
            VirtualRankPlan.blocks(of: group.ranges[sender]).contains(range),
            !blocks.contains(where: { $0.range == range }), !hasBegun,
            let (part, owner) = received.part(root.count, Element.self)
        else { return false }
        if let owner { holders.append(owner) }
        blocks.append(Block<Element>(range: range, values: part))
        beginIfComplete()
        return true
    }

    /// Adds up the host's blocks once they are all there.
    private func beginIfComplete() {
        guard let among, !hasBegun, blocks.reduce(0, { $0 + $1.range.count }) == hostRanks.count else {
            return
        }
        hasBegun = true
        let sorted = blocks.sorted { $0.range.lowerBound < $1.range.lowerBound }
        among.begin(
            VirtualRankPlan.blocks(of: hostRanks).map { range in
                let inside = sorted.filter { range.contains($0.range.lowerBound) }
                return Block<Element>(
                    range: range, values: SummationTree.node(inside[...], range, Part<Element>.add))
            })
        tellIfFinished()
    }

    private func tellIfFinished() {
        guard let among, among.isFinished, !hasTold else { return }
        hasTold = true
        place.outbox.put(
            .spread, bucket: place.bucket, slice: 0, block: 0..<0, Part(root, touched: among.touched),
            to: group.others)
    }
}
