import ClusterRuntime
import Foundation
import TestSupport
import Testing

@testable import ClusterProtocol

/// A worker that sleeps until long after its work was given to others.
@Suite(.serialized)
struct StaleWorkerTests {
    /// What a worker writes to the coordinator of epoch 1.
    static func envelope(_ instance: Instance, _ body: MessageBody) -> WireEnvelope {
        .with {
            $0.protocol = ClusterVersion.messages
            $0.build = "b"
            $0.epoch = 1
            $0.instance = instance
            $0.body = body
        }
    }

    private static var hello: WireHello { .with { $0.fingerprint = "f" } }

    /// A coordinator with a stage of so many shards, the first two granted to worker 1.
    static func coordinator(ofShards count: Int) -> CoordinatorMachine {
        var machine = CoordinatorMachine(
            .init(job: "job", build: "b", fingerprint: "f", epoch: 1, runDirectory: "/run"))
        let items = (0..<count).map { ShardTable.Item(name: "s\($0)", payload: Data()) }
        _ = machine.handle(.message(envelope(1, .hello(hello))), now: 0)
        _ = machine.handle(
            .openShards(ShardTable(stage: "aa", stageName: "n", items: items, epoch: 1)), now: 0)
        return machine
    }

    @Test func aResultThatComesAfterTenMinutesIsRefused() throws {
        var machine = Self.coordinator(ofShards: 2)
        let late = machine.shards?.held(by: 1) ?? []
        #expect(late.count == 2)
        _ = machine.handle(.message(Self.envelope(2, .hello(Self.hello))), now: 0)
        var held: [WireAttemptID] = []
        var events: [ClusterEvent] = []
        for second in 1...600 {
            let now = Seconds(second)
            var heartbeat = WireHeartbeat()
            heartbeat.pulse = UInt64(second)
            heartbeat.held = machine.shards?.held(by: 2) ?? []
            held = heartbeat.held
            let told =
                machine.handle(.message(Self.envelope(2, .heartbeat(heartbeat))), now: now)
                + machine.handle(.tick, now: now)
            for case .report(let event) in told { events.append(event) }
        }
        #expect(events.contains { if case .workerLost(1, .silent) = $0 { true } else { false } })
        #expect(held.map(\.attempt) == [2, 2] && Set(held.map(\.shard)) == [0, 1])
        for attempt in late {
            var result = WireResult()
            result.commit.attempt = attempt
            let answers = machine.handle(.message(Self.envelope(1, .result(result))), now: 600)
            guard case .send(1, .reject(let reject))? = answers.first, answers.count == 1 else {
                Issue.record("\(answers)")
                continue
            }
            #expect(reject.mayReturn && reject.failure.code == "cluster.lost")
        }
        #expect(machine.shards?.committedCount == 0)
        #expect(machine.shards?.held(by: 2) == held)
    }

    /// Why a stopped worker's shard may end with attempt 3: the first worker that joins is granted both shards, the second
    /// one gets the shard that the first has not begun, as attempt 2, and is then lost.
    @Test func aShardThatWasHandedOnUnbegunEndsWithAttemptThree() {
        var machine = Self.coordinator(ofShards: 2)
        let told = machine.handle(.message(Self.envelope(2, .hello(Self.hello))), now: 0)
        let asked = told.compactMap { directive -> [WireAttemptID]? in
            if case .send(1, .revoke(let revoke)) = directive { revoke.attempts } else { nil }
        }.joined()
        #expect(asked.map(\.attempt) == [1])
        let returned = WireReturned.with { $0.attempts = Array(asked) }
        _ = machine.handle(.message(Self.envelope(1, .returned(returned))), now: 0)
        #expect(machine.shards?.held(by: 2).map(\.attempt) == [2])
        for second in 1...20 {
            var heartbeat = WireHeartbeat()
            heartbeat.pulse = UInt64(second)
            heartbeat.held = machine.shards?.held(by: 1) ?? []
            _ = machine.handle(.message(Self.envelope(1, .heartbeat(heartbeat))), now: Seconds(second))
            _ = machine.handle(.tick, now: Seconds(second))
        }
        #expect(machine.shards?.held(by: 1).map(\.attempt) == [1, 3])
    }

