import ClusterProtocol
import Foundation
import Groundwork

/// Who adds up what in one generation, and on which way.
struct CollectivePlan {
    var generation: UInt64
    var job: UInt64
    /// The own place.
    var index: Int
    /// Every member's virtual ranks, in order.
    var ranges: [Range<Int>]
    /// A number per member; those on one host, who are neighbours, have the same one.
    var hosts: [Int]
    var route = CollectiveRoute.direct
    /// Bytes of a bucket, at least 128.
    var bucketBytes = CollectivePlan.defaultBucketBytes

    /// Bytes of a bucket unless the job says otherwise.
    static let defaultBucketBytes = 4 << 20
}

/// One member's part in the sums of a generation.
///
/// A vector is cut into buckets, which leave from its end to its beginning as soon as their elements are final; a thread of
/// its own moves them meanwhile. Members send the sums of the maximal aligned blocks of their virtual ranks, so every
/// element is added in the order of the fixed tree, whoever computes it: the bits depend neither on the number of members
/// nor on the route or the buckets.
final class MemberCollective: Collective {
    let memberIndex: Int
    let memberCount: Int
    let virtualRanks: Range<Int>

    /// Called at the beginning of each call.
    var whenCalled: (() -> Void)?

    private let plan: CollectivePlan
    private let route: CollectiveRoute
    private let all: MemberGroup
    private let control: CollectiveControl
    private let thread: CollectiveThread
    private var call: UInt64 = 0
    private var sum: SumCall?

    /// The collective of one generation, whose connections the carrier has made.
    init(_ plan: CollectivePlan, carrier: any Carrier, control: CollectiveControl, progress: ProgressCounter)
    {
        self.plan = plan
        self.control = control
        route = plan.route.suited(to: plan.ranges, hosts: plan.hosts)
        memberIndex = plan.index
        memberCount = plan.ranges.count
        virtualRanks = plan.ranges[plan.index]
        all = MemberGroup(
            members: Array(plan.ranges.indices), ranges: plan.ranges, index: plan.index,
            ranks: plan.ranges.last?.upperBound ?? 0)
        var template = PeerFrame(
            kind: .gather, generation: plan.generation, step: 0, sender: UInt32(plan.index))
        template.job = plan.job
        thread = CollectiveThread(
            template, memberCount: memberCount, carrier: carrier, control: control, progress: progress)
        control.begin(plan.generation)
    }

    deinit { thread.end() }

    /// Lets go of the carrier and of all memory; a call under way is given up.
    func end() {
        thread.end()
        sum = nil
    }

    // MARK: Sums

    func release(
        _ leaves: [TouchedFloats?], from offset: Int, into root: UnsafeMutableBufferPointer<Float>
    ) throws {
        guard memberCount > 1 else { return }
        let sum = try self.sum ?? open(root)
        self.sum = sum
        while let bucket = sum.nextBucket(from: offset) {
            let blocks = all.blocks.map { block in
                SummationTree.Block(range: block, values: node(block, leaves, sum.buckets[bucket]))
            }
            thread.post { sum.parts[bucket].begin(blocks) }
        }
    }

    func allReduce(
        leaves: [TouchedFloats?], scalars: [[Double]], scalarCount: Int,
        into root: UnsafeMutableBufferPointer<Float>
    ) throws -> ReducedSum {
        precondition(
            leaves.count == virtualRanks.count && scalars.count == virtualRanks.count,
            "allReduce: \(leaves.count) leaves, \(scalars.count) lists of scalars, \(virtualRanks.count) virtual ranks"
        )
        let numbers = Numbers(scalars, count: scalarCount)
        let doubles = all.blocks.map { block in
            SummationTree.Block(range: block, values: numbers.node(block, first: virtualRanks.lowerBound))
        }
        guard memberCount > 1 else {
            try begin()
            let blocks = all.blocks.map { block in
                SummationTree.Block(range: block, values: node(block, leaves, 0..<root.count))
            }
            let sum = Part.store(all.root(blocks), in: root)
            let scalars = all.root(doubles).map { Array($0.values) }
            return ReducedSum(
                scalars: scalars ?? Array(repeating: 0, count: scalarCount), touched: sum.touched)
        }
        try release(leaves, from: 0, into: root)
        guard let sum else { return ReducedSum(scalars: [], touched: []) }
        let target = Memory(byteCount: scalarCount * 8)
        let totals = target.storage.bindMemory(to: Double.self)
        // Made here: the other thread must not hold this object, whose end waits for that thread.
        let reduction = reduction(reductionPlace(sum.buckets.count), totals)
        thread.post { sum.finishWith(reduction, doubles) }
        try wait()
        self.sum = nil
        return withExtendedLifetime((numbers, target)) {
            ReducedSum(scalars: Array(totals), touched: sum.touched)
        }
    }

