import ClusterRuntime
import Foundation
import Groundwork
import TestSupport
import Testing

@testable import ClusterProtocol

/// A coordinator in this process with real worker processes.
@Suite(.serialized)
struct ProcessTests {
    @Test func runsShardsAndTrainingOverTwoWorkers() throws {
        let folder = try TemporaryFolder("cluster")
        let payloads = (0..<40).map { "number \($0)" }
        let job = ScriptedJob(stages: [
            shardStage("a1", payloads), trainingStage("b2", "steps 20\nsize 50000", ranks: 8),
        ])
        let outcome = try job.run(in: folder.path)
        #expect(outcome.stages.map(\.name) == ["stage-a1", "train"])
        #expect(outcome.stages[0].shards.count == 40)
        for (index, shard) in outcome.stages[0].shards.enumerated() {
            #expect(try text(of: shard, in: folder.path) == "shard s\(index): number \(index)")
            #expect(String(decoding: shard.result, as: UTF8.self) == "s\(index)")
        }
        #expect(outcome.recoveries.workersLost == 0)
        #expect(outcome.processes.count == 3)
        #expect(outcome.processes.allSatisfy { $0.peakResidentBytes > 1 << 20 })
        let status = try RunStatus.load(runDirectory: folder.path)
        #expect(status.snapshot.state == "finished")
        #expect(!status.isCoordinatorAlive)
        #expect(try status.json().contains("\"stages\""))
    }

    @Test(arguments: [1, 3, 5]) func trainsToTheSameBits(workers: Int) throws {
        let folder = try TemporaryFolder("cluster")
        var job = ScriptedJob(stages: [trainingStage("c3", "steps 12\nsize 1000", ranks: 4)])
        job.workers = workers
        let outcome = try job.run(in: folder.path)
        let reference = try trainAlone("steps 12\nsize 1000", ranks: 4)
        #expect(outcome.stages[0].shards[0].result == reference)
        #expect(outcome.stages[0].shards[0].outputs[0].path == "stage/c3/final.bin")
    }

    @Test func goesOnAfterAWorkerIsKilledInAShard() throws {
        let folder = try TemporaryFolder("cluster")
        let marker = folder.file("killed")
        let payloads = (0..<10).map { $0 == 3 ? "kill \(marker)" : "number \($0)" }
        let outcome = try ScriptedJob(stages: [shardStage("d4", payloads)]).run(in: folder.file("run"))
        #expect(outcome.stages[0].shards.count == 10)
        #expect(outcome.recoveries.workersLost == 1)
        #expect(outcome.recoveries.attemptsRepeated >= 1)
        #expect(outcome.stages[0].shards[3].outputs[0].path.hasSuffix("s3.e1.a2.text"))
        let log = try String(contentsOfFile: folder.file("run/log.jsonl"), encoding: .utf8)
        #expect(log.contains("\"event\":\"worker-lost\"") && log.contains("signal 9"))
    }

    @Test func trainsToTheSameBitsWhenMembersAreKilled() throws {
        let folder = try TemporaryFolder("cluster")
        let toy = "steps 30\nsize 1000"
        let kills =
            "\nkill 7 1 \(folder.file("k1"))\nkill 15 0 \(folder.file("k2"))\nkill 15 1 \(folder.file("k3"))"
        var job = ScriptedJob(stages: [trainingStage("e5", toy + kills, ranks: 4)])
        job.workers = 3
        let outcome = try job.run(in: folder.file("run"))
        #expect(outcome.stages[0].shards[0].result == (try trainAlone(toy, ranks: 4)))
        #expect(outcome.recoveries.workersLost == 3)
        #expect(outcome.recoveries.generations >= 3)
    }

    @Test func trainsAgainFromTheStartWhenTheOnlyMemberIsKilled() throws {
        let folder = try TemporaryFolder("cluster")
        let toy = "steps 10\nsize 10"
        var job = ScriptedJob(
            stages: [trainingStage("e6", toy + "\nkill 5 0 \(folder.file("k"))", ranks: 2)])
        job.workers = 1
        let outcome = try job.run(in: folder.file("run"))
        #expect(outcome.stages[0].shards[0].result == (try trainAlone(toy, ranks: 2)))
    }

    @Test func endsAtOnceWithAnInputError() throws {
        let folder = try TemporaryFolder("cluster")
        let job = ScriptedJob(stages: [shardStage("f6", ["number 1", "fail", "number 2"])])
        let error = try #require(throws: ClusterError.self) { try job.run(in: folder.path) }
        #expect(error.code == "test.bad-input")
        #expect(error.exitStatus == .data)
        #expect(error.message.contains("table \"numbers\", byte 17"))
        let status = try RunStatus.load(runDirectory: folder.path)
        #expect(status.snapshot.state == "failed")
        #expect(status.snapshot.exitStatus == 65)
    }

    @Test func triesAnErrorAgainThatGoesAway() throws {
        let folder = try TemporaryFolder("cluster")
        let job = ScriptedJob(stages: [shardStage("a7", ["flaky \(folder.file("m"))", "number 2"])])
        let outcome = try job.run(in: folder.file("run"))
        #expect(outcome.recoveries.attemptsRepeated == 1)
    }

