import Foundation
import Groundwork
import TestSupport
import Testing

@testable import ClusterProtocol
@testable import ClusterRuntime

/// Workers that come and go, and coordinators that are asked to end, with real processes.
@Suite(.serialized)
struct ElasticTests {
    /// A job that runs on a thread of its own.
    private final class Running: @unchecked Sendable {
        // Safe to share: `result` is written before the semaphore is signalled and read after it.
        private let done = DispatchSemaphore(value: 0)
        private var result: Result<JobOutcome, any Error>?

        init(_ job: ScriptedJob, in folder: String) {
            let thread = Thread { [self] in
                result = Result { try job.run(in: folder) }
                done.signal()
            }
            thread.start()
        }

        func outcome() throws -> JobOutcome {
            done.wait()
            done.signal()
            guard let result else { throw Missing() }
            return try result.get()
        }
    }

    private func log(_ run: String) -> String {
        (try? String(contentsOfFile: "\(run)/log.jsonl", encoding: .utf8)) ?? ""
    }

    /// Looks until a condition that other processes bring about holds, at most 30 seconds.
    private func wait(until condition: () -> Bool) {
        for _ in 0..<6000 where !condition() { usleep(5000) }
        #expect(condition())
    }

    @Test func startsOnTwoWorkersAndEndsOnFiveWithTheSameBits() throws {
        let folder = try TemporaryFolder("cluster")
        let run = folder.file("run")
        let toy = "steps 400\nsize 3000\npace 10"
        let running = Running(ScriptedJob(stages: [trainingStage("ea", toy, ranks: 8)]), in: run)
        wait { log(run).contains("generation-started") }
        let endpoint = try SocketPlaces.coordinatorEndpoint(in: SocketPlaces.folder(runDirectory: run))
        let newcomers = try (0..<3).map { _ in
            let process = Process()
            process.executableURL = URL(fileURLWithPath: ScriptedJob.worker)
            process.arguments = ["--connect", endpoint]
            try process.run()
            return process
        }
        let outcome = try running.outcome()
        for process in newcomers { process.waitUntilExit() }
        #expect(outcome.stages[0].shards[0].result == (try trainAlone(toy, ranks: 8)))
        #expect(log(run).contains("\"members\":5"), "\(log(run))")
    }

