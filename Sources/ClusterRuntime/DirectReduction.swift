import ClusterProtocol
import Groundwork

/// Reduce-scatter and all-gather in one message each: every slice of a bucket has an owner who finishes the tree for it.
///
/// For any number of members; 2(N − 1) messages of m/N per member and bucket.
final class DirectReduction<Element: Summand>: Reduction {
    private let place: ReductionPlace
    private let root: UnsafeMutableBufferPointer<Element>
    private let slices: [Range<Int>]
    private var mine: [Block<Element>]?
    /// Per own slice the blocks of other members, and what holds their memory.
    private var foreign: [Int: [Block<Element>]] = [:]
    private var holders: [AnyObject] = []
    /// Per finished slice where its sum may not be zero.
    private var finished: [Int: [Range<Int>]] = [:]

    init(_ place: ReductionPlace, root: UnsafeMutableBufferPointer<Element>) {
        self.place = place
        self.root = root
        slices = Slices.cut(
            root.count, elementBytes: MemoryLayout<Element>.stride, members: place.group.count)
    }

    private var group: MemberGroup { place.group }
    var isFinished: Bool { finished.count == slices.count }
    var touched: [Range<Int>] {
        slices.enumerated().flatMap { TouchedFloats.shifted(finished[$0] ?? [], by: $1.lowerBound) }
    }

    /// The place in the group that finishes a slice; neighbouring buckets begin elsewhere, so that all have work.
    private func owner(of slice: Int) -> Int { (slice + place.bucket * slices.count) % group.count }

    func begin(_ blocks: [Block<Element>]) {
        mine = blocks
        for (slice, range) in slices.enumerated() where owner(of: slice) != group.index {
            for block in blocks {
                place.outbox.put(
                    .partial, bucket: place.bucket, slice: slice, block: block.range, block.values?[range],
                    to: [group.members[owner(of: slice)]])
            }
        }
        for slice in slices.indices where owner(of: slice) == group.index { finishIfComplete(slice) }
    }

    func take(_ received: ReceivedFrame) -> Bool {
        let slice = Int(received.frame.slice)
        guard slices.indices.contains(slice), let sender = group.place(of: received.frame),
            sender != group.index
        else { return false }
        switch received.frame.kind {
        case .partial: return takePartial(received, slice, sender)
        case .reduced:
            let target = UnsafeMutableBufferPointer(rebasing: root[slices[slice]])
            guard sender == owner(of: slice), finished[slice] == nil, let touched = received.fill(target)
            else { return false }
            finished[slice] = touched
            return true
        default: return false
        }
    }

    private func takePartial(_ received: ReceivedFrame, _ slice: Int, _ sender: Int) -> Bool {
        let range = received.block
        guard owner(of: slice) == group.index, finished[slice] == nil,
            VirtualRankPlan.blocks(of: group.ranges[sender]).contains(range),
            foreign[slice]?.contains(where: { $0.range == range }) != true,
            let (part, owner) = received.part(slices[slice].count, Element.self)
        else { return false }
        if let owner { holders.append(owner) }
        foreign[slice, default: []].append(Block<Element>(range: range, values: part))
        finishIfComplete(slice)
        return true
    }

    private func finishIfComplete(_ slice: Int) {
        let others = foreign[slice] ?? []
        guard let mine, others.reduce(0, { $0 + $1.range.count }) == group.ranks - group.virtualRanks.count
        else { return }
        let range = slices[slice]
        let own = mine.map { Block<Element>(range: $0.range, values: $0.values?[range]) }
        let all = (own + others).sorted { $0.range.lowerBound < $1.range.lowerBound }
        let sum = Part.store(group.root(all), in: UnsafeMutableBufferPointer(rebasing: root[range]))
        finished[slice] = sum.touched
        place.outbox.put(
            .reduced, bucket: place.bucket, slice: slice, block: 0..<0, sum, to: group.others)
    }
}

/// How a bucket is cut for ``DirectReduction``.
enum Slices {
    /// Bytes of a slice at least, so that small sums take few messages.
    static let smallest = 64 << 10
    /// Bytes of a slice at most, so that large sums flow.
    static let largest = 512 << 10

    /// Contiguous slices of `count` elements, cut at multiples of ``SparseBlocks/length``: few for small sums, a multiple of
    /// the members for large ones.
    static func cut(_ count: Int, elementBytes: Int, members: Int) -> [Range<Int>] {
        let bytes = count * elementBytes
        let number: Int
        if bytes < smallest * members {
            number = max(1, bytes / smallest)
        } else {
            let share = members * largest
            number = members * ((bytes + share - 1) / share)
        }
        let cuts = (0...number).map { part in
            part == number ? count : count * part / number / SparseBlocks.length * SparseBlocks.length
        }
        return zip(cuts, cuts.dropFirst()).map { $0..<$1 }
    }
}
