import Foundation
import SyntheticCorpora
import TestSupport
import Testing

/// A task file with a window works on eICU once times are derived from its offsets, and is refused before.
@Suite(.serialized) struct OffsetTimesRunTests {
    private static let task = """
        name: FirstDay
        datasets: [eicu]
        trigger: {table: patient, id: patientunitstayid}
        prediction: {at: start, offset: +24h}
        observation: {from: start, to: start + 24h}
        features:
          - {name: labs, processor: sequence, table: lab, attribute: labname, same: patientunitstayid}
        label: {name: died, type: binary, attribute: {of: trigger, attribute: hospitaldischargestatus, equals: Expired}}
        retrospective: true
        """

    @Test func aWindowNeedsTheOption() throws {
        let folder = try TemporaryFolder("offset-run")
        let corpus = folder.file("corpus")
        _ = try SyntheticCorpus(.eicu, CorpusOptions(patients: 60, seed: 3, output: corpus)).write()
        try Self.task.write(toFile: folder.file("task.yaml"), atomically: true, encoding: .utf8)
        try """
        dataset: {name: eicu, root: \(corpus), times: offsets}
        task: {file: \(folder.file("task.yaml"))}
        processors: {fit: all}
        execution: {shard_size: 20}
        """.write(toFile: folder.file("job.yaml"), atomically: true, encoding: .utf8)
        func run(_ name: String, workers: Int, _ extra: [String] = []) throws -> Commands.Outcome {
            let arguments = [
                "run", folder.file("job.yaml"), "--output", folder.file(name), "--workers", "\(workers)",
                "--until", "samples", "--quiet",
            ]
            return try Commands.run("pyhealth-coord", arguments + extra, folder: folder)
        }
        let refused = try run("none", workers: 1, ["--set", "dataset.times=recorded"])
        #expect(
            refused.status == 78 && refused.errors.contains("[config.untimed-table]"), "\(refused.errors)")
        for workers in [1, 2] {
            let outcome = try run("run-\(workers)", workers: workers)
            #expect(outcome.status == 0, "\(outcome.errors)")
        }
        func samples(_ workers: Int) throws -> Data {
            try Data(contentsOf: URL(fileURLWithPath: folder.file("run-\(workers)/samples/part-00000.h5")))
        }
        #expect(try samples(1) == samples(2))
    }
}
