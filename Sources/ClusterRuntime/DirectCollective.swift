import ClusterProtocol
import Foundation
import Groundwork
import ZeroMQ

/// Sums over members by direct reduce-scatter and all-gather: each slice has an owner who finishes the tree for it.
///
/// A member sends the sums of the maximal aligned blocks of its virtual ranks; so every element is added in the order of
/// the fixed tree, whoever computes it, and the bits do not depend on the number of members.
final class DirectCollective: Collective {
    /// Bytes of a slice at least, so that small sums take few messages.
    static let smallestSlice = 64 << 10
    /// Bytes of a slice at most, so that large sums flow.
    static let largestSlice = 512 << 10

    /// Frames kept for the next call at most.
    static let mostEarlyFrames = 1 << 16

    let memberIndex: Int
    let memberCount: Int
    let virtualRanks: Range<Int>

    /// Called at the beginning of each call.
    var whenCalled: (() -> Void)?

    private let generation: UInt64
    private let job: UInt64
    let ranges: [Range<Int>]
    private let network: PeerNetwork
    private let progress: ProgressCounter
    private var call: UInt64 = 0
    /// Frames of the next call that came early.
    private var early: [(frame: PeerFrame, payload: Message)] = []
    private var outgoing: [Outgoing] = []

    private struct Outgoing {
        let member: Int
        let header: [UInt8]
        let payload: UnsafeRawBufferPointer
        /// Keeps the payload's memory alive where it is not the caller's.
        let owner: AnyObject?
    }

    /// The collective of one generation, whose connections the network has made.
    init(
        generation: UInt64, job: UInt64, index: Int, ranges: [Range<Int>], network: PeerNetwork,
        progress: ProgressCounter
    ) {
        self.generation = generation
        self.job = job
        self.ranges = ranges
        self.network = network
        self.progress = progress
        memberIndex = index
        memberCount = ranges.count
        virtualRanks = ranges[index]
        network.control.begin(generation)
    }

    private var ranks: Int { ranges.last?.upperBound ?? 0 }

    // MARK: Sums

    func allReduce(
        leaves: [TouchedFloats?], scalars: [[Double]],
        into root: UnsafeMutableBufferPointer<Float>
    ) throws -> [Double] {
        precondition(
            leaves.count == virtualRanks.count && scalars.count == virtualRanks.count,
            "allReduce: \(leaves.count) leaves, \(scalars.count) lists of scalars, \(virtualRanks.count) virtual ranks"
        )
        try begin()
        let blocks = VirtualRankPlan.blocks(of: virtualRanks)
        let floats = blocks.map { block in floatBlock(block, leaves) }
        let doubles = blocks.map { block in scalarBlock(block, scalars) }
        guard memberCount > 1 else {
            finish(SummationTree.root(of: floats, ranks: ranks, add: addInPlace)?.values, into: root)
            return SummationTree.root(of: doubles, ranks: ranks, add: SummationTree.add) ?? []
        }
        let exchange = Exchange(
            slices: Self.slices(of: root.count, members: memberCount),
            blocks: floats.map { .init(range: $0.range, values: $0.values?.values) }, scalars: doubles,
            root: root)
        scatter(exchange)
        try run {
            isComplete(exchange)
        } receive: { frame, payload in
            try take(frame, payload, into: exchange)
        }
        return exchange.scalarRoot ?? []
    }

    /// What is under way in one call.
    private final class Exchange {
        let slices: [Range<Int>]
        let blocks: [SummationTree.Block<UnsafeMutableBufferPointer<Float>>]
        let scalars: [SummationTree.Block<[Double]>]
        let root: UnsafeMutableBufferPointer<Float>
        /// Per own slice: blocks of other members, and the messages that hold them.
        var foreign: [Int: [SummationTree.Block<UnsafeMutableBufferPointer<Float>>]] = [:]
        var foreignScalars: [SummationTree.Block<[Double]>] = []
        var holders: [AnyObject] = []
        var finished: Set<Int> = []
        var scalarRoot: [Double]?

        init(
            slices: [Range<Int>], blocks: [SummationTree.Block<UnsafeMutableBufferPointer<Float>>],
            scalars: [SummationTree.Block<[Double]>], root: UnsafeMutableBufferPointer<Float>
        ) {
            self.slices = slices
            self.blocks = blocks
            self.scalars = scalars
            self.root = root
        }

        /// The slice number under which scalars travel.
        var scalarSlice: Int { slices.count }
    }

