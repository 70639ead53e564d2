import Foundation
import TestSupport
import Testing

/// `pyhealth-coord run` ends with a report of what it did, and only of that.
struct ReportRunTests {
    @Test func aQuietRunPrintsItsMetricsAndWritesTheReport() throws {
        let runs = try RunFolder()
        let outcome = try runs.execute("run")
        #expect(outcome.status == 0, "\(outcome.errors)")
        let lines = outcome.output.split(separator: "\n").map(String.init)
        #expect(lines.contains { $0.hasPrefix("test: ") && $0.contains("roc_auc") }, "\(lines)")
        #expect(lines.last == "report: \(runs.run("run"))/report.html")
        let html = try report(runs, "run")
        for title in ["Results", "Attrition", "Training", "Stages", "Processes", "Files", "Configuration"] {
            #expect(html.contains("<h2>\(title)</h2>"), "\(title)")
        }
        #expect(html.contains("<td>coordinator</td>") && html.contains("<td>worker</td>"))
    }

    @Test func theStatusAfterARunTellsThePeakMemoryOfEveryProcess() throws {
        let runs = try RunFolder()
        #expect(try runs.execute("run", workers: 2).status == 0)
        let status = try Commands.run(
            "pyhealth-coord", ["status", runs.run("run"), "--json"], folder: runs.folder)
        let json = try JSONDecoder().decode(JSONValue.self, from: Data(status.output.utf8))
        #expect(json["workers"].items.count == 2)
        // 64-bit numbers are texts in the JSON of protocol buffers.
        for process in [json] + json["workers"].items {
            #expect(process["peak_resident_bytes"].text.flatMap { Int($0) } ?? 0 > 1_000_000)
        }
    }

    @Test func aShorterRunOfAChangedJobDoesNotTellTheResultsOfTheFormerOne() throws {
        let runs = try RunFolder()
        #expect(try runs.execute("run").status == 0)
        let shorter = try runs.execute("run", ["--set", "split.seed=1", "--until", "samples"])
        #expect(shorter.status == 0, "\(shorter.errors)")
        #expect(!shorter.output.contains("test:"), "\(shorter.output)")
        let html = try report(runs, "run")
        #expect(html.contains("<h2>Attrition</h2>") && html.contains("samples/part-00000.h5"))
        for absent in ["<h2>Results", "<h2>Training", "<h2>Predictions", "metrics.json", "best.h5"] {
            #expect(!html.contains(absent), "\(absent)")
        }
    }

    /// The report tells how long the run took; a repeat that computes nothing leaves it, unless it is damaged.
    @Test func aRepeatKeepsTheReport() throws {
        let runs = try RunFolder(patients: 120)
        #expect(try runs.execute("run", ["--until", "samples"]).status == 0)
        let first = try report(runs, "run")
        #expect(try runs.execute("run", ["--until", "samples"]).status == 0)
        #expect(try report(runs, "run") == first)
        try Data(first.utf8.dropLast(9)).write(to: URL(fileURLWithPath: "\(runs.run("run"))/report.html"))
        #expect(try runs.execute("run", ["--until", "samples"]).status == 0)
        #expect(try report(runs, "run").hasSuffix(first.suffix(9)))
        let verified = try Commands.run("pyhealth-coord", ["verify", runs.run("run")], folder: runs.folder)
        #expect(verified.status == 0, "\(verified.output)")
    }

    @Test func aShorterRepeatKeepsTheDigestsOfWhatLaterStagesMade() throws {
        let runs = try RunFolder(patients: 120)
        #expect(try runs.execute("run").status == 0)
        let sums = URL(fileURLWithPath: "\(runs.run("run"))/SHA256SUMS")
        let before = try String(contentsOf: sums, encoding: .utf8).split(separator: "\n")
        #expect(before.contains { $0.hasSuffix("  checkpoints/best.h5") })
        #expect(try runs.execute("run", ["--until", "samples"]).status == 0)
        let after = try String(contentsOf: sums, encoding: .utf8).split(separator: "\n")
        #expect(after == before)
        // Other samples: what was trained on the former ones is gone, and with it its digests.
        #expect(try runs.execute("run", ["--until", "samples", "--set", "split.seed=9"]).status == 0)
        let other = try String(contentsOf: sums, encoding: .utf8)
        #expect(other.contains("samples/part-00000.h5") && !other.contains("best.h5"))
        let verified = try Commands.run("pyhealth-coord", ["verify", runs.run("run")], folder: runs.folder)
        #expect(verified.status == 0, "\(verified.output)")
    }