    @Test func pausesBelowTheMinimumAndEndsWith75() throws {
        let folder = try TemporaryFolder("cluster")
        var job = ScriptedJob(stages: [trainingStage("eb", "steps 10\nsize 10", ranks: 4)])
        job.minWorkers = 3
        job.pauseLimit = 1
        let error = try #require(throws: ClusterError.self) { try job.run(in: folder.path) }
        #expect(error.code == "cluster.too-few-workers" && error.exitStatus == .retry)
        #expect(error.message.contains("2 of at least 3 workers"), "\(error.message)")
        #expect(log(folder.path).contains("\"event\":\"training-paused\""))
        job.minWorkers = 2
        #expect(
            try job.run(in: folder.path).stages[0].shards[0].result
                == trainAlone("steps 10\nsize 10", ranks: 4))
    }

    @Test func expelsAMemberWithWrongBitsAndStillGetsTheRightOnes() throws {
        let folder = try TemporaryFolder("cluster")
        let toy = "steps 60\nsize 100"
        let rogue = "\nagree 10\nrogue 25 1 \(folder.file("rogue"))"
        var job = ScriptedJob(stages: [trainingStage("ec", toy + rogue, ranks: 4)])
        job.workers = 3
        // Two that had begun before the third came would have no majority.
        job.minWorkers = 3
        let outcome = try job.run(in: folder.file("run"))
        #expect(outcome.stages[0].shards[0].result == (try trainAlone(toy, ranks: 4)))
        #expect(log(folder.file("run")).contains("had other bits than the majority at position 30"))
    }

    @Test func aWrongCopyOfTheStateIsMadeAgain() throws {
        let folder = try TemporaryFolder("cluster")
        let (killed, spoilt) = (folder.file("killed"), folder.file("spoilt"))
        let toy = "steps 60\nsize 100\npace 5"
        var job = ScriptedJob(
            stages: [trainingStage("ef", "\(toy)\nkill 20 1 \(killed)\nspoil \(spoilt)", ranks: 4)])
        job.minWorkers = 2
        let outcome = try job.run(in: folder.file("run"))
        #expect(access(spoilt, F_OK) == 0, "no state was copied")
        #expect(outcome.stages[0].shards[0].result == (try trainAlone(toy, ranks: 4)))
    }

    @Test func endsWithBothNamedWhereTwoDisagree() throws {
        let folder = try TemporaryFolder("cluster")
        let toy = "steps 60\nsize 100\nagree 10\nrogue 25 1 \(folder.file("rogue"))"
        let job = ScriptedJob(stages: [trainingStage("ed", toy, ranks: 4)])
        let error = try #require(throws: ClusterError.self) { try job.run(in: folder.file("run")) }
        #expect(error.code == "cluster.state-diverged")
        #expect(error.message.contains("at position 30, and there is no majority"), "\(error.message)")
    }

    @Test(arguments: [OperatorMailbox.Verb.drain, .cancel])
    func endsWhenAPersonAsks(verb: OperatorMailbox.Verb) throws {
        let folder = try TemporaryFolder("cluster")
        let run = folder.file("run")
        let job = ScriptedJob(stages: [trainingStage("ee", "steps 100000\nsize 100", ranks: 4)])
        let running = Running(job, in: run)
        wait { log(run).contains("generation-started") }
        try OperatorMailbox.post(verb, runDirectory: run)
        let error = try #require(throws: ClusterError.self) { try running.outcome() }
        #expect(error.code == (verb == .drain ? "cluster.interrupted" : "cluster.cancelled"))
        #expect(error.exitStatus == (verb == .drain ? .retry : .notPermitted))
        #expect(log(run).contains("\"verb\":\"\(verb.rawValue)\""))
        #expect(log(run).contains("checkpoint-written") == (verb == .drain))
        #expect(throws: ClusterError.self) { try OperatorMailbox.post(verb, runDirectory: run) }
    }

    /// Whoever is left has steps that no checkpoint has.
    @Test func aPausedTrainingKeepsItsStateAtAnOrderlyEnd() throws {
        let folder = try TemporaryFolder("cluster")
        let toy = "steps 100000\nsize 100\nkill 20 1 \(folder.file("killed"))"
        let job = RemoteJob(
            [trainingStage("e9", toy, ranks: 4)], in: folder, isInsecure: true, minWorkers: 2)
        let endpoint = try job.start()
        let workers = try (0..<2).map { _ in try job.worker(["--connect", endpoint, "--insecure"]) }
        try job.waitForLog("training-paused")
        try OperatorMailbox.post(.drain, runDirectory: job.run)
        let error = try #require(throws: ClusterError.self) { try job.finish() }
        #expect(error.code == "cluster.interrupted")
        let statuses = try workers.map { try $0.wait().status }
        #expect(statuses.contains(75), "\(statuses)")
        let kept = try Data(contentsOf: URL(fileURLWithPath: "\(job.run)/stage/e9/kept.bin"))
        #expect(kept.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) } == 20)
    }

    /// Nobody is there to read it, and the next coordinator would obey.
    @Test func nothingIsAskedOfACoordinatorThatIsGone() throws {
        let folder = try TemporaryFolder("cluster")
        let run = folder.file("run")
        let job = ScriptedJob(stages: [shardStage("ef", ["number 1"])])
        _ = try job.run(in: run)
        let directory = try RunDirectory(run)
        var left = WireRendezvous()
        (left.host, left.job, left.endpoint) = (SystemFacts.host, job.digest, "ipc:///nowhere")
        try directory.write(left, "rendezvous.pb")
        #expect(throws: ClusterError.self) { try OperatorMailbox.post(.cancel, runDirectory: run) }
        // One that was posted in the former's last moment is not for the next.
        try directory.createFolder("mailbox")
        var request = WireOperatorRequest()
        (request.job, request.verb) = (job.digest, "cancel")
        try directory.write(request, "mailbox/cancel.1.1.pb")
        #expect(try job.run(in: run).stages[0].cached)
    }

    /// A crash of the host leaves what was not flushed empty or in part.
    @Test(arguments: [0, 7]) func aTornRendezvousIsNone(bytes: Int) throws {
        let folder = try TemporaryFolder("cluster")
        let run = folder.file("run")
        let job = ScriptedJob(stages: [shardStage("f1", ["number 1"])])
        _ = try job.run(in: run)
        try Data(repeating: 0x0A, count: bytes).write(to: URL(fileURLWithPath: "\(run)/rendezvous.pb"))
        #expect(try CoordinatorPlace.read(run) == nil)
        let asked = #expect(throws: ClusterError.self) { try OperatorMailbox.post(.drain, runDirectory: run) }
        #expect(asked?.exitStatus == .unavailable)
        #expect(try job.run(in: run).stages[0].cached)
    }

    /// The record that the job is finished cannot be written: the run ends with that error, and not never.
    @Test func anEndThatCannotBeWrittenDownIsAnError() throws {
        let folder = try TemporaryFolder("cluster")
        let (gate, run) = (folder.file("gate"), folder.file("run"))
        let running = Running(ScriptedJob(stages: [shardStage("f2", ["wait \(gate)"])]), in: run)
        wait { log(run).contains("worker-joined") }
        unlink("\(run)/job.pb")
        try FileManager.default.createDirectory(
            atPath: "\(run)/job.pb", withIntermediateDirectories: false)
        _ = createFile(gate)
        #expect(throws: (any Error).self) { try running.outcome() }
        #expect(log(run).contains("job-failed") && !log(run).contains("job-finished"))
    }

    /// Engines start a coordinator again after 73; its workers shall not take the job for over.
    @Test func aWorkerOfACoordinatorThatIsToBeRepeatedEndsWith75() throws {
        let folder = try TemporaryFolder("cluster")
        let gate = folder.file("gate")
        let job = RemoteJob([shardStage("f3", ["wait \(gate)"])], in: folder, isInsecure: true)
        let worker = try job.worker(["--connect", try job.start(), "--insecure"])
        try job.waitForWorkers(1)
        unlink("\(job.run)/job.pb")
        try FileManager.default.createDirectory(
            atPath: "\(job.run)/job.pb", withIntermediateDirectories: false)
        _ = createFile(gate)
        #expect(throws: (any Error).self) { try job.finish() }
        #expect(try worker.wait().status == 75)
    }

    @Test(arguments: [true, false]) func recoversALostJournal(isTorn: Bool) throws {
        let folder = try TemporaryFolder("cluster")
        let (gate, run) = (folder.file("gate"), folder.file("run"))
        let stop = StopToken()
        var job = ScriptedJob(stages: [
            shardStage("ef", ["number 1", "number 2", "number 3", "wait \(gate)"])
        ])
        job.stop = stop
        job.progress = { if $0.done >= 3 { stop.request() } }
        #expect(throws: ClusterError.self) { try job.run(in: run) }
        let journal = "\(run)/journal/1.pbj"
        if isTorn {
            try Data(contentsOf: URL(fileURLWithPath: journal)).prefix(200).write(
                to: URL(fileURLWithPath: journal))
        } else {
            unlink(journal)
        }
        let report = try RunRecovery.recover(runDirectory: run)
        #expect(report.stages == 1 && report.recovered + report.known == 3, "\(report)")
        #expect(report.recovered >= 1)
        var lines: [String] = []
        try JournalText.lines(runDirectory: run) { lines.append($0) }
        #expect(
            lines.contains { $0.contains("shard_committed") } && !lines.contains { $0.contains("\"result\"") }
        )
        _ = createFile(gate)
        job.stop = nil
        job.progress = nil
        let outcome = try job.run(in: run)
        let paths = outcome.stages[0].shards.map { ($0.outputs[0].path as NSString).lastPathComponent }
        #expect(paths[0...2].allSatisfy { $0.contains(".e1.") } && paths[3].contains(".e3."), "\(paths)")
        // Recovering what is finished leaves it whole.
        _ = try RunRecovery.recover(runDirectory: run)
        #expect(
            try RunVerifier.verify(runDirectory: run).problems.filter { $0.contains("end of the job") } == [])
    }

    @Test func aStandbyTakesOverWhenTheFirstIsGone() throws {
        let folder = try TemporaryFolder("cluster")
        let (gate, run) = (folder.file("gate"), folder.file("run"))
        let stop = StopToken()
        var job = ScriptedJob(stages: [shardStage("ff", ["number 1", "wait \(gate)"])])
        job.stop = stop
        let first = Running(job, in: run)
        wait { log(run).contains("stage-opened") }
        job.stop = nil
        job.standby = true
        let second = Running(job, in: run)
        stop.request()
        #expect(throws: ClusterError.self) { try first.outcome() }
        _ = createFile(gate)
        #expect(try second.outcome().restarts == 1)
    }
}
