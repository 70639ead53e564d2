import Testing

@testable import ClusterProtocol

struct WorkerTableTests {
    private func judge(
        _ table: inout WorkerTable, now: Seconds, isTraining: Bool = false
    ) -> (suspects: [Instance], lost: [LossCause]) {
        let (suspects, lost) = table.judge(now: now, stallLimit: 60) { _ in isTraining }
        return (suspects, lost.map(\.cause))
    }

    @Test func suspectsAfterThreeSecondsAndLosesAfterFifteen() {
        var table = WorkerTable()
        let isNew1 = table.join(1, WireHello(), now: 0)
        #expect(isNew1)
        #expect(judge(&table, now: 2.9).suspects.isEmpty)
        #expect(judge(&table, now: 3.1).suspects == [1])
        #expect(judge(&table, now: 4).suspects.isEmpty)
        #expect(judge(&table, now: 14.9).lost.isEmpty)
        #expect(judge(&table, now: 15.5).lost == [.silent(15.5)])
    }

    @Test func losesMembersOfATrainingAfterFiveSeconds() {
        var table = WorkerTable()
        _ = table.join(1, WireHello(), now: 0)
        #expect(judge(&table, now: 5.5, isTraining: true).lost == [.silent(5.5)])
    }

    @Test func aBrokenConnectionMayComeBackWithinASecond() {
        var table = WorkerTable()
        _ = table.join(1, WireHello(), now: 0)
        table.update(1) { $0.isUnreachable = true }
        #expect(judge(&table, now: 0.9).lost.isEmpty)
        table.hear(1, now: 0.95)
        #expect(judge(&table, now: 2.5).lost.isEmpty)
        table.update(1) { $0.isUnreachable = true }
        #expect(judge(&table, now: 2.6).lost == [.unreachable])
    }

    @Test func losesABusyWorkerWithoutProgress() {
        var table = WorkerTable()
        _ = table.join(1, WireHello(), now: 0)
        var heartbeat = WireHeartbeat()
        heartbeat.pulse = 4
        for second in 0...70 {
            table.hear(1, now: Double(second))
            table.beat(1, heartbeat, isBusy: second > 5, now: Double(second))
        }
        #expect(judge(&table, now: 70).lost == [.stalled(65)])
    }

    @Test func aMemberThatWaitsForOthersIsNotStalled() {
        var table = WorkerTable()
        _ = table.join(1, WireHello(), now: 0)
        var heartbeat = WireHeartbeat()
        heartbeat.training.waiting = true
        for second in 0...200 {
            table.hear(1, now: Double(second))
            table.beat(1, heartbeat, isBusy: true, now: Double(second))
        }
        #expect(judge(&table, now: 200).lost.isEmpty)
    }

    @Test func aLostInstanceStaysLost() {
        var table = WorkerTable()
        _ = table.join(1, WireHello(), now: 0)
        table.lose(1)
        let isLostResult2 = table.isLost(1)
        #expect(isLostResult2 && table.count == 0)
    }

    @Test func nobodyIsBlamedForTheCoordinatorsPause() {
        var machine = CoordinatorMachine(
            .init(job: "", build: "", fingerprint: "", epoch: 1, runDirectory: ""))
        var envelope = WireEnvelope()
        envelope.protocol = ClusterVersion.messages
        envelope.instance = 1
        envelope.hello = WireHello()
        _ = machine.handle(.message(envelope), now: 0)
        _ = machine.handle(.tick, now: 1)
        // Stopped for an hour, then the tick comes before the worker's heartbeat.
        _ = machine.handle(.tick, now: 3601)
        #expect(machine.workers.count == 1)
        for tick in 1...40 { _ = machine.handle(.tick, now: 3601 + Double(tick) * 0.5) }
        #expect(machine.workers.count == 0)
    }

    @Test func refusesWorkersThatDoNotFit() throws {
        var machine = CoordinatorMachine(
            .init(job: "j", build: "b", fingerprint: "f", epoch: 1, runDirectory: ""))
        func code(build: String, fingerprint: String, job: String, version: UInt32) -> String? {
            var envelope = WireEnvelope()
            envelope.protocol = version
            envelope.build = build
            envelope.job = job
            envelope.instance = 9
            envelope.hello.fingerprint = fingerprint
            for case .send(_, .reject(let reject)) in machine.handle(.message(envelope), now: 0) {
                return reject.failure.code
            }
            return nil
        }
        let version = ClusterVersion.messages
        #expect(code(build: "c", fingerprint: "f", job: "", version: version) == "cluster.other-version")
        #expect(code(build: "b", fingerprint: "f", job: "", version: version + 1) == "cluster.other-version")
        #expect(code(build: "b", fingerprint: "g", job: "", version: version) == "cluster.other-numerics")
        #expect(code(build: "b", fingerprint: "f", job: "k", version: version) == "cluster.other-job")
        #expect(code(build: "b", fingerprint: "f", job: "", version: version) == nil)
    }
}
