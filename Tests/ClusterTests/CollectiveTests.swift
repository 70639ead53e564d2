import Foundation
import Groundwork
import Synchronization
import TestSupport
import Testing
import ZeroMQ

@testable import ClusterProtocol
@testable import ClusterRuntime

/// Members as threads of this process, over real sockets.
struct CollectiveTests {
    /// Runs `body` as every member of a generation and returns their results in order.
    private func withMembers<Result: Sendable>(
        _ count: Int, ranks: Int, transport: String, generation: UInt64 = 1,
        _ body: @escaping @Sendable (MemberCollective, CollectiveControl) throws -> Result
    ) throws -> [Swift.Result<Result, any Error>] {
        let context = try MessagingContext()
        let ranges = VirtualRankPlan.ranges(ranks: ranks, members: count)
        let folder = try TemporaryFolder("c")
        let name = UUID().uuidString.prefix(8)
        let results = Mutex<[Int: Swift.Result<Result, any Error>]>([:])
        let endpoints = Mutex<[Int: String]>([:])
        let bound = Barrier(count)
        let done = Barrier(count + 1)
        for index in 0..<count {
            let address =
                switch transport {
                case "ipc": "ipc://\(folder.path)/\(index)"
                case "tcp": "tcp://127.0.0.1:*"
                default: "inproc://\(name)-\(index)"
                }
            let thread = Thread {
                let result = Swift.Result<Result, any Error> {
                    let control = try CollectiveControl()
                    let network = try PeerNetwork(context: context, address: address, control: control)
                    endpoints.withLock { $0[index] = network.endpoint }
                    bound.wait()
                    let all = endpoints.withLock { list in (0..<count).map { list[$0] ?? "" } }
                    try network.connect(to: all, me: index)
                    let collective = MemberCollective(
                        CollectivePlan(
                            generation: generation, job: 1, index: index, ranges: ranges,
                            hosts: ranges.map { _ in 0 }), carrier: network, control: control,
                        progress: ProgressCounter())
                    defer { collective.end() }
                    let value = try body(collective, control)
                    // Sockets stay until everybody has received everything.
                    bound.wait()
                    return value
                }
                results.withLock { $0[index] = result }
                done.wait()
            }
            thread.stackSize = 4 << 20
            thread.start()
        }
        done.wait()
        return results.withLock { list in (0..<count).compactMap { list[$0] } }
    }

    private static func leaf(_ rank: Int, _ count: Int, round: Int) -> [Float]? {
        if splitMix(UInt64(rank * 77 + round)) % 4 == 0 { return nil }
        var random = RandomStream(seed: 3, purpose: .test, step: round, rank: rank)
        return (0..<count).map { _ in (random.nextFloat() - 0.5) * Float(1 << (rank % 9)) }
    }

    private static func reference(_ ranks: Int, _ count: Int, round: Int) -> ([Float], Double) {
        let leaves = (0..<ranks).map { rank in
            leaf(rank, count, round: round).map { ($0, Double(rank) * 0.3) }
        }
        return plainTree(leaves) ?? ([Float](repeating: 0, count: count), 0)
    }

    /// Three sums in a row as one member computes them.
    private static func sums(
        _ collective: MemberCollective, ranks: Int, count: Int
    ) throws -> [[Float]] {
        try (0..<3).map { round in
            let buffers = collective.virtualRanks.map { rank in
                leaf(rank, count, round: round).map { values -> UnsafeMutableBufferPointer<Float> in
                    let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
                    _ = buffer.initialize(from: values)
                    return buffer
                }
            }
            // Also with the root in the memory of the first leaf.
            let own = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
            let root = round == 1 ? buffers[0] ?? own : own
            defer {
                for buffer in buffers { buffer?.deallocate() }
                own.deallocate()
            }
            let scalars = zip(collective.virtualRanks, buffers).map { $1 == nil ? [] : [Double($0) * 0.3] }
            let total = try collective.allReduce(
                leaves: buffers.map { $0.map { TouchedFloats($0) } }, scalars: scalars, scalarCount: 1,
                into: root)
            let expected = reference(ranks, count, round: round)
            guard total.scalars.first ?? 0 == expected.1 else { throw CollectiveInterrupted() }
            return Array(root)
        }
    }

    @Test(arguments: [1, 2, 3, 5, 7, 8], [1, 2, 3, 5, 6, 8, 11, 16])
    func sumsToTheSameBits(members: Int, ranks: Int) throws {
        guard members <= ranks else { return }
        for count in [1, 100, 5000] {
            let results = try withMembers(members, ranks: ranks, transport: "inproc") { collective, _ in
                try Self.sums(collective, ranks: ranks, count: count).map { $0.map(\.bitPattern) }
            }
            #expect(results.count == members)
            for result in results {
                let sums = try result.get()
                for round in 0..<3 {
                    let expected = Self.reference(ranks, count, round: round).0.map(\.bitPattern)
                    #expect(sums[round] == expected, "\(members) members, \(ranks) ranks, \(count) floats")
                }
            }
        }
    }

