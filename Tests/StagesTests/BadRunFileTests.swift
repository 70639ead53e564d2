import Foundation
import TestSupport
import Testing

/// A run file that says what does not exist is refused before any work, with the key, its place and what is valid.
@Suite(.serialized)
struct BadRunFileTests {
    /// A change of the run file by `--set`, and how it is refused.
    static let settings: [(set: String, refusal: Refusal)] = [
        (
            "trainer.epoch=1",
            refusal("config.unknown-key", ["--set", "trainer.epoch", "Did you mean \"epochs\"?"])
        ),
        ("trainr.epochs=1", refusal("config.unknown-key", ["trainr", "Did you mean \"trainer\"?"])),
        ("model.dropot=0.1", refusal("config.unknown-key", ["model.dropot", "Did you mean \"dropout\"?"])),
        (
            "task.name=MortalityPrediction",
            refusal("config.unknown-value", ["--set task.name", "MortalityPredictionMIMIC3"])
        ),
        ("model.name=RETIAN", refusal("config.unknown-value", ["model.name", "Did you mean \"RETAIN\"?"])),
        ("dataset.name=mimic33", refusal("config.unknown-dataset", ["mimic33", "mimic3"])),
        (
            "trainer.metrics=[roc_acu]",
            refusal("config.unknown-metric", ["Did you mean \"roc_auc\"?", "pr_auc"])
        ),
        ("trainer.monitor=roc_acu", refusal("config.unknown-metric", ["trainer.monitor", "roc_auc"])),
        ("trainer.optimizer=Adm", refusal("config.unknown-value", ["Did you mean \"Adam\"?", "SGD"])),
        (
            "trainer.optimizer_params={lrr: 1}",
            refusal("config.unknown-key", ["lrr", "Did you mean \"lr\"?"])
        ),
        ("task={name: MIMIC3ICD9Coding}", refusal("batching.no-inputs", ["texts", "another task"])),
        ("trainer.epochs=many", refusal("config.type", ["trainer.epochs", "whole number"])),
        ("trainer.batch_size=0", refusal("config.range", ["trainer.batch_size", "1 to"])),
        ("split.ratios=[0.5, 0.5, 0.5]", refusal("config.split", ["sum to 1"])),
        ("split.by=hospital", refusal("config.unknown-value", ["split.by", "patient, visit, sample"])),
        (
            "processors.fields={condition: {padding: 1}}",
            refusal("config.unknown-key", ["processors.fields.condition", "Did you mean \"conditions\"?"])
        ),
        (
            "processors.fields.conditions={padding: 1}",
            refusal("config.unknown-key", ["processors.fields.conditions", "sequence, has no options"])
        ),
        ("dataset.times=offsets", refusal("config.no-offsets", ["mimic3", "dataset.times"])),
        ("dataset.subset=train", refusal("config.no-subset", ["mimic3", "dataset.subset"])),
        ("dataset.ehr_root=/data", refusal("config.no-part", ["mimic3", "dataset.ehr_root"])),
        ("trainer.pos_weight=[2, 3]", refusal("config.pos-weight", ["2 numbers for one label"])),
        ("trainer.pos_weight=balancd", refusal("config.type", ["trainer.pos_weight", "balanced, a number"])),
        ("trainer.pos_weight=[]", refusal("config.empty", ["trainer.pos_weight"])),
        ("dataset.split_source=directory", refusal("config.no-subset", ["mimic3", "dataset.split_source"])),
        ("split.ratios=[0.9, 0, 0.1]", refusal("config.no-validation", ["trainer.monitor", "split.ratios"])),
        ("dataset.root=", refusal("config.missing-key", ["--set dataset.root", "value is missing"])),
        ("task.file=/nowhere/a.yaml", refusal("config.task", ["not both"])),
        ("task={file: /nowhere/a.yaml}", refusal("config.no-file", ["task.file", "/nowhere/a.yaml"])),
        ("dataset={config: /nowhere/d.yaml, root: /}", refusal("config.no-file", ["dataset.config"])),
        (
            "task={name: DrugRecommendationMIMIC3, code_maps: {NDC_to_ATC: /nowhere/m.csv}}",
            refusal("config.no-file", ["task.code_maps.NDC_to_ATC"])
        ),
        ("dataset.split_source=file", refusal("config.unknown-value", ["metadata, directory"])),
        ("dataset.times=minutes", refusal("config.unknown-value", ["recorded, offsets"])),
        ("foo", refusal("config.set", ["key=value"])),
        ("trainer..epochs=1", refusal("config.set", ["key=value"])),
        ("trainer.metrics=[f1, roc_auc, f1]", refusal("config.metric-twice", ["trainer.metrics", "f1"])),
        ("trainer.optimizer_params={lr", refusal("config.yaml", ["--set trainer.optimizer_params"])),
    ]

