import Batching
import ClinicalData
import Digests
import Evaluation
import Foundation
import Groundwork
package import Reports
import Storage
import Tasks

extension RunSummary {
    /// What the files of a run directory tell; parts that `stages` have not reached stay empty. Throws `FileError`,
    /// `StorageError` and decoding errors.
    ///
    /// A run directory may hold files of an earlier job that went further: only files of `stages` are read.
    package init(job: JobConfiguration, stages: [StageOutcome], runDirectory: String) throws {
        self.init()
        name = job.name
        configuration = job.text
        facts = Self.facts(job)
        facts += try RunFiles.warnings(of: stages, runDirectory: runDirectory).map { ("Warning", $0) }
        facts += try RunFiles.empties(of: stages, runDirectory: runDirectory).map { field, count in
            ("Samples without \(field)", "\(SmallCells.text(count)): the empty list counts as zeros")
        }
        for (task, attrition) in try RunFiles.attritions(of: stages, runDirectory: runDirectory) {
            add(attrition, of: task)
        }
        let directory = RunFolder(path: runDirectory, stages: stages)
        if let text = try directory.text("history.csv") {
            add(history: text, keepsBest: job.trainer.loadBestModelAtLast)
        }
        parts = try RunFiles.metrics(of: stages, runDirectory: runDirectory).map(Part.init)
        if parts.isEmpty, !history.isEmpty { sizes = try Self.sizes(stages, runDirectory) }
        try addPredictions(directory)
        try addFiles(directory)
    }

    private static func sizes(
        _ stages: [StageOutcome], _ runDirectory: String
    ) throws -> [(split: String, samples: Int)] {
        let files = stages.first { $0.name == StageName.fit.rawValue }?.shards.flatMap(\.files) ?? []
        guard let file = files.first(where: { $0.name == "split.h5" }) else { return [] }
        let split = try SplitFile.read("\(runDirectory)/\(file.path)")
        return SplitPart.allCases.map { part in (part.name, split.count { $0 == part.rawValue }) }
    }

    private static func facts(_ job: JobConfiguration) -> [(name: String, value: String)] {
        let dataset = job.dataset.name ?? job.dataset.config.map { ($0 as NSString).lastPathComponent } ?? ""
        let ratios = job.split.ratios.map { "\($0)" }.joined(separator: " : ")
        var facts = [
            ("Data set", dataset), ("Task", job.taskName), ("Split", "by \(job.split.by), \(ratios)"),
        ]
        if let model = job.modelName { facts.append(("Model", model)) }
        return facts + [("Software", "PyHealth for clusters \(BuildInformation.version)")]
    }

    /// Adds what became of patients; of several tasks the totals alone, since each has its table beside its samples.
    private mutating func add(_ attrition: Attrition, of task: String?) {
        facts += attrition.strayRows.map {
            ("Rows of \($0.table)", "\(SmallCells.text($0.rows)): \($0.reason.rawValue)")
        }
        if let task {
            facts.append(
                (
                    "Samples of \(task)",
                    SmallCells.text(attrition.samplesOut)
                        + " of \(SmallCells.text(attrition.patientsOut)) patients "
                        + "(\(SmallCells.text(attrition.patientsIn)) in)"
                ))
            return
        }
        self.attrition =
            [AttritionStep("in", patients: attrition.patientsIn, visits: attrition.visitsIn)]
            + attrition.exclusions.map {
                AttritionStep("excluded: \($0.rule)", patients: $0.patients, visits: $0.visits)
            }
            + [
                AttritionStep(
                    "out", patients: attrition.patientsOut, visits: attrition.visitsOut,
                    samples: attrition.samplesOut)
            ]
        labels = attrition.shownLabels.map { ($0.name, $0.samples) }
    }