    /// A survivor would compute the rest of a training that nobody wants before it begins what it is given.
    @Test func whoTrainsWhileAnotherStageIsOpenIsToldToStop() {
        var machine = Self.coordinator(ofShards: 2)
        var heartbeat = WireHeartbeat()
        heartbeat.held = machine.shards?.held(by: 1) ?? []
        let close = WireTrainingClose.with { $0.training = "stage/bb" }
        let wanted = CoordinatorDirective.send(to: 1, .trainingClose(close))
        #expect(!machine.handle(.message(Self.envelope(1, .heartbeat(heartbeat))), now: 1).contains(wanted))
        heartbeat.training.training = "stage/bb"
        #expect(machine.handle(.message(Self.envelope(1, .heartbeat(heartbeat))), now: 2).contains(wanted))
    }

    /// What a worker says may not end the coordinator.
    @Test func impossibleAttemptsAndNumbersAreNoWork() {
        var machine = Self.coordinator(ofShards: 2)
        for number in [UInt32.max, 2] {
            var heartbeat = WireHeartbeat()
            heartbeat.bytes = .max
            heartbeat.held = [
                .with { ($0.stage, $0.epoch, $0.attempt, $0.shard) = ("aa", 1, number, 0) },
                .with { ($0.stage, $0.epoch, $0.attempt, $0.shard) = ("aa", 9, 1, 1) },
            ]
            _ = machine.handle(.message(Self.envelope(2, .hello(Self.hello))), now: 1)
            let told = machine.handle(.message(Self.envelope(2, .heartbeat(heartbeat))), now: 2)
            let revoked = told.compactMap { directive -> [WireAttemptID]? in
                if case .send(2, .revoke(let revoke)) = directive { revoke.attempts } else { nil }
            }.joined()
            #expect(Array(revoked) == heartbeat.held)
        }
        for instance in [Instance(2), 1] {
            _ = machine.handle(.message(Self.envelope(instance, .leave(WireLeave()))), now: 3)
        }
    }

    /// Numbers that no training reaches neither end the coordinator nor lead the others astray.
    @Test func nonsenseAboutATrainingBarsItsSender() {
        let far = UInt64.max
        let bodies: [MessageBody] = [
            .opened(.with { ($0.training, $0.round) = ("stage/bb", far) }),
            .opened(.with { ($0.training, $0.position) = ("stage/bb", far) }),
            .prepared(.with { ($0.training, $0.position) = ("stage/bb", far) }),
            .ready(.with { ($0.training, $0.position) = ("stage/bb", far) }),
            .trainingDone(.with { ($0.training, $0.position) = ("stage/bb", far) }),
            .heartbeat(.with { ($0.training.training, $0.training.position) = ("stage/bb", far) }),
        ]
        for body in bodies {
            var machine = CoordinatorMachine(
                .init(job: "job", build: "b", fingerprint: "f", epoch: 1, runDirectory: "/run"))
            _ = machine.handle(.message(Self.envelope(1, .hello(Self.hello))), now: 0)
            _ = machine.handle(.message(Self.envelope(2, .hello(Self.hello))), now: 0)
            let spec = TrainingSpec(
                stage: "bb", stageName: "train", payload: Data(), virtualRanks: 4, folder: "stage/bb",
                epoch: 1,
                expectedWorkers: 2, joinDelay: 0)
            _ = machine.handle(.openTraining(spec), now: 0)
            let told = machine.handle(.message(Self.envelope(2, body)), now: 1)
            #expect(told.contains(.report(.peerBarred(instance: 2, reason: "nonsense"))), "\(body)")
            #expect(machine.workers[2] == nil && machine.workers[1] != nil)
        }
    }