    private func isComplete(_ exchange: Exchange) -> Bool {
        exchange.finished.count == exchange.slices.count && exchange.scalarRoot != nil
    }

    /// Sends the own blocks of every slice to the slice's owner.
    private func scatter(_ exchange: Exchange) {
        for (slice, range) in exchange.slices.enumerated() where owner(of: slice) != memberIndex {
            for block in exchange.blocks {
                var frame = frame(.partial, slice: slice, block: block.range)
                frame.dtype = 1
                guard let values = block.values else {
                    queue(frame, nil, to: owner(of: slice))
                    continue
                }
                queue(frame, floats: UnsafeBufferPointer(rebasing: values[range]), to: [owner(of: slice)])
            }
        }
        if memberIndex != 0 {
            for block in exchange.scalars {
                var frame = frame(.partial, slice: exchange.scalarSlice, block: block.range)
                frame.dtype = 2
                let memory = block.values.map(Memory.init)
                queue(frame, memory?.bytes, to: 0, owner: memory)
            }
        }
        for slice in exchange.slices.indices where owner(of: slice) == memberIndex {
            finishIfComplete(slice, exchange)
        }
        finishScalarsIfComplete(exchange)
    }

    private func take(_ frame: PeerFrame, _ payload: Message, into exchange: Exchange) throws {
        let slice = Int(frame.slice)
        guard slice <= exchange.scalarSlice else { return network.control.drop() }
        switch (frame.kind, slice == exchange.scalarSlice) {
        case (.partial, false): takePartial(frame, payload, slice, exchange)
        case (.partial, true): takeScalars(frame, payload, exchange)
        case (.reduced, false):
            let range = exchange.slices[slice]
            guard frame.sender == owner(of: slice),
                fill(UnsafeMutableBufferPointer(rebasing: exchange.root[range]), frame, payload)
            else { return network.control.drop() }
            exchange.finished.insert(slice)
        case (.reduced, true):
            guard frame.sender == 0, payload.count % 8 == 0 else { return network.control.drop() }
            exchange.scalarRoot = doubles(of: payload)
        case (.gather, _): network.control.drop()
        }
    }

    private func takePartial(
        _ frame: PeerFrame, _ payload: Message, _ slice: Int, _ exchange: Exchange
    ) {
        let count = exchange.slices[slice].count
        guard owner(of: slice) == memberIndex, isBlock(frame),
            exchange.foreign[slice]?.contains(where: { $0.range.lowerBound == Int(frame.blockStart) }) != true
        else { return network.control.drop() }
        var values: UnsafeMutableBufferPointer<Float>?
        if !frame.isAbsent {
            let memory = Memory(byteCount: count * 4)
            guard fill(memory.floats, frame, payload) else { return network.control.drop() }
            exchange.holders.append(memory)
            values = memory.floats
        }
        exchange.foreign[slice, default: []].append(.init(range: blockRange(frame), values: values))
        finishIfComplete(slice, exchange)
    }

    private func takeScalars(_ frame: PeerFrame, _ payload: Message, _ exchange: Exchange) {
        guard memberIndex == 0, isBlock(frame), payload.count % 8 == 0,
            !exchange.foreignScalars.contains(where: { $0.range.lowerBound == Int(frame.blockStart) })
        else { return network.control.drop() }
        exchange.foreignScalars.append(
            .init(range: blockRange(frame), values: frame.isAbsent ? nil : doubles(of: payload)))
        finishScalarsIfComplete(exchange)
    }

    private func finishIfComplete(_ slice: Int, _ exchange: Exchange) {
        let foreign = exchange.foreign[slice] ?? []
        let range = exchange.slices[slice]
        guard !exchange.finished.contains(slice), covered(foreign.map(\.range)) else { return }
        let mine = exchange.blocks.map { block in
            SummationTree.Block(
                range: block.range,
                values: block.values.map { UnsafeMutableBufferPointer(rebasing: $0[range]) })
        }
        let all = (mine + foreign).sorted { $0.range.lowerBound < $1.range.lowerBound }
        let target = UnsafeMutableBufferPointer(rebasing: exchange.root[range])
        finish(SummationTree.root(of: all, ranks: ranks, add: addInPlace), into: target)
        exchange.finished.insert(slice)
        var frame = frame(.reduced, slice: slice, block: 0..<0)
        frame.dtype = 1
        queue(
            frame, floats: UnsafeBufferPointer(target), to: (0..<memberCount).filter { $0 != memberIndex })
    }