    @Test(arguments: ["ipc", "tcp"]) func sumsOverSockets(transport: String) throws {
        let count = 300_000
        let results = try withMembers(3, ranks: 4, transport: transport) { collective, _ in
            try Self.sums(collective, ranks: 4, count: count).map { $0.map(\.bitPattern) }
        }
        let expected = Self.reference(4, count, round: 2).0.map(\.bitPattern)
        for result in results { #expect(try result.get()[2] == expected) }
    }

    @Test func gathersInMemberOrder() throws {
        let results = try withMembers(4, ranks: 4, transport: "inproc") { collective, _ in
            try (0..<5).map { round in
                try collective.allGather(Data("\(collective.memberIndex)-\(round)".utf8))
            }
        }
        for result in results {
            let rounds = try result.get()
            for round in 0..<5 { #expect(rounds[round] == (0..<4).map { Data("\($0)-\(round)".utf8) }) }
        }
    }

    /// The other's value is there before the call begins: the last call of a training may end as soon as it has begun.
    @Test func aCallThatIsCompleteAtOnceHasSentItsOwnValue() throws {
        let value = Memory(Data("theirs".utf8))
        var theirs = PeerFrame(kind: .gather, generation: 1, step: 1, sender: 0)
        theirs.job = 1
        theirs.payloadBytes = UInt32(value.bytes.count)
        let header = theirs.encoded(payload: value.bytes)
        let plan = CollectivePlan.plans(members: 2, ranks: 2, route: .direct, bucketBytes: 128)[1]
        var silent = 0
        for _ in 0..<2000 {
            let controls = [try CollectiveControl(), try CollectiveControl()]
            let network = MemoryNetwork(controls)
            #expect(try network.carrier(0).send(header, value.bytes, to: 1))
            let collective = MemberCollective(
                plan, carrier: network.carrier(1), control: controls[1], progress: ProgressCounter())
            #expect(try collective.allGather(Data("mine".utf8)) == [Data("theirs".utf8), Data("mine".utf8)])
            collective.end()
            if network.sent[.gather] != 2 { silent += 1 }
        }
        #expect(silent == 0, "\(silent) of 2000 calls ended without sending")
    }

    @Test func isInterruptedWhileItWaits() throws {
        let controls = Mutex<CollectiveControl?>(nil)
        let results = try withMembers(2, ranks: 2, transport: "inproc") { collective, control -> Bool in
            if collective.memberIndex == 0 {
                controls.withLock { $0 = control }
                do { _ = try collective.allGather(Data()) } catch is CollectiveInterrupted { return true }
                return false
            }
            // The other member never calls: it ends the generation instead, once the first one waits.
            while controls.withLock({ $0 })?.state.waiting != true { sched_yield() }
            controls.withLock { $0 }?.interrupt(before: 2)
            return true
        }
        for result in results { #expect(try result.get()) }
    }

    @Test func everyGenerationCanBeInterruptedAtOnce() throws {
        let control = try CollectiveControl()
        control.interrupt(before: .max)
        #expect(control.isInterrupted(1 << 32) && control.isInterrupted(.max - 1))
        control.interrupt(before: 2)
        #expect(control.isInterrupted(1 << 32))
    }

    @Test func refusesToBeginInAnEndedGeneration() throws {
        let results = try withMembers(1, ranks: 1, transport: "inproc") { collective, control -> Bool in
            control.interrupt(before: 2)
            do { _ = try collective.allGather(Data()) } catch is CollectiveInterrupted { return true }
            return false
        }
        #expect(try results[0].get())
    }

    @Test func cutsSlicesOfBoundedSize() {
        for members in [2, 3, 7] {
            for count in [0, 1, 1000, 70_000, 1_000_000, 30_000_000] {
                let slices = Slices.cut(count, elementBytes: 4, members: members)
                #expect(slices.first?.lowerBound == 0 && slices.last?.upperBound == count)
                #expect(zip(slices, slices.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
                #expect(slices.allSatisfy { $0.count * 4 <= Slices.largest })
                if slices.count > 1 {
                    #expect(slices.allSatisfy { $0.count * 4 >= Slices.smallest / 2 })
                }
            }
        }
    }
}

/// Lets threads wait for each other.
final class Barrier: @unchecked Sendable {
    // Safe to share: everything is only touched under `condition`.
    private let condition = NSCondition()
    private let count: Int
    private var waiting = 0
    private var round = 0

    init(_ count: Int) { self.count = count }

    func wait() {
        condition.lock()
        defer { condition.unlock() }
        waiting += 1
        if waiting == count {
            waiting = 0
            round += 1
            condition.broadcast()
            return
        }
        let mine = round
        while mine == round { condition.wait() }
    }
}
