import Foundation
import Testing

@testable import ClusterProtocol

/// The coordinator's part of a training without anything around it: members are played by the tests.
struct TrainingGenerationsTests {
    /// A training and what its members would answer.
    private struct World {
        var training: TrainingGenerations
        var now: Seconds = 0
        var events: [ClusterEvent] = []
        var failure: WireFailure?
        var barred: [Instance] = []
        var plans: [Instance: WirePlan] = [:]
        var opens: [Instance: WireTrainingOpen] = [:]
        /// Where each member is.
        var positions: [Instance: UInt64] = [:]
        /// Members that answer with other digests than their position's.
        var wrong: Set<Instance> = []
        /// Members that never open.
        var silent: Set<Instance> = []

        init(ranks: Int = 8, expected: Int = 2, minimum: Int = 1, maximum: Int = .max) {
            var spec = TrainingSpec(
                stage: "bb", stageName: "train", payload: Data(), virtualRanks: ranks, folder: "stage/bb",
                epoch: 1, expectedWorkers: expected, joinDelay: 2)
            spec.minimumMembers = minimum
            spec.maximumMembers = maximum
            spec.pauseLimit = 100
            training = TrainingGenerations(spec, now: 0)
        }

        func digest(_ instance: Instance) -> Data {
            Data("\(positions[instance] ?? 0)\(wrong.contains(instance) ? "x" : "")".utf8)
        }

        /// Carries out directives as members at once would.
        mutating func play(_ directives: [CoordinatorDirective]) {
            for directive in directives {
                switch directive {
                case .send(let instance, let body): answer(instance, body)
                case .append(_, .generation(let generation)):
                    play(training.handle(durable: generation, now: now))
                case .report(let event): events.append(event)
                case .fail(let reason): failure = failure ?? reason
                case .bar(let instance, let position):
                    barred.append(instance)
                    play(training.leave(instance, cause: .rogue(position), now: now))
                default: break
                }
            }
        }

        private mutating func answer(_ instance: Instance, _ body: MessageBody) {
            switch body {
            case .trainingOpen(let message):
                opens[instance] = message
                if silent.contains(instance) { return }
                if message.round > 0 { positions[instance] = 0 }
                var opened = WireOpened()
                opened.training = "stage/bb"
                opened.position = positions[instance] ?? 0
                opened.round = message.round
                play(training.handle(opened: opened, from: instance, now: now))
            case .prepare(let message):
                var prepared = WirePrepared()
                prepared.training = "stage/bb"
                prepared.generation = message.generation
                prepared.position = positions[instance] ?? 0
                prepared.digest = digest(instance)
                play(training.handle(prepared: prepared, from: instance, now: now))
            case .plan(let message):
                plans[instance] = message
                positions[instance] = message.position
                var ready = WireReady()
                ready.training = "stage/bb"
                ready.generation = message.generation
                ready.position = message.position
                ready.digest = digest(instance)
                play(training.handle(ready: ready, from: instance, now: now))
            default: break
            }
        }

        mutating func join(_ instances: Instance...) {
            for instance in instances {
                play(training.join(instance, endpoint: "w\(instance)", now: now))
            }
        }

        mutating func leave(_ instance: Instance) {
            play(training.leave(instance, cause: .unreachable, now: now))
        }

        mutating func pass(_ seconds: Seconds) {
            now += seconds
            play(training.tick(now: now))
        }

        /// A heartbeat of every member at `position`, with its seconds of computation.
        mutating func beat(position: UInt64, busy: [Instance: Double]) {
            for instance in training.members {
                positions[instance] = position
                var state = WireTrainingState()
                state.training = "stage/bb"
                state.generation = training.generation
                state.position = position
                state.calls = position
                state.runSeconds = 100
                state.waitedSeconds = 100 - (busy[instance] ?? 1)
                training.handle(status: state, pulse: position, from: instance, now: now)
            }
        }

        mutating func disagree(_ digests: [Instance: String]) {
            let generation = training.generation
            let members = training.members
            for (index, instance) in members.enumerated() where digests[instance] != nil {
                var message = WireDisagreed()
                message.training = "stage/bb"
                message.generation = generation
                message.position = 100
                message.index = UInt32(index)
                message.digests = members.map { Data((digests[$0] ?? "").utf8) }
                play(training.handle(disagreed: message, from: instance, now: now))
            }
        }
    }