    private func finishScalarsIfComplete(_ exchange: Exchange) {
        guard memberIndex == 0, exchange.scalarRoot == nil, covered(exchange.foreignScalars.map(\.range))
        else { return }
        let all = (exchange.scalars + exchange.foreignScalars).sorted {
            $0.range.lowerBound < $1.range.lowerBound
        }
        let root = SummationTree.root(of: all, ranks: ranks, add: SummationTree.add) ?? []
        exchange.scalarRoot = root
        var frame = frame(.reduced, slice: exchange.scalarSlice, block: 0..<0)
        frame.dtype = 2
        let memory = Memory(root)
        for member in 1..<memberCount { queue(frame, memory.bytes, to: member, owner: memory) }
    }

    // MARK: Gathering

    func allGather(_ mine: Data) throws -> [Data] {
        try begin()
        guard mine.count < PeerNetwork.largestFrame else {
            throw ClusterError.tooLarge(what: "A gathered value", bytes: mine.count)
        }
        var gathered = [Data?](repeating: nil, count: memberCount)
        gathered[memberIndex] = mine
        let memory = Memory(mine)
        for member in 0..<memberCount where member != memberIndex {
            queue(frame(.gather, slice: 0, block: 0..<0), memory.bytes, to: member, owner: memory)
        }
        try run {
            gathered.allSatisfy { $0 != nil }
        } receive: { frame, payload in
            guard frame.kind == .gather else { return network.control.drop() }
            gathered[Int(frame.sender)] = payload.data
        }
        return gathered.compactMap { $0 }
    }

    // MARK: Sending and receiving

    private func begin() throws {
        call += 1
        network.control.call(call)
        whenCalled?()
        outgoing = []
        if network.control.isInterrupted(generation) { throw CollectiveInterrupted() }
    }

    /// Sends what is queued and receives until `isDone`; a member that is behind makes the others wait, without spinning.
    private func run(
        until isDone: () -> Bool, receive: (PeerFrame, Message) throws -> Void
    ) throws {
        network.control.wait(true)
        defer { network.control.wait(false) }
        let waiting = early
        early = []
        for (frame, payload) in waiting where frame.step == call { try receive(frame, payload) }
        while true {
            if network.control.isInterrupted(generation) { throw CollectiveInterrupted() }
            try sendQueued()
            while let (frame, payload) = network.receive() {
                try sort(frame, payload, receive)
            }
            try sendQueued()
            if outgoing.isEmpty, isDone() { return }
            let members = Set(outgoing.map(\.member)).sorted()
            try network.wait(sendingTo: members, milliseconds: 1000)
        }
    }

    private func sort(
        _ frame: PeerFrame, _ payload: Message, _ receive: (PeerFrame, Message) throws -> Void
    ) throws {
        guard frame.generation == generation, frame.job == job, frame.sender < memberCount,
            frame.sender != memberIndex
        else { return network.control.drop() }
        progress.beat()
        if frame.step == call {
            try receive(frame, payload)
        } else if frame.step == call + 1, early.count < Self.mostEarlyFrames {
            early.append((frame, payload))
        } else {
            network.control.drop()
        }
    }

    private func sendQueued() throws {
        var full: Set<Int> = []
        var rest: [Outgoing] = []
        for item in outgoing {
            if full.contains(item.member) {
                rest.append(item)
            } else if try !network.send(item.header, item.payload, to: item.member) {
                full.insert(item.member)
                rest.append(item)
            }
        }
        outgoing = rest
    }

    private func queue(
        _ frame: PeerFrame, _ payload: UnsafeRawBufferPointer?, to member: Int, owner: AnyObject? = nil
    ) {
        var frame = frame
        let bytes = payload ?? UnsafeRawBufferPointer(start: nil, count: 0)
        if payload == nil { frame.flags |= PeerFrame.absent }
        frame.payloadBytes = UInt32(bytes.count)
        outgoing.append(
            Outgoing(member: member, header: frame.encoded(payload: bytes), payload: bytes, owner: owner))
    }

    /// Queues floats, without their blocks of zeros where that is shorter.
    private func queue(_ frame: PeerFrame, floats: UnsafeBufferPointer<Float>, to members: [Int]) {
        var frame = frame
        let sparse = SparseBlocks.encode(floats)
        if sparse != nil { frame.flags |= PeerFrame.sparse }
        for member in members {
            queue(frame, sparse?.bytes ?? UnsafeRawBufferPointer(floats), to: member, owner: sparse)
        }
    }

