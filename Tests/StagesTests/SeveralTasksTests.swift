import Digests
import Foundation
import Groundwork
import Stages
import TestSupport
import Testing

/// A job with several tasks reads the tables once and gives each task the samples that a job of its own gives it.
@Suite(.serialized) struct SeveralTasksTests {
    private static let names = [
        "MortalityPredictionMIMIC3", "ReadmissionPredictionMIMIC3", "LengthOfStayPredictionMIMIC3",
    ]

    /// A run file without a model.
    private func job(_ runs: RunFolder, _ tasks: String, name: String) throws -> String {
        let path = runs.folder.file("\(name).yaml")
        try """
        dataset: {name: mimic3, root: \(runs.corpusPath)}
        \(tasks)
        execution: {part_size: 64, scan_mib: 1}
        """.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    private func run(_ runs: RunFolder, _ job: String, _ output: String, workers: Int = 1) throws
        -> Commands.Outcome
    {
        try Commands.run(
            "pyhealth-coord",
            [
                "run", job, "--output", runs.run(output), "--workers", "\(workers)", "--quiet", "--until",
                "samples",
            ], folder: runs.folder)
    }

    private func digests(_ folder: String) throws -> [String: String] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter {
            $0.hasPrefix("part-") || $0 == "processors.json"
        }
        return Dictionary(
            uniqueKeysWithValues: try names.map { ($0, try SHA256.hex(ofFile: "\(folder)/\($0)")) })
    }

