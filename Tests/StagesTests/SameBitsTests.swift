import Foundation
import Testing
import TestSupport

/// Samples, vocabulary, split, checkpoints, predictions and metrics are the same bytes however a run went.
@Suite(.serialized)
struct SameBitsTests {
    @Test func doNotDependOnWorkersShardsOrKilledProcesses() throws {
        let runs = try RunFolder()
        #expect(try runs.execute("base").status == 0)
        let expected = try runs.digests("base")
        #expect(expected.count >= 12)
        try check(runs, "two", expected, workers: 2)
        try check(runs, "three", expected, workers: 3)
        try check(runs, "shards-of-7", expected, workers: 2, ["--set", "execution.shard_size=7"])
        try check(runs, "shards-of-1000", expected, workers: 2, ["--set", "execution.shard_size=1000"])
        for stage in [
            "inspect", "scan", "events", "extract", "fit", "encode", "train:3", "predict", "evaluate",
        ] {
            try check(runs, "killed-\(stage)", expected, workers: 2, fault: stage)
        }
        try check(runs, "alone-killed", expected, workers: 1, fault: "train:5")
    }

    @Test func surviveTheDeathOfTheCoordinator() throws {
        let runs = try RunFolder()
        #expect(try runs.execute("base").status == 0)
        let expected = try runs.digests("base")
        for stages in [2, 5] {
            let name = "killed-after-\(stages)"
            let first = try Commands.start(
                "pyhealth-coord", runs.arguments(name, workers: 2), folder: runs.folder)
            while first.isRunning, finishedStages(runs.run(name)) < stages { usleep(2000) }
            kill(first.pid, SIGKILL)
            _ = try first.wait()
            let second = try runs.execute(name, workers: 2)
            #expect(second.status == 0, "\(second.errors)")
            let digests = try runs.digests(name)
            for (file, digest) in expected { #expect(digests[file] == digest, "\(name): \(file)") }
            #expect(digests.count == expected.count, "\(name): \(digests.keys.sorted())")
            let report = try String(contentsOfFile: "\(runs.run(name))/report.html", encoding: .utf8)
            #expect(report.split(separator: "<td>coordinator</td>").count == 3, "both coordinators are told")
        }
    }

    @Test func goOnFromACheckpointWithMoreEpochs() throws {
        let runs = try RunFolder()
        #expect(try runs.execute("long", ["--set", "trainer.epochs=3"]).status == 0)
        #expect(try runs.execute("short", ["--set", "trainer.epochs=1"]).status == 0)
        let resumed = try runs.execute(
            "resumed", workers: 2,
            ["--set", "trainer.epochs=3", "--resume", "\(runs.run("short"))/checkpoints/last.h5"])
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(try runs.digests("resumed") == runs.digests("long"))
    }

    @Test func finishedStagesAreNotComputedAgainAndChangedOnesAre() throws {
        let runs = try RunFolder()
        #expect(try runs.execute("run").status == 0)
        let first = try runs.digests("run")
        #expect(try states(runs, "run", []) == Array(repeating: "cached", count: 9))
        let second = try runs.digests("run")
        for (file, digest) in first { #expect(second[file] == digest, "\(file)") }
        #expect(second.count == first.count, "\(second.keys.sorted())")
        let changed = try states(runs, "run", ["--set", "trainer.epochs=1"])
        #expect(changed == Array(repeating: "cached", count: 6) + Array(repeating: "finished", count: 3))
    }

    /// Runs and compares; with a fault, one worker is killed once in the named stage.
    private func check(
        _ runs: RunFolder, _ name: String, _ expected: [String: String], workers: Int, _ extra: [String] = [],
        fault: String? = nil
    ) throws {
        var environment: [String: String] = [:]
        let marker = runs.folder.file("marker-\(name)")
        if let fault { environment = ["PYHEALTH_FAULT": fault, "PYHEALTH_FAULT_MARKER": marker] }
        let outcome = try runs.execute(name, workers: workers, extra, environment: environment)
        #expect(outcome.status == 0, "\(name): \(outcome.errors)")
        if fault != nil { #expect(access(marker, F_OK) == 0, "\(name): no worker was killed") }
        let digests = try runs.digests(name)
        for (file, digest) in expected { #expect(digests[file] == digest, "\(name): \(file)") }
        #expect(digests.count == expected.count, "\(name)")
    }

    private func finishedStages(_ run: String) -> Int {
        let stages = (try? FileManager.default.contentsOfDirectory(atPath: "\(run)/stage")) ?? []
        return stages.count { access("\(run)/stage/\($0)/MANIFEST.pb", F_OK) == 0 }
    }

    /// Runs again and returns what became of every stage.
    private func states(_ runs: RunFolder, _ name: String, _ extra: [String]) throws -> [String] {
        let again = try runs.execute(name, extra)
        #expect(again.status == 0, "\(again.errors)")
        let status = try Commands.run(
            "pyhealth-coord", ["status", runs.run(name), "--json"], folder: runs.folder)
        let json = try JSONDecoder().decode(JSONValue.self, from: Data(status.output.utf8))
        return json["stages"].items.compactMap { $0["state"].text }
    }
}
