import ClusterRuntime
import Foundation
import TestSupport
import Testing

@testable import ClusterProtocol

/// Coordinators as processes of their own that are killed and started again.
@Suite(.serialized)
struct CoordinatorDeathTests {
    private static let job = """
        shards aa 30 number #
        shards ab 6 wait GATE
        training ac 4 steps 200\\nsize 2000
        """

    @Test func resumesAfterTheCoordinatorIsKilled() throws {
        let folder = try TemporaryFolder("cluster")
        let gate = folder.file("gate")
        let job = folder.file("job")
        try Self.job.replacingOccurrences(of: "GATE", with: gate).write(
            toFile: job, atomically: true, encoding: .utf8)
        let run = folder.file("run")
        let first = try coordinate(job, run, output: folder.file("first"))
        // The second stage waits for the gate: everything of the first one is committed by then.
        try wait { exists("\(run)/stage/aa/MANIFEST.pb") && exists("\(run)/stage/ab") }
        kill(first, SIGKILL)
        #expect(status(of: first) == SIGKILL)
        let firstManifest = try Data(contentsOf: URL(fileURLWithPath: "\(run)/stage/aa/MANIFEST.pb"))
        #expect(createFile(gate))
        let second = try coordinate(job, run, output: folder.file("second"))
        #expect(status(of: second) == 0)
        let text = try String(contentsOfFile: folder.file("second"), encoding: .utf8)
        let lines = text.split(separator: "\n")
        #expect(lines.count == 3)
        let reference = try trainAlone("steps 200\nsize 2000", ranks: 4)
        #expect(lines.last?.hasPrefix(reference.base64EncodedString()) == true)
        #expect(try Data(contentsOf: URL(fileURLWithPath: "\(run)/stage/aa/MANIFEST.pb")) == firstManifest)
        let log = try String(contentsOfFile: "\(run)/log.jsonl", encoding: .utf8)
        #expect(log.contains("job-resumed"))
        // The workers of the first coordinator were found, not doubled.
        #expect(log.components(separatedBy: "worker-started").count - 1 == 2)
    }

    /// What was repaired under earlier coordinators counts in the last one's status and report.
    @Test func countsOfRepairsOutliveTheCoordinator() throws {
        let folder = try TemporaryFolder("cluster")
        let (gate, job, run) = (folder.file("gate"), folder.file("job"), folder.file("run"))
        try "shards aa 4 kill \(folder.file("killed"))\nshards ab 2 wait \(gate)".write(
            toFile: job, atomically: true, encoding: .utf8)
        let first = try coordinate(job, run, output: folder.file("first"))
        var before = WireCounters()
        try wait {
            before = (try? RunStatus.load(runDirectory: run))?.snapshot.counters ?? WireCounters()
            return before.workersLost == 1 && before.workersRestarted == 1 && exists("\(run)/stage/ab")
        }
        kill(first, SIGKILL)
        #expect(status(of: first) == SIGKILL)
        #expect(createFile(gate))
        let second = try coordinate(job, run, output: folder.file("second"))
        #expect(status(of: second) == 0)
        let counters = try RunStatus.load(runDirectory: run).snapshot.counters
        #expect(counters.workersLost == 1 && counters.workersRestarted == 1)
        #expect(counters.attemptsRepeated >= before.attemptsRepeated)
    }

    @Test func survivorsGoOnTrainingUnderTheNextCoordinator() throws {
        let folder = try TemporaryFolder("cluster")
        let job = folder.file("job")
        try "training ad 4 steps 600\\nsize 2000\\npace 10".write(
            toFile: job, atomically: true, encoding: .utf8)
        let run = folder.file("run")
        let first = try coordinate(job, run, output: folder.file("first"))
        try wait {
            let stages = (try? RunStatus.load(runDirectory: run))?.snapshot.stages ?? []
            return stages.contains { $0.id == "ad" && $0.done > 0 }
        }
        kill(first, SIGKILL)
        #expect(status(of: first) == SIGKILL)
        let second = try coordinate(job, run, output: folder.file("second"))
        #expect(status(of: second) == 0)
        let text = try String(contentsOfFile: folder.file("second"), encoding: .utf8)
        let reference = try trainAlone("steps 600\nsize 2000", ranks: 4)
        #expect(text.hasPrefix(reference.base64EncodedString()))
        let log = try String(contentsOfFile: "\(run)/log.jsonl", encoding: .utf8)
        let generations = log.split(separator: "\n").filter { $0.contains("generation-started") }
        #expect(generations.count >= 2)
        #expect(generations.last?.contains("\"position\":0") == false)
    }

    @Test func aStandbyTakesOverWhenTheFirstIsKilled() throws {
        let folder = try TemporaryFolder("cluster")
        let (gate, job, run) = (folder.file("gate"), folder.file("job"), folder.file("run"))
        try Self.job.replacingOccurrences(of: "GATE", with: gate).write(
            toFile: job, atomically: true, encoding: .utf8)
        let first = try coordinate(job, run, output: folder.file("first"))
        try wait { exists("\(run)/stage/aa/MANIFEST.pb") && exists("\(run)/stage/ab") }
        let second = try coordinate(job, run, output: folder.file("second"), isStandby: true)
        try wait {
            let text = (try? String(contentsOfFile: folder.file("second"), encoding: .utf8)) ?? ""
            return text.contains("standing by")
        }
        #expect(!exists("\(run)/epoch/2"))
        kill(first, SIGKILL)
        #expect(status(of: first) == SIGKILL)
        #expect(createFile(gate))
        #expect(status(of: second) == 0)
        #expect(exists("\(run)/epoch/2") && !exists("\(run)/epoch/3"))
        let text = try String(contentsOfFile: folder.file("second"), encoding: .utf8)
        let reference = try trainAlone("steps 200\nsize 2000", ranks: 4)
        #expect(text.split(separator: "\n").last?.hasPrefix(reference.base64EncodedString()) == true)
        // The first one's workers and shards were taken over.
        let log = try String(contentsOfFile: "\(run)/log.jsonl", encoding: .utf8)
        #expect(log.components(separatedBy: "worker-started").count - 1 == 2)
        #expect(log.contains("\"event\":\"stage-cached\",\"coordinator_epoch\":2"))
    }

    /// Starts a coordinator; Foundation's `Process` would also wait for the workers it leaves behind.
    private func coordinate(
        _ job: String, _ run: String, output: String, isStandby: Bool = false
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        let words: [String] =
            [ScriptedJob.worker, "--coordinate", job, run, "2"] + (isStandby ? ["standby"] : [])
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var pid: pid_t = 0
        let status = posix_spawn(&pid, ScriptedJob.worker, &actions, nil, &arguments, environ)
        try #require(status == 0)
        return pid
    }

    private func status(of pid: pid_t) -> Int32 {
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        return status
    }

    private func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Looks until a condition that other processes bring about holds, at most 30 seconds.
    private func wait(until condition: () -> Bool) throws {
        for _ in 0..<6000 {
            if condition() { return }
            usleep(5000)
        }
        Issue.record("the condition did not come about")
    }
}