    /// A coordinator that was started again hears of results before it opens their stage: acknowledged, they would be
    /// forgotten without being on record.
    @Test func aResultIsKeptUntilItsStageIsOpen() {
        var machine = CoordinatorMachine(
            .init(job: "job", build: "b", fingerprint: "f", epoch: 2, runDirectory: "/run"))
        let late = WireAttemptID.with {
            $0.stage = "aa"
            $0.epoch = 1
            $0.attempt = 1
        }
        let result = Self.envelope(1, .result(.with { $0.commit.attempt = late }))
        let acknowledged = CoordinatorDirective.send(to: 1, .ack(.with { $0.attempt = late }))
        _ = machine.handle(.message(Self.envelope(1, .hello(Self.hello))), now: 0)
        #expect(machine.handle(.message(result), now: 1) == [])
        var finished = machine
        _ = finished.handle(.stageCached("aa"), now: 2)
        #expect(finished.handle(.message(result), now: 3) == [acknowledged])
        let items = [ShardTable.Item(name: "s0", payload: Data())]
        _ = machine.handle(
            .openShards(ShardTable(stage: "aa", stageName: "n", items: items, epoch: 2)), now: 2)
        let told = machine.handle(.message(result), now: 3)
        #expect(told.contains { if case .check(let commit) = $0 { commit.attempt == late } else { false } })
        #expect(!told.contains(acknowledged))
    }

    @Test func aWorkerThatHearsThatItWasGivenUpForgetsItsResults() {
        var worker = WorkerMachine(hello: Self.hello, patience: 1000, now: 0)
        var attempt = WireAttemptID()
        attempt.stage = "aa"
        _ = worker.handle(.message(Self.envelope(1, .welcome(WireWelcome()))), now: 0)
        _ = worker.handle(.message(Self.envelope(1, .grant(.with { $0.attempt = attempt }))), now: 1)
        _ = worker.handle(.computed(attempt), now: 600)
        _ = worker.handle(.finished(.with { $0.commit.attempt = attempt }), now: 600)
        #expect(worker.held == [attempt])
        let reject = WireReject.with { $0.mayReturn = true }
        #expect(worker.handle(.message(Self.envelope(1, .reject(reject))), now: 601).contains(.rejoin))
        #expect(worker.held.isEmpty)
    }

    @Test func aStoppedWorkerThatWakesUpComesBackAsANewOneAndChangesNothing() throws {
        let folder = try TemporaryFolder("cluster")
        let (gate, end) = (folder.file("gate"), folder.file("end"))
        let work = "pid \(folder.file("pid."))\nwait \(gate)"
        let job = RemoteJob(
            [shardStage("5a", [work, work]), shardStage("5b", ["wait \(end)"])], in: folder, isInsecure: true,
            localWorkers: 1)
        let endpoint = try job.start()
        // One that the coordinator has not started, and cannot end.
        let other = try job.worker(["--connect", endpoint, "--insecure"])
        let pids = try #require(
            waitFor {
                let pids = (0..<2).compactMap { place in
                    (try? String(contentsOfFile: folder.file("pid.s\(place)"), encoding: .utf8)).flatMap {
                        Int32($0)
                    }
                }
                return Set(pids).count == 2 ? pids : nil
            })
        let place = try #require(pids.firstIndex(of: other.pid))
        kill(other.pid, SIGSTOP)
        #expect(createFile(gate))
        try job.waitForLog("worker-lost")
        // Its shard has been computed by the other one, and the stage published.
        try #require(waitFor { access("\(job.run)/stage/5a/MANIFEST.pb", F_OK) == 0 ? true : nil } != nil)
        let manifest = try Data(contentsOf: URL(fileURLWithPath: "\(job.run)/stage/5a/MANIFEST.pb"))
        kill(other.pid, SIGCONT)
        try job.waitForWorkers(3)
        #expect(createFile(end))
        let outcome = try job.finish()
        #expect(try other.wait().status == 0)
        // Another attempt than the stopped worker's, which was the first one, or the second one if the other worker had been
        // granted the shard before and gave it back unbegun; nothing ends with the first one.
        #expect(!outcome.stages[0].shards[place].outputs[0].path.hasSuffix("s\(place).e1.a1.text"))
        #expect(try Data(contentsOf: URL(fileURLWithPath: "\(job.run)/stage/5a/MANIFEST.pb")) == manifest)
        for (place, shard) in outcome.stages[0].shards.enumerated() {
            #expect(try text(of: shard, in: job.run) == "shard s\(place): \(work)")
        }
    }
}
