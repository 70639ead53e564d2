import ClusterProtocol
import Groundwork

/// Everybody sends everybody its blocks and finishes the tree by itself.
///
/// One message of m per pair of members and bucket, cut into slices: for two members as many bytes as
/// ``DirectReduction`` in half as many messages one after the other.
final class SwapReduction<Element: Summand>: Reduction {
    private let place: ReductionPlace
    private let root: UnsafeMutableBufferPointer<Element>
    private let slices: [Range<Int>]
    private var mine: [Block<Element>]?
    /// Per slice the blocks of other members, and what holds their memory.
    private var foreign: [[Block<Element>]]
    private var holders: [AnyObject] = []
    /// Per finished slice where its sum may not be zero.
    private var finished: [Int: [Range<Int>]] = [:]

    init(_ place: ReductionPlace, root: UnsafeMutableBufferPointer<Element>) {
        self.place = place
        self.root = root
        slices = Slices.cut(root.count, elementBytes: MemoryLayout<Element>.stride, members: 1)
        foreign = Array(repeating: [], count: slices.count)
    }

    private var group: MemberGroup { place.group }
    var isFinished: Bool { finished.count == slices.count }
    var touched: [Range<Int>] {
        slices.enumerated().flatMap { TouchedFloats.shifted(finished[$0] ?? [], by: $1.lowerBound) }
    }

    func begin(_ blocks: [Block<Element>]) {
        mine = blocks
        for (slice, range) in slices.enumerated() {
            for block in blocks {
                place.outbox.put(
                    .partial, bucket: place.bucket, slice: slice, block: block.range, block.values?[range],
                    to: group.others)
            }
        }
    }

    func take(_ received: ReceivedFrame) -> Bool {
        let (slice, range) = (Int(received.frame.slice), received.block)
        guard received.frame.kind == .partial, slices.indices.contains(slice),
            let sender = group.place(of: received.frame), sender != group.index,
            VirtualRankPlan.blocks(of: group.ranges[sender]).contains(range),
            !foreign[slice].contains(where: { $0.range == range }),
            let (part, owner) = received.part(slices[slice].count, Element.self)
        else { return false }
        if let owner { holders.append(owner) }
        foreign[slice].append(Block<Element>(range: range, values: part))
        return true
    }

    /// Adds up what is complete, in the memory of the own blocks, whose frames are gone.
    func settle() {
        guard let mine else { return }
        for (slice, range) in slices.enumerated() where finished[slice] == nil && isComplete(slice) {
            let own = mine.map { Block<Element>(range: $0.range, values: $0.values?[range]) }
            let all = (own + foreign[slice]).sorted { $0.range.lowerBound < $1.range.lowerBound }
            let target = UnsafeMutableBufferPointer(rebasing: root[range])
            finished[slice] = Part.store(group.root(all), in: target, own: own.first?.values).touched
        }
    }

    private func isComplete(_ slice: Int) -> Bool {
        foreign[slice].reduce(0) { $0 + $1.range.count } == group.ranks - group.virtualRanks.count
    }
}
