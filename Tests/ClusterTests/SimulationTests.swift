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
        func message(_ body: MessageBody) -> WorkerEvent {
            var envelope = WireEnvelope()
            envelope.epoch = 1
            envelope.body = body
            return .message(envelope)
        }
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