    /// The sum over one block of the own virtual ranks, of one range of elements.
    private func node(
        _ block: Range<Int>, _ leaves: [TouchedFloats?], _ range: Range<Int>
    ) -> Part<Float>? {
        let parts = block.map { rank in
            SummationTree.Block(
                range: rank..<(rank + 1),
                values: leaves[rank - virtualRanks.lowerBound].map {
                    Part($0.values, touched: $0.touched)[range]
                })
        }
        return SummationTree.node(parts[...], block, Part.add)
    }

    private func open(_ root: UnsafeMutableBufferPointer<Float>) throws -> SumCall {
        try begin()
        let buckets = SumCall.buckets(of: root.count, bytes: plan.bucketBytes)
        let sum = SumCall(
            buckets,
            parts: buckets.enumerated().map { number, range in
                reduction(reductionPlace(number), UnsafeMutableBufferPointer(rebasing: root[range]))
            })
        thread.begin(sum, number: call)
        return sum
    }

    // MARK: Routes

    private func reductionPlace(_ bucket: Int) -> ReductionPlace {
        ReductionPlace(group: all, bucket: bucket, outbox: thread.outbox)
    }

    /// The sum of one bucket on the plan's route.
    private func reduction<Element: Summand>(
        _ place: ReductionPlace, _ root: UnsafeMutableBufferPointer<Element>
    ) -> any Reduction<Element> {
        switch route {
        case .direct: return DirectReduction(place, root: root)
        case .swap: return SwapReduction(place, root: root)
        case .halving: return HalvingReduction(place, root: root)
        case .leadersDirect, .leadersHalving:
            let hosts = HostGroups(all, hosts: plan.hosts)
            var among: (any Reduction<Element>)?
            if let leaders = hosts.leaders {
                let inner = ReductionPlace(group: leaders, bucket: place.bucket, outbox: place.outbox)
                among =
                    route == .leadersHalving
                    ? HalvingReduction(inner, root: root) : DirectReduction(inner, root: root)
            }
            return LeaderReduction(
                ReductionPlace(group: hosts.mine, bucket: place.bucket, outbox: place.outbox), root: root,
                among: among)
        }
    }

    // MARK: Gathering

    func allGather(_ mine: Data) throws -> [Data] {
        guard mine.count < PeerNetwork.largestFrame else {
            throw ClusterError.tooLarge(what: "A gathered value", bytes: mine.count)
        }
        try begin()
        guard memberCount > 1 else { return [mine] }
        let gather = GatherCall(mine, index: memberIndex, count: memberCount)
        let memory = Memory(mine)
        thread.begin(gather, number: call) { [outbox = thread.outbox, all] in
            outbox.put(.gather, memory, to: all.others)
        }
        try wait()
        return gather.values
    }

    // MARK: Calls

    private func begin() throws {
        call += 1
        control.call(call)
        whenCalled?()
        if control.isInterrupted(plan.generation) { throw CollectiveInterrupted() }
    }

    private func wait() throws {
        control.wait(true)
        defer { control.wait(false) }
        try thread.wait(for: call)
    }
}

