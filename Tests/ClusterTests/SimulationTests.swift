import ClusterProtocol
import ClusterSimulation
import Synchronization
import Testing

/// Histories of the real state machines and file code in a simulated world; a failing seed is printed and replays exactly.
struct SimulationTests {
    @Test(arguments: 0..<8) func breaksNoPromise(part: UInt64) {
        let report = Campaign.run((part * 50)..<(part * 50 + 50))
        for (seed, violation) in report.violations { Issue.record("seed \(seed): \(violation)") }
        #expect(report.histories == 50)
    }

    /// A grant that was sent again and overtaken by the Ack of its result would be computed, and written, twice; one that a
    /// second coordinator believes to be held, since an Ack of the first one overtook the Hello, is given back to it.
    @Test func aWorkerTakesAGrantOnce() {
        var worker = WorkerMachine(hello: WireHello(), patience: 60, now: 0)
        var grant = WireGrant()
        grant.attempt.stage = "aa"
        grant.attempt.attempt = 1
        _ = worker.handle(message(.welcome(WireWelcome())), now: 0)
        #expect(worker.handle(message(.grant(grant)), now: 1) == [.compute(grant)])
        #expect(worker.handle(message(.grant(grant)), now: 1) == [])
        _ = worker.handle(.computed(grant.attempt), now: 2)
        var result = WireResult()
        result.commit.attempt = grant.attempt
        _ = worker.handle(.finished(result), now: 2)
        var ack = WireAck()
        ack.attempt = grant.attempt
        _ = worker.handle(message(.ack(ack)), now: 3)
        #expect(worker.held.isEmpty)
        var returned = WireReturned()
        returned.attempts = [grant.attempt]
        #expect(worker.handle(message(.grant(grant)), now: 4) == [.send(.returned(returned))])
    }

    private func message(_ body: MessageBody) -> WorkerEvent {
        .message(
            .with {
                $0.epoch = 1
                $0.body = body
            })
    }

    /// A worker in a training.
    private func inTraining(round: UInt64) -> WorkerMachine {
        var worker = WorkerMachine(hello: WireHello(), patience: 60, now: 0)
        _ = worker.handle(message(.welcome(WireWelcome())), now: 0)
        let open = WireTrainingOpen.with {
            ($0.stage, $0.folder) = ("bb", "stage/bb")
            $0.round = round
        }
        #expect(worker.handle(message(.trainingOpen(open)), now: 1) == [.train(.open(open))])
        return worker
    }

    /// Prepare would have nobody to answer it, and hide from the coordinator's next TrainingOpen that the member failed.
    @Test func aMemberThatFailedIsOpenedAgainThoughPrepareCameBetween() {
        var worker = inTraining(round: 0)
        let failed = MessageBody.trainingFailed(.with { $0.training = "stage/bb" })
        _ = worker.handle(.trained(failed), now: 2)
        let prepare = WirePrepare.with {
            $0.training = "stage/bb"
            $0.generation = 5
        }
        #expect(worker.handle(message(.prepare(prepare)), now: 3) == [.send(failed)])
        let open = WireTrainingOpen.with { ($0.stage, $0.folder) = ("bb", "stage/bb") }
        #expect(worker.handle(message(.trainingOpen(open)), now: 4) == [.train(.open(open))])
        let told = worker.handle(message(.prepare(prepare)), now: 5)
        #expect(told == [.interrupt(before: 5), .train(.prepare(prepare))])
    }

    /// It would copy a state from which everybody has gone back to the checkpoint.
    @Test func aPlanFromBeforeTheReturnToTheCheckpointIsNotFollowed() {
        var worker = inTraining(round: 7)
        let late = WirePlan.with {
            $0.training = "stage/bb"
            $0.generation = 6
        }
        #expect(worker.handle(message(.plan(late)), now: 2) == [])
        var plan = late
        plan.generation = 8
        #expect(worker.handle(message(.plan(plan)), now: 3) == [.train(.plan(plan))])
    }

    /// Its state may have learnt from samples that were damaged.
    @Test func aTrainingThatBeginsAnewTakesNothingOverFromAMemberOfTheFormerOne() {
        var worker = inTraining(round: 3)
        let anew = WireTrainingOpen.with { ($0.stage, $0.folder) = ("bb", "stage/bb/life-e2-1") }
        let told = worker.handle(message(.trainingOpen(anew)), now: 2)
        #expect(told == [.interrupt(before: .max), .train(.close), .train(.open(anew))])
        // What the former member still answers, nobody wants to hear.
        let late = MessageBody.prepared(.with { ($0.training, $0.generation) = ("stage/bb", 9) })
        #expect(worker.handle(.trained(late), now: 3) == [])
        let opened = MessageBody.opened(.with { $0.training = anew.folder })
        #expect(worker.handle(.trained(opened), now: 4) == [.send(opened)])
    }

    @Test(arguments: Mutant.all.indices) func noticesADroppedRule(number: Int) {
        let mutant = Mutant.all[number]
        #expect(Campaign.hunt(mutant) != nil, "\(mutant.rule): \(mutant.name)")
    }

    @Test(arguments: [3, 110, 294]) func replaysASeedExactly(seed: UInt64) {
        func trace() -> [String] {
            let lines = Mutex<[String]>([])
            _ = Campaign.live(seed) { line in lines.withLock { $0.append(line) } }
            return lines.withLock { $0 }
        }
        let first = trace()
        #expect(first.count > 50)
        #expect(first == trace())
    }
}
