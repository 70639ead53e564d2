import ClinicalData
import Digests
import Evaluation
import Foundation
import Groundwork
package import Reports
import Storage
package import Tasks

extension RunSummary {
    /// What the files of a run directory tell; parts that the job has not reached stay empty. Throws `FileError`,
    /// `StorageError` and decoding errors.
    package init(job: JobConfiguration, attrition: Attrition?, runDirectory: String) throws {
        self.init()
        name = job.name
        configuration = job.text
        facts = Self.facts(job)
        if let attrition { add(attrition) }
        let directory = RunFolder(path: runDirectory)
        if let text = try directory.text("history.csv") { add(history: text) }
        if directory.has("metrics.json") {
            parts = try RunFiles.metrics(at: directory.file("metrics.json")).map(Part.init)
        }
        try addPredictions(directory)
        try addFiles(directory)
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

    private mutating func add(_ attrition: Attrition) {
        self.attrition =
            [AttritionStep("in", patients: attrition.patientsIn, visits: attrition.visitsIn)]
            + attrition.exclusions.map {
                AttritionStep("excluded: \($0.rule)", patients: $0.patients, visits: $0.visits)
            }
            + [AttritionStep("out", patients: attrition.patientsOut, samples: attrition.samplesOut)]
        labels = attrition.labels.map { ($0.value, $0.samples) }
    }

    private mutating func add(history text: String) {
        let rows = text.split(separator: "\n").map {
            $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        guard let header = rows.first else { return }
        for (column, name) in header.enumerated() where name != "epoch" && name != "best" {
            history.append(
                HistoryColumn(name, rows.dropFirst().map { column < $0.count ? Double($0[column]) : nil }))
        }
        bestEpoch = rows.dropFirst().last { $0.last == "1" }.flatMap { $0.first.flatMap { Int($0) } }
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
        if directory.has("samples/manifest.json") {
            let data = try Files.contents(of: directory.file("samples/manifest.json"))
            let manifest = try JSONDecoder().decode(SampleManifest.self, from: data)
            files = manifest.parts.map {
                File(name: "samples/\($0.file)", bytes: $0.bytes, sha256: $0.sha256)
            }
        }
        let names =
            ["samples/processors.json", "attrition.csv", "history.csv", "checkpoints/best.h5"]
            + ["checkpoints/last.h5"] + ["train", "val", "test"].map { "predictions/\($0).h5" } + [
                "metrics.json"
            ]
        for name in names where directory.has(name) {
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

/// The published files of a run directory.
private struct RunFolder {
    let path: String

    func file(_ name: String) -> String { "\(path)/\(name)" }
    func has(_ name: String) -> Bool { access(file(name), R_OK) == 0 }
    func text(_ name: String) throws -> String? {
        has(name) ? String(decoding: try Files.contents(of: file(name)), as: UTF8.self) : nil
    }
}