    /// Fills `values` from a frame's payload; false if it does not fit them.
    private func fill(
        _ values: UnsafeMutableBufferPointer<Float>, _ frame: PeerFrame, _ payload: Message
    ) -> Bool {
        payload.withUnsafeBytes { bytes in
            if frame.flags & PeerFrame.sparse != 0 { return SparseBlocks.decode(bytes, into: values) }
            guard bytes.count == values.count * 4 else { return false }
            UnsafeMutableRawBufferPointer(values).copyMemory(from: bytes)
            return true
        }
    }

    private func frame(_ kind: PeerFrame.Kind, slice: Int, block: Range<Int>) -> PeerFrame {
        var frame = PeerFrame(
            kind: kind, generation: generation, step: call, sender: UInt32(memberIndex))
        frame.job = job
        frame.slice = UInt32(slice)
        frame.blockStart = UInt32(block.lowerBound)
        frame.blockLength = UInt32(block.count)
        return frame
    }

    // MARK: Slices and blocks

    /// Contiguous slices of `count` floats, cut at multiples of ``SparseBlocks/length``: few for small sums, a multiple of
    /// the members for large ones.
    static func slices(of count: Int, members: Int) -> [Range<Int>] {
        let bytes = count * 4
        let number: Int
        if bytes < smallestSlice * members {
            number = max(1, bytes / smallestSlice)
        } else {
            let share = members * largestSlice
            number = members * ((bytes + share - 1) / share)
        }
        let cuts = (0...number).map { part in
            part == number ? count : count * part / number / SparseBlocks.length * SparseBlocks.length
        }
        return zip(cuts, cuts.dropFirst()).map { $0..<$1 }
    }

    private func owner(of slice: Int) -> Int { slice % memberCount }

    private func isBlock(_ frame: PeerFrame) -> Bool {
        VirtualRankPlan.blocks(of: ranges[Int(frame.sender)]).contains(blockRange(frame))
    }

    private func blockRange(_ frame: PeerFrame) -> Range<Int> {
        Int(frame.blockStart)..<(Int(frame.blockStart) + Int(frame.blockLength))
    }

    /// Whether blocks of the other members are all there.
    private func covered(_ blocks: [Range<Int>]) -> Bool {
        blocks.reduce(0) { $0 + $1.count } == ranks - virtualRanks.count
    }

    private func floatBlock(
        _ block: Range<Int>, _ leaves: [TouchedFloats?]
    ) -> SummationTree.Block<TouchedFloats> {
        let parts = block.map { rank in
            SummationTree.Block(range: rank..<(rank + 1), values: leaves[rank - virtualRanks.lowerBound])
        }
        return .init(range: block, values: SummationTree.node(parts[...], block, addInPlace))
    }

    private func scalarBlock(_ block: Range<Int>, _ scalars: [[Double]]) -> SummationTree.Block<[Double]> {
        let parts = block.map { rank in
            let values = scalars[rank - virtualRanks.lowerBound]
            return SummationTree.Block(range: rank..<(rank + 1), values: values.isEmpty ? nil : values)
        }
        return .init(range: block, values: SummationTree.node(parts[...], block, SummationTree.add))
    }

    private func addInPlace(_ left: TouchedFloats, _ right: TouchedFloats) -> TouchedFloats {
        SummationTree.add(right, to: left.values)
        return TouchedFloats(left.values, touched: TouchedFloats.union(left.touched + right.touched))
    }

    private func addInPlace(
        _ left: UnsafeMutableBufferPointer<Float>, _ right: UnsafeMutableBufferPointer<Float>
    ) -> UnsafeMutableBufferPointer<Float> {
        SummationTree.add(UnsafeBufferPointer(right), to: left)
        return left
    }

    private func finish(
        _ sum: UnsafeMutableBufferPointer<Float>?, into target: UnsafeMutableBufferPointer<Float>
    ) {
        guard let sum else { return target.update(repeating: 0) }
        guard let from = sum.baseAddress, let to = target.baseAddress, from != to else { return }
        to.update(from: from, count: target.count)
    }

    private func doubles(of payload: Message) -> [Double] {
        payload.withUnsafeBytes { bytes in
            stride(from: 0, to: bytes.count, by: 8).map {
                bytes.loadUnaligned(fromByteOffset: $0, as: Double.self)
            }
        }
    }
}