    private mutating func add(history text: String, keepsBest: Bool) {
        let rows = text.split(separator: "\n").map {
            $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        guard let header = rows.first else { return }
        for (column, name) in header.enumerated() where name != "epoch" && name != "best" {
            history.append(
                HistoryColumn(name, rows.dropFirst().map { column < $0.count ? Double($0[column]) : nil }))
        }
        let best = rows.dropFirst().last { $0.last == "1" }
        keptEpoch = ((keepsBest ? best : nil) ?? rows.dropFirst().last)?.first.flatMap { Int($0) }
    }

    /// Curves are drawn of the test split, of the validation split where there is no test sample.
    private mutating func addPredictions(_ directory: RunFolder) throws {
        for split in ["test", "val"] where directory.has("predictions/\(split).h5") {
            let file = try PredictionFile.read(directory.file("predictions/\(split).h5"))
            guard let mode = PredictionMode(rawValue: file.mode), !file.samples.isEmpty else { continue }
            predictions = (
                split,
                Predictions(
                    mode: mode, width: file.width, truth: file.truth.map(Double.init),
                    probabilities: file.probabilities.map(Double.init))
            )
            return
        }
    }

    private mutating func addFiles(_ directory: RunFolder) throws {
        for folder in directory.samplesFolders where directory.has("\(folder)/manifest.json") {
            let data = try Files.contents(of: directory.file("\(folder)/manifest.json"))
            let manifest = try JSONDecoder().decode(SampleManifest.self, from: data)
            files += manifest.parts.map {
                File(name: "\(folder)/\($0.file)", bytes: $0.bytes, sha256: $0.sha256)
            }
        }
        for name in directory.singles where directory.has(name) {
            let path = directory.file(name)
            let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
            files.append(File(name: name, bytes: size, sha256: try SHA256.hex(ofFile: path)))
        }
    }
}

extension RunSummary.Part {
    init(_ part: PartMetrics) {
        self.init(
            split: part.split, samples: part.samples, patients: part.patients, labels: part.labels,
            loss: part.loss, metrics: part.metrics.map { ($0.name, $0.value) })
    }
}

/// The files of a run directory that stages of this run have published.
private struct RunFolder {
    /// The stage behind every published file.
    private static let origins: [(file: String, stage: StageName)] = [
        ("samples/manifest.json", .encode), ("samples/processors.json", .fit), ("attrition.csv", .fit),
        ("history.csv", .train), ("checkpoints/best.h5", .train), ("checkpoints/last.h5", .train),
        ("predictions/train.h5", .evaluate), ("predictions/val.h5", .evaluate),
        ("predictions/test.h5", .evaluate), ("metrics.json", .evaluate),
    ]
    /// Files that are listed by their own names; manifests list the others.
    let singles: [String]
    /// Where samples are: one folder per task.
    let samplesFolders: [String]

    private let path: String
    private let published: Set<String>

    init(path: String, stages: [StageOutcome]) {
        let reached = Set(stages.map(\.name))
        self.path = path
        let tasks =
            stages.first { $0.name == StageName.fit.rawValue }?.shards.map { ShardName($0.name) } ?? []
        samplesFolders = tasks.map(\.samplesFolder)
        let several = tasks.filter { $0.task != nil }.map(\.samplesFolder).flatMap { folder in
            [
                ("\(folder)/manifest.json", StageName.encode), ("\(folder)/processors.json", .fit),
                ("\(folder)/attrition.csv", .fit),
            ]
        }
        let origins = (several.isEmpty ? Self.origins : several.map { (file: $0.0, stage: $0.1) })
        singles = origins.map(\.file).filter { !$0.hasSuffix("/manifest.json") }
        published = Set(origins.filter { reached.contains($0.stage.rawValue) }.map(\.file))
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }
    func has(_ name: String) -> Bool { published.contains(name) && access(file(name), R_OK) == 0 }
    func text(_ name: String) throws -> String? {
        has(name) ? String(decoding: try Files.contents(of: file(name)), as: UTF8.self) : nil
    }
}