    @Test(arguments: [["--insecure"], ["--keys", "keys"], ["--listen", "ipc:///tmp/x", "--insecure"]])
    func protectionWithoutAnythingToProtectIsRefused(options: [String]) throws {
        let runs = try RunFolder(patients: 5)
        let outcome = try runs.execute("run", options)
        #expect(
            outcome.status == 64 && outcome.errors.contains("only for --listen tcp://"), "\(outcome.errors)")
        #expect(access(runs.run("run"), F_OK) != 0)
    }

    @Test func resultsOfAFormerModelDoNotStayBesideANewOne() throws {
        let runs = try RunFolder()
        #expect(try runs.execute("run").status == 0)
        let retrained = try runs.execute("run", ["--set", "trainer.epochs=1", "--until", "train"])
        #expect(retrained.status == 0, "\(retrained.errors)")
        func has(_ name: String) -> Bool { access("\(runs.run("run"))/\(name)", F_OK) == 0 }
        #expect(has("checkpoints/last.h5") && has("history.csv") && has("samples/manifest.json"))
        #expect(!has("metrics.json") && !has("predictions"))
        #expect(try runs.execute("run", ["--set", "trainer.epochs=1", "--until", "samples"]).status == 0)
        #expect(has("checkpoints/last.h5"))
        // Beside another job's run file nothing may lie that was trained by this one.
        #expect(try runs.execute("run", ["--until", "samples"]).status == 0)
        #expect(!has("checkpoints") && !has("history.csv") && has("samples/manifest.json"))
        // Other samples, though the processors learn the same.
        let other = ["--until", "samples", "--set", "processors.fit=all", "--set", "split.seed=9"]
        #expect(try runs.execute("run", ["--set", "processors.fit=all"]).status == 0)
        #expect(has("metrics.json"))
        #expect(try runs.execute("run", other).status == 0)
        #expect(!has("metrics.json") && !has("checkpoints/last.h5") && has("samples/manifest.json"))
    }

    /// People keep copies and notes beside what a run publishes.
    @Test func aChangedJobTakesAwayNothingOfOthers() throws {
        let runs = try RunFolder(patients: 120)
        #expect(try runs.execute("run").status == 0)
        let own = [
            "checkpoints/keep.h5", "predictions/thresholds.csv", "samples/mine.parquet",
            "samples/own/notes.txt",
        ]
        for name in own {
            let path = "\(runs.run("run"))/\(name)"
            try FileManager.default.createDirectory(
                atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            try "mine".write(toFile: path, atomically: true, encoding: .utf8)
        }
        let changed = ["--set", "split.seed=9", "--until", "samples"]
        #expect(try runs.execute("run", changed).status == 0)
        for name in own { #expect(access("\(runs.run("run"))/\(name)", F_OK) == 0, "\(name)") }
        #expect(access("\(runs.run("run"))/checkpoints/best.h5", F_OK) != 0)
        #expect(access("\(runs.run("run"))/predictions/test.h5", F_OK) != 0)
    }

    @Test func aChangedJobThatFailsLeavesTheFormerOneWhole() throws {
        let runs = try RunFolder(patients: 120)
        #expect(try runs.execute("run").status == 0)
        let path = "\(runs.run("run"))/job.resolved.yaml"
        let before = try String(contentsOfFile: path, encoding: .utf8)
        let broken = runs.folder.file("broken")
        try FileManager.default.copyItem(atPath: runs.corpusPath, toPath: broken)
        let table = "\(broken)/PRESCRIPTIONS.csv"
        let text = try String(contentsOfFile: table, encoding: .utf8)
        try (text + "1,2,3\n").write(toFile: table, atomically: true, encoding: .utf8)
        let failed = try runs.execute("run", ["--set", "dataset.root=\(broken)"])
        #expect(failed.status == 65, "\(failed.errors)")
        #expect(try String(contentsOfFile: path, encoding: .utf8) == before)
        // Stages that are the same are no reason to give up the rest.
        let diverging = try runs.execute("run", ["--set", "trainer.optimizer_params={eps: 0}"])
        #expect(diverging.status == 65, "\(diverging.errors)")
        #expect(try String(contentsOfFile: path, encoding: .utf8) == before)
        let verified = try Commands.run("pyhealth-coord", ["verify", runs.run("run")], folder: runs.folder)
        #expect(verified.status == 0, "\(verified.output)")
    }

    /// A setting that changes no result makes no other job.
    @Test func aSettingWithoutEffectTakesNothingAway() throws {
        let runs = try RunFolder(patients: 120)
        #expect(try runs.execute("run").status == 0)
        let again = try runs.execute("run", ["--set", "trainer.checkpoint_seconds=77", "--until", "samples"])
        #expect(again.status == 0, "\(again.errors)")
        #expect(access("\(runs.run("run"))/checkpoints/last.h5", F_OK) == 0)
    }

    @Test func verifyKnowsARunThatHasFailed() throws {
        let runs = try RunFolder(patients: 120)
        let table = "\(runs.corpusPath)/PRESCRIPTIONS.csv"
        let text = try String(contentsOfFile: table, encoding: .utf8)
        try (text + "1,2,3\n").write(toFile: table, atomically: true, encoding: .utf8)
        #expect(try runs.execute("run").status == 65)
        let verified = try Commands.run("pyhealth-coord", ["verify", runs.run("run")], folder: runs.folder)
        #expect(verified.status == 0 && verified.output.contains("the run has failed"), "\(verified.output)")
    }

    private func report(_ runs: RunFolder, _ name: String) throws -> String {
        try String(contentsOfFile: "\(runs.run(name))/report.html", encoding: .utf8)
    }
}