    private static func refusal(_ code: String, _ words: [String]) -> Refusal {
        Refusal(name: words.joined(separator: ", "), code: code, status: 78, words: words)
    }

    @Test(arguments: settings.indices) func isRefusedBeforeAnyWork(index: Int) throws {
        let runs = try RunFolder(patients: 10)
        let (set, refusal) = Self.settings[index]
        try refusal.check(runs.execute("bad", ["--set", set]), run: runs.run("bad"))
        #expect(!FileManager.default.fileExists(atPath: runs.run("bad")), "\(set)")
    }

    @Test func namesTheLineOfTheFile() throws {
        let runs = try RunFolder(patients: 10)
        let text = try String(contentsOfFile: runs.jobPath, encoding: .utf8)
        let line = try #require(text.split(separator: "\n").firstIndex { $0.hasPrefix("trainer:") }) + 1
        func check(_ changed: String, _ code: String, _ words: [String]) throws {
            try changed.write(toFile: runs.jobPath, atomically: true, encoding: .utf8)
            let refusal = Refusal(name: code, code: code, status: 78, words: words)
            try refusal.check(runs.execute("bad"), run: runs.run("bad"))
        }
        let place = "job.yaml, line \(line)"
        try check(
            text.replacingOccurrences(of: "epochs:", with: "epoch:"), "config.unknown-key",
            [place, "trainer.epoch", "epochs"])
        try check(
            text.replacingOccurrences(of: "epochs: 2", with: "epochs: two"), "config.type",
            [place, "trainer.epochs"])
        try check(
            text.replacingOccurrences(of: "epochs: 2", with: "epochs: 2, epochs: 3"), "config.duplicate-key",
            ["line \(line)", "\"epochs\""])
        try check(text + "\nname: twice\n", "config.duplicate-key", ["\"name\""])
        try check(text + "\nbroken: [1\n", "config.yaml", ["job.yaml, line"])
        try check("", "config.empty", ["job.yaml"])
    }

    @Test func anotherDataSetsTaskIsRefused() throws {
        let runs = try RunFolder(patients: 10)
        let definition = runs.folder.file("own.yaml")
        try """
        version: "1"
        tables:
          visits: {file_path: ADMISSIONS.csv, patient_id: subject_id, timestamp: admittime, attributes: [hadm_id]}
        """.write(toFile: definition, atomically: true, encoding: .utf8)
        let refusal = Refusal(
            name: "other data set", code: "stage.other-dataset", status: 78,
            words: ["MortalityPredictionMIMIC3", "mimic3"])
        try refusal.check(
            runs.execute("bad", ["--set", "dataset={config: \(definition), root: \(runs.corpusPath)}"]),
            run: runs.run("bad"))
    }

    @Test func aMissingRunFileIsNamed() throws {
        let folder = try TemporaryFolder("run")
        for (path, reason, status) in [
            (folder.file("no.yaml"), "no file", Int32(78)), (folder.file(""), "directory", 74),
        ] {
            let outcome = try Commands.run(
                "pyhealth-coord", ["run", path, "--output", folder.file("out")], folder: folder)
            #expect(outcome.status == status)
            #expect(outcome.errors.contains(reason), "\(outcome.errors)")
        }
    }
}