    @Test func pausesBelowTheMinimumAndGoesOnWhenWorkersCome() {
        var world = World(expected: 3, minimum: 3)
        world.join(1, 2)
        #expect(world.training.phase == .forming && world.training.pausedSince == nil)
        world.pass(3)
        #expect(world.training.pausedSince == 3)
        #expect(
            world.events.contains(.trainingPaused(stage: "train", members: 2, minimum: 3, endsAfter: 100)))
        world.join(3)
        #expect(world.training.phase == .running && world.training.members == [1, 2, 3])
        #expect(world.training.pausedSince == nil)
        world.leave(2)
        #expect(world.training.phase == .forming && world.training.pausedSince == 3)
        world.pass(50)
        world.join(4)
        #expect(world.training.phase == .running && world.training.members == [1, 3, 4])
        #expect(world.failure == nil)
    }

    @Test func endsWith75AfterALongPause() {
        var world = World(minimum: 2)
        world.join(1, 2)
        world.leave(1)
        world.pass(99)
        #expect(world.failure == nil)
        world.pass(2)
        #expect(world.failure?.code == "cluster.too-few-workers")
        #expect(world.failure?.exitStatus == 75)
        #expect(world.failure?.message.contains("1 of at least 2 workers") == true)
    }

    /// One machine with many workers loses its power.
    @Test func workersThatAreLostTogetherAreOneLoss() {
        var world = World(ranks: 16, expected: 12)
        for instance in Instance(1)...12 { world.join(instance) }
        #expect(world.training.members.count == 12)
        for instance in Instance(2)...12 {
            world.now += 0.5
            world.leave(instance)
        }
        #expect(world.failure == nil && world.training.members == [1] && world.training.phase == .running)
    }

    @Test func workersThatAreLostOneAfterTheOtherEndTheJob() {
        var world = World(ranks: 16)
        world.join(1)
        for number in 1...TrainingGenerations.mostLosses {
            #expect(world.failure == nil)
            world.now += 1
            world.join(Instance(number + 1))
            world.now += 1
            world.leave(Instance(number + 1))
        }
        #expect(world.failure?.code == "cluster.training-crashes")
    }

    @Test func whoSaysGoodbyeIsNoLoss() {
        var world = World(ranks: 16)
        world.join(1)
        for number in Instance(2)...20 {
            world.now += 20
            world.join(number)
            world.play(world.training.leave(number, cause: .left, now: world.now))
        }
        world.join(21)
        world.now += 20
        world.leave(21)
        #expect(world.failure == nil)
    }

    /// Its computation hangs, its heart beats.
    @Test func whoDoesNotOpenIsNotWaitedForForEver() {
        var world = World(expected: 2)
        world.silent = [2]
        world.join(1, 2)
        world.pass(TrainingGenerations.openWait - 1)
        #expect(world.training.phase == .forming)
        world.pass(2)
        #expect(world.training.phase == .running && world.training.members == [1])
        world.silent = []
        world.pass(2)
        world.pass(3)
        #expect(world.training.members == [1, 2])
    }

    @Test func keepsWorkersAboveTheMaximumForLosses() {
        var world = World(maximum: 2)
        world.join(1, 2, 3)
        #expect(world.training.members == [1, 2])
        #expect(world.opens[3] == nil)
        world.leave(1)
        #expect(world.training.phase == .running && world.training.members == [2])
        world.pass(3)
        #expect(world.training.phase == .running && world.training.members == [2, 3])
    }

    @Test func membersThatAreBehindCopyFromThoseAtTheMaximum() {
        var world = World(expected: 3)
        world.join(1, 2, 3)
        world.positions = [1: 8, 2: 7, 3: 8]
        world.leave(1)
        #expect(world.training.members == [2, 3])
        #expect(world.plans[3]?.position == 8 && world.plans[3]?.behind == [0])
        #expect(world.positions[2] == 8)
    }

    @Test func theMajorityGoesBackToACheckpointWithoutTheRogue() {
        var world = World(expected: 3)
        world.join(1, 2, 3)
        world.positions = [1: 100, 2: 100, 3: 100]
        world.disagree([1: "a", 2: "b", 3: "a"])
        #expect(world.barred == [2])
        #expect(world.failure == nil)
        #expect(world.training.members == [1, 3] && world.training.phase == .running)
        #expect(world.opens[1]?.round ?? 0 > 0)
        #expect(world.plans[1]?.position == 0)
    }

    @Test func whoDoesNotSayItsDigestIsNotTheMajority() {
        var world = World(expected: 3)
        world.join(1, 2, 3)
        world.disagree([1: "a", 3: "a"])
        #expect(world.barred == [])
        world.pass(TrainingGenerations.disagreementWait)
        #expect(world.barred == [2])
    }

    @Test func endsWithoutAMajorityAndNamesBoth() {
        var world = World()
        world.join(0xa1, 0xb2)
        world.disagree([0xa1: "a", 0xb2: "b"])
        #expect(world.failure?.code == "cluster.state-diverged")
        #expect(world.failure?.message.contains("000000a1 and 000000b2") == true)
        #expect(world.failure?.exitStatus == 70)
    }

    @Test func expelsAMemberThatHasOtherBitsAtABoundary() {
        var world = World(expected: 3)
        world.join(1, 2, 3)
        world.wrong = [3]
        world.join(4)
        world.pass(3)
        #expect(world.barred == [3])
        #expect(world.training.members == [1, 2, 4])
        #expect(world.failure == nil)
    }

    @Test func expelsANewcomerThatReportsRubbishTwice() {
        var world = World()
        world.join(1, 2)
        world.positions = [1: 5, 2: 5]
        world.wrong = [3]
        world.join(3)
        world.pass(3)
        #expect(world.barred == [3])
        #expect(world.training.members == [1, 2] && world.training.phase == .running)
    }

    @Test func aSurvivorThatWentBackTakesTheOthersWithIt() {
        var world = World()
        var opened = WireOpened()
        opened.training = "stage/bb"
        opened.round = 77
        opened.position = 4
        world.join(1, 2)
        world.play(world.training.handle(opened: opened, from: 1, now: 0))
        #expect(world.opens[2]?.round == 77)
        #expect(world.training.phase == .running)
    }

    @Test func virtualRanksMoveToTheFasterMembersAfterALongImbalance() {
        var world = World()
        world.join(1, 2)
        #expect(world.training.ranges == [0..<4, 4..<8])
        let busy = [Instance(1): 90.0, 2: 30.0]
        world.beat(position: 20, busy: busy)
        world.pass(1)
        world.beat(position: 40, busy: busy)
        world.pass(TrainingGenerations.imbalanceWait - 1)
        #expect(world.training.ranges == [0..<4, 4..<8])
        world.beat(position: 60, busy: busy)
        world.pass(2)
        #expect(world.training.ranges == [0..<2, 2..<8])
        #expect(world.events.contains(.ranksMoved(stage: "train", members: 2)))
        #expect(world.plans[1]?.behind == [])
    }

    @Test func aMemberThatIsSilentIsNamedBeforeFramesAreBlamed() {
        var world = World()
        world.join(1, 2)
        func wait(_ instances: [Instance], until end: Seconds) {
            while world.now < end {
                for instance in instances {
                    var state = WireTrainingState()
                    state.training = "stage/bb"
                    state.generation = world.training.generation
                    state.waiting = true
                    world.training.handle(status: state, pulse: 1, from: instance, now: world.now)
                }
                world.pass(1)
            }
        }
        let lost = { (event: ClusterEvent) in if case .framesLost = event { true } else { false } }
        wait([1, 2], until: 1)
        wait([1], until: 4.5)
        #expect(!world.events.contains(where: lost))
        // When all tell that they wait, frames were lost.
        wait([1, 2], until: 10)
        #expect(world.events.contains(where: lost))
    }

    /// As behind a firewall: each time they begin, they wait for each other for ever.
    @Test func membersThatNeverReachEachOtherAreNamedAndEndTheJob() throws {
        var world = World()
        world.join(1, 2)
        var names: [String] = []
        while world.failure == nil, world.now < 2000 {
            for instance in [Instance(1), 2] {
                var state = WireTrainingState()
                state.training = "stage/bb"
                state.generation = world.training.generation
                state.position = world.training.position
                state.waiting = true
                world.training.handle(status: state, pulse: 1, from: instance, now: world.now)
            }
            world.pass(1)
        }
        for case .framesLost(_, _, let members) in world.events { names = members }
        #expect(names.count == 2 && names.allSatisfy { !$0.isEmpty })
        let failure = try #require(world.failure)
        #expect(failure.code == "cluster.members-apart" && failure.exitStatus == 69)
        #expect(names.allSatisfy(failure.message.contains), "\(failure.message)")
        #expect((600...700).contains(world.now), "\(world.now)")
    }

    @Test func equalMembersKeepTheirVirtualRanks() {
        var world = World()
        world.join(1, 2)
        for _ in 0..<200 {
            world.beat(position: 20, busy: [1: 50, 2: 55])
            world.pass(1)
        }
        #expect(!world.events.contains(.ranksMoved(stage: "train", members: 2)))
        #expect(world.training.generationsBegun == 1)
    }

    /// A copy that was found to be wrong, and alone is left at its position, is not what the others copy.
    @Test func aRefutedCopyIsNobodysSource() {
        var spec = TrainingSpec(
            stage: "bb", stageName: "train", payload: Data(), virtualRanks: 4, folder: "stage/bb", epoch: 1,
            expectedWorkers: 2, joinDelay: 2)
        spec.minimumMembers = 1
        var training = TrainingGenerations(spec, now: 0)
        for instance in [Instance(1), 2] {
            _ = training.join(instance, endpoint: "", now: 0)
            _ = training.handle(opened: .with { $0.training = "stage/bb" }, from: instance, now: 0)
        }
        func prepare(_ instance: Instance, _ position: UInt64, _ digest: String) -> [CoordinatorDirective] {
            training.handle(
                prepared: .with {
                    $0.training = "stage/bb"
                    $0.generation = training.generation
                    $0.position = position
                    $0.digest = Data(digest.utf8)
                }, from: instance, now: 1)
        }
        _ = prepare(1, 3, "right")
        _ = prepare(2, 0, "begin")
        #expect(training.phase == .syncing)
        let wrong = WireReady.with {
            $0.training = "stage/bb"
            $0.generation = training.generation
            $0.position = 3
            $0.digest = Data("wrong".utf8)
        }
        _ = training.handle(ready: wrong, from: 2, now: 2)
        #expect(training.phase == .preparing)
        _ = training.leave(1, cause: .left, now: 3)
        let told = prepare(2, 3, "wrong")
        guard case .send(2, .trainingOpen(let open))? = told.first, told.count == 1 else {
            Issue.record("\(told)")
            return
        }
        #expect(open.round == training.generation && training.phase == .forming)
    }
}