    @Test func samplesAreThoseOfJobsOfTheirOwn() throws {
        let runs = try RunFolder()
        let list = "tasks: [\(Self.names.map { "{name: \($0)}" }.joined(separator: ", "))]"
        let all = try job(runs, list, name: "all")
        for (output, workers) in [("all", 1), ("two", 2)] {
            let outcome = try run(runs, all, output, workers: workers)
            #expect(outcome.status == 0, "\(outcome.errors)")
        }
        for name in Self.names {
            let alone = try run(runs, job(runs, "task: {name: \(name)}", name: name), name)
            #expect(alone.status == 0, "\(alone.errors)")
            let expected = try digests("\(runs.run(name))/samples")
            #expect(expected.count >= 2)
            for output in ["all", "two"] {
                let folder = "\(runs.run(output))/samples/\(name)"
                #expect(try digests(folder) == expected, "\(output), \(name)")
                #expect(
                    try String(contentsOfFile: "\(folder)/attrition.csv", encoding: .utf8)
                        == String(contentsOfFile: "\(runs.run(name))/attrition.csv", encoding: .utf8))
            }
        }
        let folders = try FileManager.default.contentsOfDirectory(atPath: "\(runs.run("all"))/samples")
        #expect(folders.sorted() == Self.names.sorted())
        let verified = try Commands.run("pyhealth-coord", ["verify", runs.run("all")], folder: runs.folder)
        #expect(verified.status == 0, "\(verified.output)")
        let sums = try String(contentsOfFile: "\(runs.run("all"))/SHA256SUMS", encoding: .utf8)
        for name in Self.names {
            for file in ["part-00000.h5", "manifest.json", "processors.json", "attrition.csv"] {
                #expect(sums.contains("samples/\(name)/\(file)"), "\(name)/\(file)")
            }
        }
    }

    /// Two tasks with the same tables in the end have one event store, whoever names them.
    @Test func tablesThatAreReadAnywayMayBeNamed() throws {
        let runs = try RunFolder(patients: 120)
        let named = ["--until", "events", "--set", "dataset.tables=[diagnoses_icd]"]
        #expect(try runs.execute("same", named).status == 0)
        #expect(try runs.execute("same", ["--until", "events"]).status == 0)
        let log = try String(contentsOfFile: "\(runs.run("same"))/log.jsonl", encoding: .utf8)
        let kept = log.split(separator: "\n").filter { $0.contains("\"stage-cached\"") }
        #expect(kept.count == 3, "\(kept)")
    }

    @Test func aListOfTheTaskThatWasTrainedLeavesNothingOfTheTraining() throws {
        let runs = try RunFolder(patients: 120)
        #expect(try runs.execute("run").status == 0)
        let task = "MortalityPredictionMIMIC3"
        let list = try run(runs, job(runs, "tasks: [{name: \(task)}]", name: "list"), "run")
        #expect(list.status == 0 && !list.errors.contains("stage-invalid"), "\(list.errors)")
        let left = try FileManager.default.contentsOfDirectory(atPath: runs.run("run"))
        for name in ["checkpoints", "history.csv", "metrics.json", "predictions", "attrition.csv"] {
            #expect(!left.contains(name), "\(name)")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(runs.run("run"))/samples") == [task])
    }

    @Test func otherTasksInTheSameFolderReplaceTheSamplesAndReadNothingAgain() throws {
        let runs = try RunFolder(patients: 120)
        let output = runs.run("same")
        let both = try job(runs, "tasks: [{name: \(Self.names[0])}, {name: \(Self.names[2])}]", name: "both")
        #expect(try run(runs, both, "same").status == 0)
        let one = try job(runs, "task: {name: \(Self.names[1])}", name: "one")
        #expect(try run(runs, one, "same").status == 0)
        let status = try Commands.run("pyhealth-coord", ["status", output, "--json"], folder: runs.folder)
        let states = try JSONDecoder().decode(JSONValue.self, from: Data(status.output.utf8))["stages"].items
            .compactMap { $0["state"].text }
        #expect(states == ["cached", "cached", "cached", "finished", "finished", "finished"])
        let names = try FileManager.default.contentsOfDirectory(atPath: "\(output)/samples")
        #expect(names.contains("part-00000.h5") && !names.contains(Self.names[0]))
        #expect(try run(runs, both, "same").status == 0)
        let back = try FileManager.default.contentsOfDirectory(atPath: "\(output)/samples").sorted()
        #expect(back == [Self.names[0], Self.names[2]].sorted())
        #expect(access("\(output)/attrition.csv", F_OK) != 0)
    }

    /// Of the tables that the list of tasks read, only what the one task lacks is named.
    @Test func oneOfTheTasksStartsFromTheirStoreWhereTheFurtherTablesAreNamed() throws {
        let corpus = try TemporaryFolder("mimic4")
        let made = try Commands.run(
            "pyhealth-coord", ["synthesize", "mimic4", "--patients", "400", "--output", corpus.file("c")],
            folder: corpus)
        #expect(made.status == 0, "\(made.errors)")
        let both = corpus.file("both.yaml"), one = corpus.file("one.yaml"), output = corpus.file("run")
        try """
        dataset: {name: mimic4ehr, root: \(corpus.file("c"))}
        tasks: [{name: MortalityPredictionMIMIC4}, {name: InHospitalMortalityMIMIC4}]
        """.write(toFile: both, atomically: true, encoding: .utf8)
        try """
        dataset: {name: mimic4ehr, root: \(corpus.file("c")), tables: [labevents]}
        task: {name: MortalityPredictionMIMIC4}
        """.write(toFile: one, atomically: true, encoding: .utf8)
        for job in [both, one] {
            let outcome = try Commands.run(
                "pyhealth-coord",
                ["run", job, "--output", output, "--workers", "1", "--quiet", "--until", "samples"],
                folder: corpus)
            #expect(outcome.status == 0, "\(outcome.errors)")
        }
        let status = try Commands.run("pyhealth-coord", ["status", output, "--json"], folder: corpus)
        let states = try JSONDecoder().decode(JSONValue.self, from: Data(status.output.utf8))["stages"].items
            .compactMap { $0["state"].text }
        #expect(states.prefix(3) == ["cached", "cached", "cached"], "\(states)")
    }

    @Test(arguments: [
        ("task: {name: MortalityPredictionMIMIC3}\ntasks: [{name: MortalityPredictionMIMIC3}]", "not both"),
        ("tasks: []", "at least one task"),
        ("tasks: {name: MortalityPredictionMIMIC3}", "list"),
        ("tasks: [{name: MortalityPredictionMIMIC3}, {name: MortalityPredictionMIMIC3}]", "twice"),
        ("tasks: [{name: MortalityPredictionMIMIC3}]\nmodel: {name: MLP}", "\"task\""),
        ("tasks: [{name: MortalityPredictionMIMIC3}]\ntrainer: {epochs: 1}", "\"task\""),
        (
            "tasks: [{name: MortalityPredictionMIMIC3}]\nprocessors: {fields: {conditions: {padding: 1}}}",
            "\"task\""
        ),
        ("tasks: [{name: MortalityPredictionMIMIC3}, {nane: x}]", "name"),
    ]) func mistakesAreNamedWithTheirLine(tasks: String, word: String) throws {
        let error = #expect(throws: ConfigurationError.self) {
            _ = try JobConfiguration.parse(
                "dataset: {name: mimic3, root: corpus}\n\(tasks)\n", file: "job.yaml")
        }
        #expect(error?.code.hasPrefix("config.") == true && error?.exitStatus == .configuration)
        #expect(error?.message.contains("job.yaml, line") == true, "\(error?.message ?? "")")
        #expect(error?.message.contains(word) == true, "\(error?.message ?? "")")
    }

    @Test func anOptionOfOneTaskIsRefusedAtItsLine() throws {
        let parsed = try JobConfiguration.parse(
            """
            dataset: {name: mimic3, root: corpus}
            tasks:
              - {name: MortalityPredictionMIMIC3}
              - {name: ReadmissionPredictionMIMIC3, windw: 5}
            """, file: "job.yaml")
        let error = #expect(throws: ConfigurationError.self) { _ = try JobSetup(parsed) }
        #expect(error?.message.contains("line 4") == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("window") == true, "\(error?.message ?? "")")
    }

    @Test func theResolvedTextHoldsAllTasks() throws {
        let parsed = try JobConfiguration.parse(
            "dataset: {name: mimic3, root: c}\ntasks: [{name: \(Self.names[0])}, {name: \(Self.names[1]), window: 30}]\n"
        )
        let again = try JobConfiguration.parse(parsed.text)
        #expect(again.tasks.map(\.taskName) == Array(Self.names[..<2]))
        #expect(again.tasks.map(\.text) == parsed.tasks.map(\.text))
        #expect(try JobSetup(again).needs == JobSetup(parsed).needs)
        #expect(parsed.tasks[1].text.contains("window: 30") && !parsed.tasks[0].text.contains("window"))
    }
}
