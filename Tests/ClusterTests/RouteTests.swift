import Foundation
import Groundwork
import Synchronization
import Testing

@testable import ClusterProtocol
@testable import ClusterRuntime

/// Whoever adds up on whatever way, in buckets of whatever size: the bits are those of the fixed tree.
struct RouteTests {
    static let everyRoute = CollectiveRoute.allCases

    @Test(arguments: everyRoute)
    func bitsStayTheSameThroughJoinsAndLosses(route: CollectiveRoute) throws {
        let seed: UInt64 = 5
        var random = RandomStream(seed: seed, purpose: .test, layer: Int(route.rawValue))
        var toy = RouteToy(count: 1 + random.nextInt(below: 250))
        var reference = toy
        let ranks = 8
        var generation: UInt64 = 0
        while toy.step < 1000 {
            generation += 1
            let members = [1, 2, 3, 5, 7, 8][random.nextInt(below: 6)]
            let perHost = 1 + random.nextInt(below: 4)
            let bytes = [128, 512, 1024, 4 << 20][random.nextInt(below: 4)]
            let end = min(1000, toy.step + 1 + random.nextInt(below: 40))
            // A loss: one member stops in the middle of a step and the others are told.
            let lost = random.nextInt(below: 2) == 0 ? random.nextInt(below: members) : nil
            let plans = CollectivePlan.plans(
                members: members, ranks: ranks, perHost: perHost, route: route, bucketBytes: bytes,
                generation: generation)
            let states = try RouteToy.run(toy, plans, until: end, lost: lost)
            let furthest = try #require(states.max { $0.step < $1.step })
            #expect(states.allSatisfy { $0.step == furthest.step || $0.step + 1 == furthest.step })
            reference.trainAlone(until: furthest.step, ranks: ranks)
            for state in states where state.step == furthest.step {
                #expect(
                    state.values.map(\.bitPattern) == reference.values.map(\.bitPattern),
                    "seed \(seed): \(route), \(members) members, \(perHost) per host, \(bytes) bytes")
            }
            toy = furthest
        }
    }

    @Test(arguments: everyRoute, [2, 4, 8]) func smallQueuesOnlyMakeItWait(
        route: CollectiveRoute, members: Int
    ) throws {
        var reference = RouteToy(count: 1000)
        let plans = CollectivePlan.plans(
            members: members, ranks: 8, perHost: 2, route: route, bucketBytes: 256)
        let states = try RouteToy.run(reference, plans, until: 5, lost: nil, room: 2)
        reference.trainAlone(until: 5, ranks: 8)
        for state in states { #expect(state.values.map(\.bitPattern) == reference.values.map(\.bitPattern)) }
    }

    @Test func theRouteFollowsMembersAndHosts() {
        func choose(_ wish: CollectiveRoute.Wish, _ members: Int, ranks: Int, perHost: Int = 1)
            -> CollectiveRoute
        {
            CollectiveRoute.choose(
                wish, ranges: VirtualRankPlan.ranges(ranks: ranks, members: members),
                hosts: (0..<members).map { $0 / perHost })
        }
        #expect(choose(.auto, 2, ranks: 8) == .swap)
        #expect(choose(.direct, 2, ranks: 8) == .direct)
        #expect(choose(.auto, 2, ranks: 8, perHost: 2) == .swap)
        #expect(choose(.auto, 3, ranks: 8) == .direct)
        #expect(choose(.auto, 8, ranks: 8, perHost: 8) == .direct)
        #expect(choose(.auto, 8, ranks: 8, perHost: 4) == .leadersDirect)
        #expect(choose(.auto, 64, ranks: 64) == .halving)
        #expect(choose(.auto, 65, ranks: 128) == .direct)
        #expect(choose(.auto, 512, ranks: 512, perHost: 8) == .leadersHalving)
        #expect(choose(.halving, 4, ranks: 8) == .halving)
        #expect(choose(.halving, 3, ranks: 8) == .direct)
        #expect(choose(.halving, 4, ranks: 12) == .direct)
        #expect(choose(.leaders, 4, ranks: 8, perHost: 2) == .leadersDirect)
        #expect(choose(.direct, 128, ranks: 128) == .direct)
    }

    @Test func halvingTakesFewerMessagesThanDirect() throws {
        func frames(_ route: CollectiveRoute) throws -> Int {
            let plans = CollectivePlan.plans(members: 8, ranks: 8, route: route, bucketBytes: 4 << 20)
            let counted = Mutex(0)
            let toy = RouteToy(count: 400_000)
            _ = try RouteToy.run(toy, plans, until: 1, lost: nil) { network in
                counted.withLock { $0 = network.sent.values.reduce(0, +) }
            }
            return counted.withLock { $0 }
        }
        let (direct, halving) = (try frames(.direct), try frames(.halving))
        // Per member 2 log₂ 8 messages for the one bucket and for the scalars.
        #expect(halving == 8 * 2 * 6)
        #expect(direct > halving)
    }

    @Test func whatDoesNotBelongIsDropped() throws {
        let plans = CollectivePlan.plans(members: 2, ranks: 2, route: .direct, bucketBytes: 1024)
        let drops = try withMemoryMembers(plans) { collective, control -> Int in
            let memory = Memory(byteCount: 400)
            memory.floats.update(repeating: 1)
            let leaf = TouchedFloats(memory.floats)
            _ = try collective.allReduce(
                leaves: [leaf], scalars: [[1]], scalarCount: 1, into: memory.floats)
            return control.droppedFrames
        }
        for drop in drops { #expect(try drop.get() == 0) }
    }
}

/// A vector that every step moves by the sum of pseudo-random leaves, most of their blocks zero.
struct RouteToy: Sendable {
    var step = 0
    var values: [Float]

    init(count: Int) { values = (0..<count).map { Float($0 % 7) * 0.25 } }

    /// The leaf of a virtual rank, nil in some steps.
    private func leaf(_ rank: Int) -> [Float]? {
        guard splitMix(UInt64(step * 31 + rank)) % 5 != 0 else { return nil }
        var state = splitMix(UInt64(step * 977 + rank))
        var leaf = [Float](repeating: 0, count: values.count)
        for index in leaf.indices where (index / 40 + step + rank) % 3 != 0 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            leaf[index] = Float(Int32(truncatingIfNeeded: state >> 32)) * 1e-9 + values[index] * 1e-3
        }
        return leaf
    }

    /// Where a leaf is not zero.
    private static func nonzero(_ leaf: [Float]) -> [Range<Int>] {
        TouchedFloats.union(leaf.indices.filter { leaf[$0] != 0 }.map { $0..<$0 + 1 })
    }

    private mutating func apply(_ root: some Sequence<Float>, _ scalar: Double) {
        for (index, gradient) in root.enumerated() { values[index] -= 0.01 * gradient * Float(1 + scalar) }
        step += 1
    }

    mutating func trainAlone(until end: Int, ranks: Int) {
        while step < end {
            let leaves = (0..<ranks).map { rank in leaf(rank).map { ($0, Double(rank) * 0.1) } }
            let (root, scalar) = plainTree(leaves) ?? ([Float](repeating: 0, count: values.count), 0)
            apply(root, scalar)
        }
    }

    /// One step as a member; `stops` before its sum is complete.
    private mutating func step(_ collective: MemberCollective, stops: Bool) throws {
        let count = values.count
        let memory = collective.virtualRanks.map { _ in Memory(byteCount: count * 4) }
        let spare = Memory(byteCount: count * 4)
        var leaves: [TouchedFloats?] = []
        for (rank, memory) in zip(collective.virtualRanks, memory) {
            guard let leaf = leaf(rank) else {
                leaves.append(nil)
                continue
            }
            _ = memory.floats.update(fromContentsOf: leaf)
            leaves.append(TouchedFloats(memory.floats, touched: Self.nonzero(leaf)))
        }
        let root = step % 2 == 0 ? memory[0].floats : spare.floats
        // Buckets leave bit by bit, as on the way back.
        for offset in [count * 3 / 4, count / 3] { try collective.release(leaves, from: offset, into: root) }
        if stops {
            // As a training session does before it lets go of the memory.
            collective.end()
            throw CollectiveInterrupted()
        }
        let scalars = zip(collective.virtualRanks, leaves).map { $1 == nil ? [] : [Double($0) * 0.1] }
        let sums = try collective.allReduce(
            leaves: leaves, scalars: scalars, scalarCount: 1, into: root)
        defer { withExtendedLifetime((memory, spare)) {} }
        let touched = Set(sums.touched.joined())
        #expect(sums.touched == TouchedFloats.union(sums.touched))
        #expect(root.indices.allSatisfy { touched.contains($0) || root[$0].bitPattern == 0 })
        apply(root, sums.scalars[0])
    }

    /// The states of all members but the `lost` one after steps up to `end`, or up to where that one was lost.
    static func run(
        _ start: RouteToy, _ plans: [CollectivePlan], until end: Int, lost: Int?, room: Int = 1 << 20,
        after: @escaping @Sendable (MemoryNetwork) -> Void = { _ in }
    ) throws -> [RouteToy] {
        let controls = Mutex<[CollectiveControl]>([])
        let states = try withMemoryMembers(plans, room: room, after: after) { collective, control in
            controls.withLock { $0.append(control) }
            while controls.withLock({ $0.count }) < plans.count { sched_yield() }
            var toy = start
            // What a member holds when it is interrupted is what it had applied.
            defer {
                if toy.step < end {
                    for control in controls.withLock({ $0 }) { control.interrupt(before: .max) }
                }
            }
            do {
                while toy.step < end {
                    try toy.step(collective, stops: collective.memberIndex == lost && toy.step + 1 == end)
                }
            } catch is CollectiveInterrupted {}
            return toy
        }
        return try states.map { try $0.get() }
    }
}
