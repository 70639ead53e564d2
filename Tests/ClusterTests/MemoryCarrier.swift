import Foundation
import Groundwork
import Synchronization
import ZeroMQ

@testable import ClusterProtocol
@testable import ClusterRuntime

/// Members in one process whose frames lie in memory on their way: the carrier without sockets.
///
/// Sees and may drop or repeat every frame.
final class MemoryNetwork: @unchecked Sendable {
    // Safe to share: everything mutable is only touched under `lock`.
    private let lock = NSLock()
    private var queues: [[Frame]]
    private let controls: [CollectiveControl]
    /// Frames that a member has room for.
    private let room: Int
    private(set) var sent: [PeerFrame.Kind: Int] = [:]

    fileprivate struct Frame {
        let header: [UInt8]
        let payload: Memory
    }

    init(_ controls: [CollectiveControl], room: Int = 1 << 20) {
        self.controls = controls
        self.room = room
        queues = controls.map { _ in [] }
    }

    /// The end of one member.
    func carrier(_ member: Int) -> MemoryCarrier { MemoryCarrier(self, member) }

    fileprivate func put(_ header: [UInt8], _ payload: UnsafeRawBufferPointer, to member: Int) -> Bool {
        let memory = Memory(byteCount: payload.count)
        memory.storage.copyMemory(from: payload)
        lock.lock()
        defer { lock.unlock() }
        guard queues[member].count < room else { return false }
        queues[member].append(Frame(header: header, payload: memory))
        if let kind = PeerFrame.Kind(rawValue: header[4]) { sent[kind, default: 0] += 1 }
        controls[member].wakeUp.signal()
        return true
    }

    fileprivate func takeAll(_ member: Int) -> [Frame] {
        lock.lock()
        defer { lock.unlock() }
        let frames = queues[member]
        queues[member] = []
        if frames.count >= room { for control in controls { control.wakeUp.signal() } }
        return frames
    }

    fileprivate func wait(_ member: Int, _ milliseconds: Int) throws {
        _ = try poll([], wakeUp: controls[member].wakeUp, timeout: milliseconds)
    }
}

/// One member's end of a ``MemoryNetwork``.
final class MemoryCarrier: Carrier {
    private let network: MemoryNetwork
    private let member: Int
    private var waiting: ArraySlice<MemoryNetwork.Frame> = []

    fileprivate init(_ network: MemoryNetwork, _ member: Int) {
        self.network = network
        self.member = member
    }

    func send(_ header: [UInt8], _ payload: UnsafeRawBufferPointer, to member: Int) throws -> Bool {
        network.put(header, payload, to: member)
    }

    func receive() -> ReceivedFrame? {
        if waiting.isEmpty { waiting = network.takeAll(member)[...] }
        guard let next = waiting.popFirst() else { return nil }
        let frame = next.header.withUnsafeBytes { PeerFrame($0, payload: next.payload.bytes) }
        return frame.map { ReceivedFrame(frame: $0, payload: next.payload.storage, owner: next.payload) }
    }

    func wait(sendingTo members: [Int], milliseconds: Int) throws {
        try network.wait(member, milliseconds)
    }
}

/// Runs `body` as every member of a generation, each on a thread of its own, and returns the results in order.
func withMemoryMembers<Result: Sendable>(
    _ plans: [CollectivePlan], room: Int = 1 << 20,
    after: @Sendable (MemoryNetwork) -> Void = { _ in },
    _ body: @escaping @Sendable (MemberCollective, CollectiveControl) throws -> Result
) throws -> [Swift.Result<Result, any Error>] {
    let controls = try plans.map { _ in try CollectiveControl() }
    let network = MemoryNetwork(controls, room: room)
    let results = Mutex<[Int: Swift.Result<Result, any Error>]>([:])
    let done = Barrier(plans.count + 1)
    for plan in plans {
        let thread = Thread {
            let control = controls[plan.index]
            let collective = MemberCollective(
                plan, carrier: network.carrier(plan.index), control: control, progress: ProgressCounter())
            let result = Swift.Result<Result, any Error> { try body(collective, control) }
            collective.end()
            results.withLock { $0[plan.index] = result }
            done.wait()
        }
        thread.stackSize = 4 << 20
        thread.start()
    }
    done.wait()
    after(network)
    return results.withLock { list in plans.indices.compactMap { list[$0] } }
}

extension CollectivePlan {
    /// The plans of all members of a generation, whose hosts hold `perHost` members each.
    static func plans(
        members: Int, ranks: Int, perHost: Int = 1, route: CollectiveRoute, bucketBytes: Int,
        generation: UInt64 = 1
    ) -> [CollectivePlan] {
        let ranges = VirtualRankPlan.ranges(ranks: ranks, members: members)
        return (0..<members).map { index in
            CollectivePlan(
                generation: generation, job: 1, index: index, ranges: ranges,
                hosts: (0..<members).map { $0 / perHost * perHost }, route: route, bucketBytes: bucketBytes)
        }
    }
}
