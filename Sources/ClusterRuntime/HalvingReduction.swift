import ClusterProtocol
import Groundwork

/// Recursive halving and doubling (Rabenseifner): neighbours in the tree exchange halves of the bucket, then pairs of
/// neighbours quarters, and so on; the way back doubles what is finished.
///
/// 2 log₂ N messages per member and bucket. Step j adds two nodes of 2ʲ members each, so that the order is the tree's;
/// hence N must be a power of two and every member's ranks one aligned block of the same size (`CollectiveRoute.suited`).
final class HalvingReduction<Element: Summand>: Reduction {
    private let place: ReductionPlace
    private let root: UnsafeMutableBufferPointer<Element>
    private let levels: Int
    /// The segment held after 0, 1, … `levels` halvings.
    private var segments: [Range<Int>]
    private var level = 0
    private var hasBegun = false
    private var mine: Part<Element>?
    private var isGathering = false
    /// What partners sent ahead, by level.
    private var partials: [Int: Part<Element>?] = [:]
    private var reduced: [Int: ReceivedFrame] = [:]
    /// Memory of parts that came; frames on their way out may point into it.
    private var holders: [AnyObject] = []
    private(set) var isFinished = false
    /// Where what is finished so far may not be zero.
    private(set) var touched: [Range<Int>] = []

    init(_ place: ReductionPlace, root: UnsafeMutableBufferPointer<Element>) {
        self.place = place
        self.root = root
        levels = place.group.count.trailingZeroBitCount
        segments = [0..<root.count]
        for level in 0..<levels {
            let (lower, upper) = Self.halves(segments[level])
            segments.append((place.group.index >> level) & 1 == 0 ? lower : upper)
        }
    }

    private var group: MemberGroup { place.group }

    private static func halves(_ range: Range<Int>) -> (Range<Int>, Range<Int>) {
        let middle =
            range.lowerBound + range.count / 2 / SparseBlocks.length * SparseBlocks.length
        return (range.lowerBound..<middle, middle..<range.upperBound)
    }

    private func partner(_ level: Int) -> Int { group.index ^ (1 << level) }
    private func isLower(_ level: Int) -> Bool { (group.index >> level) & 1 == 0 }

    /// The virtual ranks below the node that `member` belongs to after `level` halvings.
    private func node(of member: Int, _ level: Int) -> Range<Int> {
        let first = (member >> level) << level
        return group.ranges[first].lowerBound..<group.ranges[first + (1 << level) - 1].upperBound
    }

    /// What the partner of a level keeps of the segment before it.
    private func partnerSegment(_ level: Int) -> Range<Int> {
        let (lower, upper) = Self.halves(segments[level])
        return isLower(level) ? upper : lower
    }

    func begin(_ blocks: [Block<Element>]) {
        mine = blocks.first?.values
        hasBegun = true
        sendHalf()
        advance()
    }

    func take(_ received: ReceivedFrame) -> Bool {
        let step = Int(received.frame.slice)
        guard (0..<levels).contains(step), group.place(of: received.frame) == partner(step) else {
            return false
        }
        switch received.frame.kind {
        case .partial:
            guard received.block == node(of: partner(step), step), partials[step] == nil,
                !(hasBegun && (level > step || isGathering)),
                let (part, owner) = received.part(segments[step + 1].count, Element.self)
            else { return false }
            if let owner { holders.append(owner) }
            partials.updateValue(part, forKey: step)
        case .reduced:
            guard reduced[step] == nil, !isFinished else { return false }
            reduced[step] = received
        default: return false
        }
        if hasBegun { advance() }
        return true
    }

    /// Does what can be done.
    private func advance() {
        while !isGathering {
            guard level < levels else { return gather() }
            guard let theirs = partials.removeValue(forKey: level) else { return }
            add(theirs)
            level += 1
            if level < levels { sendHalf() }
        }
        collect()
    }

    /// Sends the half of the present segment that the partner goes on with.
    private func sendHalf() {
        guard level < levels else { return }
        let segment = partnerSegment(level)
        let start = segments[level].lowerBound
        place.outbox.put(
            .partial, bucket: place.bucket, slice: level, block: node(of: group.index, level),
            mine?[segment.lowerBound - start..<segment.upperBound - start],
            to: [group.members[partner(level)]])
    }

    private func add(_ theirs: Part<Element>?) {
        let (from, kept) = (segments[level].lowerBound, segments[level + 1])
        let own = mine?[kept.lowerBound - from..<kept.upperBound - from]
        guard let own, let theirs else {
            mine = own ?? theirs
            return
        }
        mine = isLower(level) ? Part.add(own, theirs) : Part.add(theirs, own)
    }

    private func gather() {
        isGathering = true
        let sum = Part.store(mine, in: UnsafeMutableBufferPointer(rebasing: root[segments[levels]]))
        mine = sum
        touched = TouchedFloats.shifted(sum.touched, by: segments[levels].lowerBound)
        sendFinished()
        collect()
    }

    /// Sends the finished segment to the partner of the level before it.
    private func sendFinished() {
        guard level > 0 else { return isFinished = true }
        place.outbox.put(
            .reduced, bucket: place.bucket, slice: level - 1, block: 0..<0,
            Part(root, touched: touched)[segments[level]],
            to: [group.members[partner(level - 1)]])
    }

    private func collect() {
        while level > 0, let received = reduced[level - 1] {
            let segment = partnerSegment(level - 1)
            guard let filled = received.fill(UnsafeMutableBufferPointer(rebasing: root[segment]))
            else { return }
            touched = TouchedFloats.union(
                touched, TouchedFloats.shifted(filled, by: segment.lowerBound))
            reduced[level - 1] = nil
            level -= 1
            sendFinished()
        }
    }
}