/// A sum of several buckets; belongs to the collective's thread, but for ``nextBucket(from:)``.
private final class SumCall: CollectiveCall {
    /// Ranges of the vector, the last one first.
    let buckets: [Range<Int>]
    let parts: [any Reduction<Float>]
    private var scalars: (any Reduction<Double>)?
    /// Frames of the scalars that came before the own ones.
    private var waiting: [ReceivedFrame] = []
    private var released = 0

    init(_ buckets: [Range<Int>], parts: [any Reduction<Float>]) {
        self.buckets = buckets
        self.parts = parts
    }

    /// Ranges of at most `bytes`, cut at multiples of ``SparseBlocks/length``, the last one first; one for nothing.
    static func buckets(of count: Int, bytes: Int) -> [Range<Int>] {
        let length = max(1, bytes / 4 / SparseBlocks.length) * SparseBlocks.length
        let starts = stride(from: 0, to: max(count, 1), by: length)
        return starts.map { $0..<min($0 + length, count) }.reversed()
    }

    /// The next bucket that lies at or behind `offset`; nil if there is none.
    func nextBucket(from offset: Int) -> Int? {
        guard released < buckets.count, buckets[released].lowerBound >= offset else { return nil }
        defer { released += 1 }
        return released
    }

    /// The scalars are there, too.
    func finishWith(_ reduction: any Reduction<Double>, _ blocks: [Block<Double>]) {
        scalars = reduction
        for frame in waiting { _ = reduction.take(frame) }
        waiting = []
        reduction.begin(blocks)
    }

    var isFinished: Bool { scalars?.isFinished == true && parts.allSatisfy(\.isFinished) }

    /// Where the finished vector may not be zero.
    var touched: [Range<Int>] {
        TouchedFloats.union(
            zip(buckets, parts).reversed().flatMap {
                TouchedFloats.shifted($1.touched, by: $0.lowerBound)
            })
    }

    func settle() {
        for part in parts { part.settle() }
        scalars?.settle()
    }

    func take(_ received: ReceivedFrame) -> Bool {
        let bucket = Int(received.frame.bucket)
        if parts.indices.contains(bucket) { return parts[bucket].take(received) }
        guard bucket == parts.count else { return false }
        if let scalars { return scalars.take(received) }
        guard waiting.count < CollectiveThread.mostEarlyFrames else { return false }
        waiting.append(received)
        return true
    }
}

/// Everybody's bytes.
private final class GatherCall: CollectiveCall {
    private var gathered: [Data?]

    init(_ mine: Data, index: Int, count: Int) {
        gathered = Array(repeating: nil, count: count)
        gathered[index] = mine
    }

    var isFinished: Bool { gathered.allSatisfy { $0 != nil } }
    func settle() {}
    var values: [Data] { gathered.compactMap { $0 } }

    func take(_ received: ReceivedFrame) -> Bool {
        guard received.frame.kind == .gather, gathered[Int(received.frame.sender)] == nil else {
            return false
        }
        gathered[Int(received.frame.sender)] = Data(received.payload)
        return true
    }
}

/// The numbers that go with the leaves of the own virtual ranks, in memory of their own.
private final class Numbers {
    private let memory: Memory
    private let rows: [Part<Double>?]

    /// One list per virtual rank, all of `count` numbers but the empty ones of absent ranks.
    init(_ lists: [[Double]], count: Int) {
        precondition(
            lists.allSatisfy { $0.isEmpty || $0.count == count },
            "allReduce: lists of other than \(count) scalars")
        memory = Memory(byteCount: lists.count * count * 8)
        let values = memory.storage.bindMemory(to: Double.self)
        rows = lists.enumerated().map { place, list in
            guard !list.isEmpty else { return nil }
            let row = UnsafeMutableBufferPointer(rebasing: values[place * count..<(place + 1) * count])
            _ = row.update(fromContentsOf: list)
            return Part(row)
        }
    }

    func node(_ block: Range<Int>, first: Int) -> Part<Double>? {
        let parts = block.map { SummationTree.Block(range: $0..<($0 + 1), values: rows[$0 - first]) }
        return SummationTree.node(parts[...], block, Part.add)
    }
}
