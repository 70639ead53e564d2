package import ClusterProtocol
import Foundation
import Groundwork
import Synchronization
import ZeroMQ

/// Members of a training as threads of this process over real sockets, for measurements.
package enum CollectiveProbe {
    /// What is measured.
    package struct Case: Sendable {
        /// How many take part.
        package var members: Int
        /// `ipc` or `tcp` (loopback).
        package var transport: String
        /// The way they add up.
        package var route: CollectiveRoute
        /// Bytes of a vector of floats.
        package var bytes: Int
        /// Rounds that count.
        package var rounds: Int

        /// A case.
        package init(members: Int, transport: String, route: CollectiveRoute, bytes: Int, rounds: Int) {
            self.members = members
            self.transport = transport
            self.route = route
            self.bytes = bytes
            self.rounds = rounds
        }
    }

    /// Seconds of each round, as member 0 saw them.
    package struct Times: Sendable {
        /// Sums of the vector.
        package var sums: [Double] = []
        /// Exchanges of nothing: two of them are a message there and one back.
        package var empty: [Double] = []
        /// Exchanges in which every member sends `bytes / members` to every other.
        package var gathers: [Double] = []
    }

    /// Measures one case; throws what the sockets throw.
    package static func measure(_ wanted: Case) throws -> Times {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "probe-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let meeting = Meeting(wanted.members)
        let results = Mutex<[Int: Result<Times, any Error>]>([:])
        let group = DispatchGroup()
        for index in 0..<wanted.members {
            group.enter()
            let address =
                wanted.transport == "ipc" ? "ipc://\(folder.path)/\(index)" : "tcp://127.0.0.1:*"
            let thread = Thread {
                let result = Result { try member(index, wanted, address, meeting) }
                results.withLock { $0[index] = result }
                group.leave()
            }
            thread.stackSize = 8 << 20
            thread.start()
        }
        group.wait()
        let all = results.withLock { $0 }
        for index in 1..<max(wanted.members, 1) { _ = try all[index]?.get() }
        return try all[0]?.get() ?? Times()
    }

    /// The sums of a member without others and without a coordinator.
    package static func alone(ranks: Int) throws -> any Collective {
        let control = try CollectiveControl()
        control.go()
        return MemberCollective(
            CollectivePlan(generation: 1, job: 1, index: 0, ranges: [0..<ranks], hosts: [0]),
            carrier: NoCarrier(),
            control: control, progress: ProgressCounter())
    }

    private static func member(
        _ index: Int, _ wanted: Case, _ address: String, _ meeting: Meeting
    ) throws -> Times {
        let control = try CollectiveControl()
        // One context per member, as processes have it.
        let network = try PeerNetwork(context: MessagingContext(), address: address, control: control)
        let endpoints = meeting.meet(index, network.endpoint)
        try network.connect(to: endpoints, me: index)
        var plan = CollectivePlan(
            generation: 1, job: 1, index: index,
            ranges: VirtualRankPlan.ranges(ranks: wanted.members, members: wanted.members),
            hosts: (0..<wanted.members).map { $0 / 2 * 2 })
        plan.route = wanted.route
        let collective = MemberCollective(
            plan, carrier: network, control: control, progress: ProgressCounter())
        defer { collective.end() }
        var times = Times()
        let memory = Memory(byteCount: max(wanted.bytes / 4, 1) * 4)
        let share = Data(count: min(wanted.bytes / wanted.members, 64 << 20))
        for round in 0...wanted.rounds {
            for place in memory.floats.indices { memory.floats[place] = Float(place % 97 + 1) }
            _ = try collective.allGather(Data())
            let sum = try seconds {
                _ = try collective.allReduce(
                    leaves: [TouchedFloats(memory.floats)], scalars: [[1]], scalarCount: 1,
                    into: memory.floats)
            }
            _ = try collective.allGather(Data())
            let empty = try seconds { for _ in 0..<10 { _ = try collective.allGather(Data()) } } / 10
            let gather = try seconds { _ = try collective.allGather(share) }
            // The first round warms up.
            guard round > 0 else { continue }
            times.sums.append(sum)
            times.empty.append(empty)
            times.gathers.append(gather)
        }
        _ = try collective.allGather(Data())
        return times
    }

    private static func seconds(_ body: () throws -> Void) rethrows -> Double {
        let start = SystemFacts.now()
        try body()
        return SystemFacts.now() - start
    }
}

/// Where members tell each other their endpoints.
private final class Meeting: Sendable {
    private let endpoints: Mutex<[Int: String]> = Mutex([:])
    private let count: Int

    init(_ count: Int) { self.count = count }

    func meet(_ index: Int, _ endpoint: String) -> [String] {
        endpoints.withLock { $0[index] = endpoint }
        while endpoints.withLock({ $0.count }) < count { usleep(200) }
        return endpoints.withLock { list in (0..<count).map { list[$0] ?? "" } }
    }
}

/// Carries nothing: there is nobody else.
private final class NoCarrier: Carrier {
    func send(_ header: [UInt8], _ payload: UnsafeRawBufferPointer, to member: Int) throws -> Bool { true }
    func receive() -> ReceivedFrame? { nil }
    func wait(sendingTo members: [Int], milliseconds: Int) throws {}
}
