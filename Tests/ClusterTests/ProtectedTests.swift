import ClusterRuntime
import Foundation
import Groundwork
import TestSupport
import Testing
import ZeroMQ

@testable import ClusterProtocol

/// Workers over TCP: who has the keys takes part, nobody else does, and nobody else does harm.
@Suite(.serialized)
struct ProtectedTests {
    private static let toy = "steps 12\nsize 1000"

    @Test func workersFindEndpointAndKeysInTheRunDirectory() throws {
        let folder = try TemporaryFolder("cluster")
        let gate = folder.file("gate")
        let job = RemoteJob(
            [
                shardStage("a1", (0..<20).map { "number \($0)" } + ["wait \(gate)"]),
                trainingStage("b2", Self.toy, ranks: 4),
            ], in: folder)
        // Before the coordinator: they wait for it.
        let workers = try (0..<2).map { _ in try job.worker(["--output", job.run]) }
        _ = try job.start()
        try job.waitForWorkers(2)
        _ = createFile(gate)
        let outcome = try job.finish()
        #expect(outcome.stages[1].shards[0].result == (try trainAlone(Self.toy, ranks: 4)))
        for worker in workers { #expect(try worker.wait().status == 0) }
        #expect(!job.log.contains("refused") && job.log.contains("\"members\":2"))
        var status = stat()
        #expect(stat("\(job.run)/keys", &status) == 0 && status.st_mode & 0o777 == 0o700)
    }

    @Test(arguments: [true, false]) func localWorkersTrainWithThoseOfOtherMachines(isInsecure: Bool) throws {
        let folder = try TemporaryFolder("cluster")
        let gate = folder.file("gate")
        let job = RemoteJob(
            [shardStage("b6", ["wait \(gate)"]), trainingStage("b7", Self.toy, ranks: 4)], in: folder,
            isInsecure: isInsecure, localWorkers: 1)
        let endpoint = try job.start()
        let keys = isInsecure ? ["--insecure"] : ["--keys", "\(job.run)/keys"]
        let worker = try job.worker(["--connect", endpoint] + keys)
        try job.waitForWorkers(2)
        _ = createFile(gate)
        #expect(try job.finish().stages[1].shards[0].result == (try trainAlone(Self.toy, ranks: 4)))
        #expect(try worker.wait().status == 0)
        #expect(job.log.contains("\"members\":2"))
    }

    @Test func workersComeWithKeysOfTheirOwn() throws {
        let folder = try TemporaryFolder("cluster")
        let keys = try KeyFolder.create(at: folder.file("keys"))
        let gate = folder.file("gate")
        let job = RemoteJob(
            [shardStage("b2", ["wait \(gate)"]), trainingStage("b3", Self.toy, ranks: 4)], in: folder,
            keys: keys.path)
        let endpoint = try job.start()
        let workers = try (0..<2).map { _ in
            try job.worker(["--connect", endpoint, "--keys", keys.path])
        }
        try job.waitForWorkers(2)
        _ = createFile(gate)
        #expect(try job.finish().stages[1].shards[0].result == (try trainAlone(Self.toy, ranks: 4)))
        for worker in workers { #expect(try worker.wait().status == 0) }
    }

    /// A connection that was closed with something unread took the last message with it.
    @Test(arguments: [true, false]) func everyWorkerHearsThatTheJobIsOver(isInsecure: Bool) throws {
        for _ in 0..<10 {
            let folder = try TemporaryFolder("cluster")
            let gate = folder.file("gate")
            let job = RemoteJob(
                [shardStage("b4", ["wait \(gate)"]), trainingStage("b5", Self.toy, ranks: 4)], in: folder,
                isInsecure: isInsecure)
            let endpoint = try job.start()
            let keys = isInsecure ? ["--insecure"] : ["--keys", "\(job.run)/keys"]
            let workers = try (0..<2).map { _ in
                try job.worker(["--connect", endpoint, "--patience", "3"] + keys)
            }
            try job.waitForWorkers(2)
            _ = createFile(gate)
            _ = try job.finish()
            for worker in workers { #expect(try worker.wait().status == 0) }
        }
    }

    @Test func whoHasOtherKeysIsRefusedAndTold() throws {
        let folder = try TemporaryFolder("cluster")
        let gate = folder.file("gate")
        let keys = try KeyFolder.create(at: folder.file("keys"))
        let stranger = try KeyFolder.create(at: folder.file("stranger"))
        let job = RemoteJob(
            [shardStage("c1", ["number 0", "wait \(gate)"])], in: folder, keys: keys.path)
        let endpoint = try job.start()
        let good = try job.worker(["--connect", endpoint, "--keys", keys.path])
        // The right server key, a worker's key that is not admitted.
        try copy("coordinator.pub", from: keys.path, to: stranger.path)
        let refused = try job.worker(["--connect", endpoint, "--keys", stranger.path]).wait()
        #expect(refused.status == 77)
        #expect(refused.errors.contains("does not admit this worker's key"), "\(refused.errors)")
        #expect(refused.errors.contains("[keys.refused]"))
        try job.waitForLog("\"event\":\"connections-refused\",\"coordinator_epoch\":1,\"reason\":\"key\"")
        // Without keys at all.
        let plain = try job.worker(["--connect", endpoint, "--insecure"]).wait()
        #expect(plain.status == 77)
        #expect(
            plain.errors.contains("wants keys") && plain.errors.contains("[keys.mismatch]"), "\(plain.errors)"
        )
        // Whoever looks first hangs up, and the other end sees only that: somebody who keeps the line is told of by reason.
        let greeter = try PlainClient(endpoint)
        #expect(greeter.send(PlainClient.greetingWithoutKeys))
        try job.waitForLog("\"reason\":\"mechanism\"")
        // Another server key: the connection is closed before it begins.
        let other = try KeyFolder.create(at: folder.file("other"))
        let lost = try job.worker(["--connect", endpoint, "--keys", other.path, "--patience", "2"]).wait()
        #expect(lost.status == 75)
        try job.waitForLog("\"reason\":\"handshake\"")
        _ = createFile(gate)
        #expect(try job.finish().stages[0].shards.count == 2)
        #expect(try good.wait().status == 0)
        #expect(job.log.components(separatedBy: "worker-joined").count == 2)
        let status = try RunStatus.load(runDirectory: job.run).snapshot
        #expect(status.counters.connectionsRefused >= 3)
    }

    @Test func aWorkerWithKeysDoesNotTalkToACoordinatorWithout() throws {
        let folder = try TemporaryFolder("cluster")
        let gate = folder.file("gate")
        let keys = try KeyFolder.create(at: folder.file("keys"))
        let job = RemoteJob([shardStage("c2", ["wait \(gate)"])], in: folder, isInsecure: true)
        let endpoint = try job.start()
        let refused = try job.worker(["--connect", endpoint, "--keys", keys.path]).wait()
        #expect(refused.status == 77 && refused.errors.contains("[keys.mismatch]"), "\(refused.errors)")
        let good = try job.worker(["--connect", endpoint, "--insecure"])
        _ = createFile(gate)
        _ = try job.finish()
        #expect(try good.wait().status == 0)
    }

    @Test func strayBytesDoNoHarm() throws {
        let folder = try TemporaryFolder("cluster")
        let gate = folder.file("gate")
        let job = RemoteJob([shardStage("d1", ["number 0", "wait \(gate)"])], in: folder)
        let endpoint = try job.start()
        let worker = try job.worker(["--output", job.run])
        var random = RandomStream(seed: 21, purpose: .test)
        let greeting: [UInt8] = [0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0]
        let curve = greeting + Array("CURVE".utf8) + [UInt8](repeating: 0, count: 47)
        let openings: [[UInt8]] = [
            Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8), greeting, curve,
            // A long command frame that announces 2^62 bytes; a HELLO that is none.
            curve + [0x06, 0x40, 0, 0, 0, 0, 0, 0, 0],
            curve + [0x04, 200] + [UInt8](repeating: 7, count: 200),
            greeting + Array("NULL".utf8) + [UInt8](repeating: 0, count: 48) + [0x04, 0xff],
        ]
        for number in 0..<40 {
            let noise = (0..<200).map { _ in UInt8(truncatingIfNeeded: random.nextWord()) }
            try PlainClient(endpoint).send(openings[number % openings.count] + noise)
        }
        try job.waitForLog("connections-refused")
        _ = createFile(gate)
        #expect(try job.finish().stages[0].shards.count == 2)
        #expect(try worker.wait().status == 0)
        #expect(!job.log.contains("worker-lost"))
    }

    @Test func rubbishFromSomebodyWithAKeyIsCountedAndBarred() throws {
        let folder = try TemporaryFolder("cluster")
        let gate = folder.file("gate")
        let keys = try KeyFolder.create(at: folder.file("keys"))
        let job = RemoteJob(
            [
                shardStage("e1", (0..<10).map { "number \($0)" } + ["wait \(gate)"]),
                trainingStage("e2", Self.toy, ranks: 2),
            ], in: folder, keys: keys.path)
        let endpoint = try job.start()
        let worker = try job.worker(["--connect", endpoint, "--keys", keys.path])
        try job.waitForLog("worker-joined")
        let victim = try #require(instance(in: job.log))
        var random = RandomStream(seed: 22, purpose: .test)
        let rubbish = try RogueWorker(endpoint: endpoint, keys: keys.path, instance: 0x0bad_0001)
        for _ in 0..<40 {
            rubbish.send(Data((0..<300).map { _ in UInt8(truncatingIfNeeded: random.nextWord()) }))
        }
        try job.waitForLog("\"event\":\"peer-barred\",\"coordinator_epoch\":1,\"worker\":\"0bad0001\"")
        // One that speaks for another, and one whose messages are too large.
        let liar = try RogueWorker(endpoint: endpoint, keys: keys.path, instance: 0x0bad_0002)
        var leave = WireEnvelope()
        leave.instance = victim
        leave.leave.reason = "go"
        for _ in 0..<25 { liar.send(try leave.serializedData()) }
        try job.waitForLog("\"worker\":\"0bad0002\",\"reason\":\"rubbish\"")
        let giant = try RogueWorker(endpoint: endpoint, keys: keys.path, instance: 0x0bad_0003)
        leave.instance = giant.instance
        leave.leave.reason = String(repeating: "x", count: 2 << 20)
        for _ in 0..<25 { giant.send(try leave.serializedData()) }
        try job.waitForLog("\"reason\":\"too-large\"")
        giant.send(Data(count: 40 << 20))
        _ = createFile(gate)
        let outcome = try job.finish()
        #expect(outcome.stages[1].shards[0].result == (try trainAlone(Self.toy, ranks: 2)))
        #expect(try worker.wait().status == 0)
        #expect(!job.log.contains("worker-lost") && job.log.contains("\"reason\":\"identity\""))
        #expect(try RunStatus.load(runDirectory: job.run).snapshot.counters.peersBarred >= 2)
    }

    /// Its run directory was removed, and the job began again in the same place.
    @Test func aWorkerThatKnowsALaterEpochOfARemovedRunDoesNotEndTheJob() throws {
        let folder = try TemporaryFolder("cluster")
        let gate = folder.file("gate")
        let keys = try KeyFolder.create(at: folder.file("keys"))
        let job = RemoteJob(
            [shardStage("f3", ["number 0", "wait \(gate)"])], in: folder, keys: keys.path)
        let endpoint = try job.start()
        let survivor = try RogueWorker(endpoint: endpoint, keys: keys.path, instance: 0x0bad_0006)
        var envelope = WireEnvelope()
        envelope.protocol = ClusterVersion.messages
        envelope.build = "test"
        envelope.instance = survivor.instance
        envelope.epoch = 7
        envelope.hello.fingerprint = "fingerprint"
        survivor.send(try envelope.serializedData())
        // Whoever is barred has been heard: messages come in order.
        for _ in 0..<40 { survivor.send(Data("rubbish".utf8)) }
        try job.waitForLog("\"event\":\"peer-barred\",\"coordinator_epoch\":1,\"worker\":\"0bad0006\"")
        let worker = try job.worker(["--connect", endpoint, "--keys", keys.path])
        _ = createFile(gate)
        #expect(try job.finish().stages[0].shards.count == 2)
        #expect(try worker.wait().status == 0)
        #expect(!job.log.contains("superseded"))
    }

    @Test func aFloodIsDroppedAndOthersAreServed() throws {
        let folder = try TemporaryFolder("cluster")
        let gate = folder.file("gate")
        let keys = try KeyFolder.create(at: folder.file("keys"))
        let job = RemoteJob(
            [shardStage("f1", ["number 0", "wait \(gate)"])], in: folder, keys: keys.path)
        let endpoint = try job.start()
        let worker = try job.worker(["--connect", endpoint, "--keys", keys.path])
        let flooder = try RogueWorker(endpoint: endpoint, keys: keys.path, instance: 0x0bad_0004)
        var beat = WireEnvelope()
        beat.instance = flooder.instance
        beat.heartbeat.pulse = 1
        for _ in 0..<12_000 { flooder.send(try beat.serializedData()) }
        try job.waitForLog("\"event\":\"messages-refused\",\"coordinator_epoch\":1,\"reason\":\"flood\"")
        _ = createFile(gate)
        #expect(try job.finish().stages[0].shards.count == 2)
        #expect(try worker.wait().status == 0)
    }

    @Test func aForeignPathBarsTheWorkerAndTheShardIsComputedByAnother() throws {
        let folder = try TemporaryFolder("cluster")
        let keys = try KeyFolder.create(at: folder.file("keys"))
        let job = RemoteJob([shardStage("f2", ["number 0"])], in: folder, keys: keys.path)
        let endpoint = try job.start()
        let rogue = try RogueWorker(endpoint: endpoint, keys: keys.path, instance: 0x0bad_0005)
        try rogue.join(runDirectory: job.run)
        let grant = try #require(
            rogue.receive { envelope -> WireGrant? in
                guard case .grant(let grant) = envelope.body else { return nil }
                return grant
            })
        var result = WireEnvelope()
        result.instance = rogue.instance
        result.epoch = 1
        result.result.commit.attempt = grant.attempt
        var file = WireOutputFile()
        file.path = "stage/../../outside"
        result.result.commit.outputs = [file]
        rogue.send(try result.serializedData())
        let reject = try #require(
            rogue.receive { envelope -> WireReject? in
                guard case .reject(let reject) = envelope.body else { return nil }
                return reject
            })
        #expect(reject.failure.exitStatus == 77 && reject.failure.code == "cluster.barred")
        let worker = try job.worker(["--connect", endpoint, "--keys", keys.path])
        #expect(try job.finish().stages[0].shards[0].outputs[0].path == "stage/f2/s0.e1.a2.text")
        #expect(try worker.wait().status == 0)
        #expect(job.log.contains("\"reason\":\"foreign-path\""))
    }

    // MARK: What both sides must have in common

    @Test func aDirectoryThatIsNotSharedIsNamedOnBothSides() throws {
        let folder = try TemporaryFolder("cluster")
        let keys = try KeyFolder.create(at: folder.file("keys"))
        let job = RemoteJob([shardStage("a4", ["number 0"])], in: folder, keys: keys.path)
        let endpoint = try job.start()
        let elsewhere = folder.file("elsewhere")
        let lost = try job.worker(["--connect", endpoint, "--keys", keys.path, "--output", elsewhere]).wait()
        #expect(lost.status == 78)
        for word in [job.run, elsewhere, "--output", "no token", ProcessInfo.processInfo.hostName] {
            #expect(lost.errors.contains(word), "\(word): \(lost.errors)")
        }
        #expect(job.log.contains("cluster.not-shared") && job.log.contains(elsewhere))
        // Another run's folder has a token, but not this one.
        try FileManager.default.createDirectory(atPath: elsewhere, withIntermediateDirectories: false)
        var token = WireToken()
        token.epoch = 1
        token.secret = Data(repeating: 7, count: 32)
        try token.serializedData().write(to: URL(fileURLWithPath: "\(elsewhere)/token.pb"))
        let other = try job.worker(["--connect", endpoint, "--keys", keys.path, "--output", elsewhere]).wait()
        #expect(other.status == 78 && other.errors.contains("another run's token"), "\(other.errors)")
        let good = try job.worker(["--connect", endpoint, "--keys", keys.path, "--output", job.run])
        _ = try job.finish()
        #expect(try good.wait().status == 0)
    }

    @Test(arguments: [
        ("CLUSTER_TEST_FINGERPRINT", "cluster.other-numerics", "fingerprint"),
        ("CLUSTER_TEST_BUILD", "cluster.other-version", "test (messages \(ClusterVersion.messages))"),
    ]) func whatDiffersIsShownWithBothValues(variable: String, code: String, ours: String) throws {
        let folder = try TemporaryFolder("cluster")
        let job = RemoteJob([shardStage("a5", ["number 0"])], in: folder)
        _ = try job.start()
        let other = try job.worker(["--output", job.run], environment: [variable: "d1ff3r3nt"]).wait()
        #expect(other.status == 78)
        for word in ["d1ff3r3nt", ours, ProcessInfo.processInfo.hostName] {
            #expect(other.errors.contains(word), "\(word): \(other.errors)")
        }
        let line = try #require(job.log.split(separator: "\n").first { $0.contains("worker-rejected") })
        #expect(line.contains(code))
        #expect(line.contains("\"theirs\":\"d1ff3r3nt") && line.contains("\"ours\":\"\(ours)"), "\(line)")
        let good = try job.worker(["--output", job.run])
        _ = try job.finish()
        #expect(try good.wait().status == 0)
    }

    @Test func aWorkerWithoutACoordinatorSaysWhereItLooked() throws {
        let folder = try TemporaryFolder("cluster")
        let outcome = try Commands.run(
            "ClusterTestWorker", ["--output", folder.path, "--patience", "0.2"], folder: folder)
        #expect(outcome.status == 75)
        #expect(outcome.errors.contains("[cluster.absent]") && outcome.errors.contains(folder.path))
    }

    @Test func aWorkerDoesNotWaitForAPlaceWhereItMayNotLook() throws {
        let folder = try TemporaryFolder("cluster")
        #expect(createFile(folder.file("run")))
        let outcome = try Commands.run(
            "ClusterTestWorker", ["--output", folder.file("run"), "--patience", "600"], folder: folder)
        #expect(outcome.status == 74 && outcome.errors.contains("[file.open]"), "\(outcome.errors)")
    }

    private func copy(_ name: String, from: String, to: String) throws {
        unlink("\(to)/\(name)")
        try FileManager.default.copyItem(atPath: "\(from)/\(name)", toPath: "\(to)/\(name)")
    }

    private func instance(in log: String) -> Instance? {
        log.split(separator: "\n").first { $0.contains("worker-joined") }
            .flatMap { $0.firstMatch(of: /"worker":"([0-9a-f]{8})"/) }.flatMap { Instance($0.1, radix: 16) }
    }
}