    @Test func givesUpAfterThreeFailures() throws {
        let folder = try TemporaryFolder("cluster")
        let job = ScriptedJob(stages: [shardStage("a8", ["internal", "number 2"])])
        let error = try #require(throws: ClusterError.self) { try job.run(in: folder.path) }
        #expect(error.code == "test.bad-input")
        #expect(error.exitStatus == .internal)
        #expect(
            error.message.hasPrefix("Stage \"stage-a8\", shard \"s0\" (table \"t\", byte 0) failed 3 times"))
    }

    @Test func givesUpOnAShardThatCrashesEveryWorker() throws {
        let folder = try TemporaryFolder("cluster")
        var job = ScriptedJob(stages: [shardStage("a9", ["segfault", "number 2"])])
        job.environment["SWIFT_BACKTRACE"] = "enable=no"
        let error = try #require(throws: ClusterError.self) { try job.run(in: folder.path) }
        #expect(error.code == "cluster.shard-crashes")
        #expect(error.message.contains("shard \"s0\" (table \"t\", byte 0)"), "\(error.message)")
        #expect(error.message.contains("signal 11"))
        #expect(error.exitStatus == .internal)
    }

    @Test(arguments: [1, 2]) func givesUpOnAShardOverWhichEveryWorkerIsKilled(workers: Int) throws {
        let folder = try TemporaryFolder("cluster")
        var job = ScriptedJob(stages: [shardStage("a9", ["killed", "number 2"])])
        job.workers = workers
        let error = try #require(throws: ClusterError.self) { try job.run(in: folder.path) }
        #expect(error.code == "cluster.shard-crashes", "\(error.message)")
        #expect(error.message.contains("shard \"s0\" (table \"t\", byte 0)"), "\(error.message)")
        #expect(error.message.contains("signal 9"))
    }

    @Test func doesNotComputeFinishedStagesAgain() throws {
        let folder = try TemporaryFolder("cluster")
        var job = ScriptedJob(stages: [shardStage("b1", ["number 1", "number 2"])])
        let first = try job.run(in: folder.path)
        #expect(!first.stages[0].cached)
        job.stages.append(shardStage("b2", ["number 3"]))
        job.digest = String(repeating: "cd", count: 32)
        let second = try job.run(in: folder.path)
        #expect(second.restarts == 0)
        #expect(second.stages[0].cached && !second.stages[1].cached)
        #expect(second.stages[0].shards == first.stages[0].shards)
        // A stage whose file is gone is computed again.
        try FileManager.default.removeItem(atPath: folder.file(first.stages[0].shards[1].outputs[0].path))
        let third = try job.run(in: folder.path)
        #expect(!third.stages[0].cached && third.stages[1].cached)
        #expect(third.stages[0].shards[0] == first.stages[0].shards[0])
        #expect(third.stages[0].shards[1].outputs[0].sha256 == first.stages[0].shards[1].outputs[0].sha256)
    }

    @Test func goesOnAfterAnInterruption() throws {
        let folder = try TemporaryFolder("cluster")
        let gate = folder.file("gate")
        var job = ScriptedJob(stages: [
            shardStage("c1", ["number 1", "number 2", "number 3", "wait \(gate)"])
        ])
        let stop = StopToken()
        job.stop = stop
        job.progress = { report in
            if report.done >= 3 { stop.request() }
        }
        let interruption = try #require(throws: ClusterError.self) { try job.run(in: folder.file("run")) }
        #expect(interruption.code == "cluster.interrupted")
        #expect(interruption.exitStatus == .retry)
        #expect(try RunStatus.load(runDirectory: folder.file("run")).snapshot.state == "interrupted")
        _ = createFile(gate)
        job.stop = nil
        job.progress = nil
        var other = job
        other.digest = String(repeating: "ef", count: 32)
        other.settings = [.init(key: "model.name", value: "RNN")]
        let refusal = try #require(throws: ClusterError.self) { try other.run(in: folder.file("run")) }
        #expect(refusal.code == "cluster.wrong-job")
        #expect(refusal.message.contains("model.name"))
        let outcome = try job.run(in: folder.file("run"))
        let paths = outcome.stages[0].shards.map { ($0.outputs[0].path as NSString).lastPathComponent }
        #expect(paths[0...2].allSatisfy { $0.contains(".e1.") })
        #expect(paths[3].contains(".e2."))
    }

    @Test func refusesWorkersOfAnotherVersion() throws {
        let folder = try TemporaryFolder("cluster")
        var job = ScriptedJob(stages: [shardStage("d1", ["number 1"])])
        job.environment["CLUSTER_TEST_BUILD"] = "older"
        let error = try #require(throws: ClusterError.self) { try job.run(in: folder.path) }
        #expect(error.code == "cluster.workers-fail")
        let log = try String(contentsOfFile: folder.file("log.jsonl"), encoding: .utf8)
        #expect(log.contains("cluster.other-version"))
    }

    @Test func givesUpOnWorkersThatEndAtOnce() throws {
        let folder = try TemporaryFolder("cluster")
        var job = ScriptedJob(stages: [shardStage("d2", ["number 1"])])
        job.environment["CLUSTER_TEST_EXIT"] = "early"
        let error = try #require(throws: ClusterError.self) { try job.run(in: folder.path) }
        #expect(error.code == "cluster.workers-fail")
        #expect(error.message.contains("exit status 70"))
    }

    @Test func refusesASecondCoordinator() throws {
        let folder = try TemporaryFolder("cluster")
        let gate = folder.file("gate")
        let first = ScriptedJob(stages: [shardStage("d3", ["wait \(gate)"])])
        let run = folder.file("run")
        let done = DispatchSemaphore(value: 0)
        let started = DispatchSemaphore(value: 0)
        let thread = Thread {
            var job = first
            job.progress = { _ in started.signal() }
            _ = try? job.run(in: run)
            done.signal()
        }
        thread.start()
        started.wait()
        let error = try #require(throws: ClusterError.self) { try first.run(in: run) }
        #expect(error.code == "cluster.coordinator-running")
        #expect(try RunStatus.load(runDirectory: run).isCoordinatorAlive)
        _ = createFile(gate)
        done.wait()
    }
}

/// Creates an empty file.
func createFile(_ path: String) -> Bool { FileManager.default.createFile(atPath: path, contents: nil) }
