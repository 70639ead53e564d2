import Batching
import ClinicalData
import Evaluation
import Foundation
import Groundwork
import Models
import Storage
import Training

/// Counts and metrics of one part of the split, as `metrics.json` holds them.
package struct PartMetrics: Codable, Sendable {
    package var split: String
    package var samples: Int
    package var patients: Int
    /// Samples per label value (binary and multiclass).
    package var labels: [String: Int]
    /// Mean loss per sample; nil without samples, and where it is no number.
    package var loss: Double?
    /// In the order asked; null where undefined.
    package var metrics: [Metric]

    /// One metric of one part of the split.
    package struct Metric: Codable, Sendable {
        package var name: String
        package var value: Double?
        /// Why there is no value.
        package var undefined: String?
    }
}

extension Shard {
    /// A range of samples → `predictions.h5`.
    func predict() throws -> ShardProduct {
        let setup = try ModelSetup(
            job: setup.job, samples: payload.inputs["samples"] ?? [], processors: try path("processors"),
            runDirectory: folder.runDirectory)
        let path = try path("checkpoint")
        let checkpoint = try CheckpointFile.read(path, counters: [], texts: ["configuration"])
        try checkpoint.requireJob(setup.job.digest, path: path)
        let arena = setup.model.parameters
        try arena.load(
            checkpoint.state.map { NamedParameter(name: $0.name, shape: $0.shape, values: $0.values) },
            into: arena.values)
        let rows = (payload.range?.first ?? 0)..<(payload.range?.last ?? 0)
        let range = Array(rows)
        progress.setTotal(range.count)
        let batches = BatchSource(
            samples: setup.samples, schema: setup.model.schema, includesTimes: setup.model.usesTimes)
        let results = try Predictor(model: setup.model, batches: batches).predict(range) {
            progress.advance(by: $0, bytes: 0)
        }
        let ids = try setup.samples.ids(rows)
        let file = PredictionFile(
            mode: setup.model.schema.mode.rawValue, samples: range.map { Int64($0) },
            patientIDs: ids.patients, visitIDs: ids.visits,
            truth: results.truth, probabilities: results.probabilities, logits: results.logits,
            losses: results.losses)
        try file.write(to: folder.temporaryPath(for: "predictions.h5"))
        return ShardProduct(outputs: [("predictions.h5", range.count)])
    }

    /// All predictions → `train.h5`, `val.h5`, `test.h5` and `metrics.json`.
    func evaluate() throws -> ShardProduct {
        let split = try SplitFile.read(try path("split"))
        var files = SplitPart.allCases.map { _ in PredictionFile(mode: "") }
        for path in paths("predictions") {
            let part = try PredictionFile.read(path)
            for (index, wanted) in SplitPart.allCases.enumerated() {
                files[index].mode = part.mode
                files[index].append(
                    part,
                    rows: part.samples.indices.filter { split[Int(part.samples[$0])] == wanted.rawValue })
            }
        }
        var outputs: [(name: String, rows: Int)] = []
        var metrics: [PartMetrics] = []
        for (part, file) in zip(SplitPart.allCases, files) {
            try file.write(to: folder.temporaryPath(for: "\(part.name).h5"))
            outputs.append(("\(part.name).h5", file.samples.count))
            metrics.append(try partMetrics(part.name, file))
        }
        try write(metrics, "metrics.json")
        return ShardProduct(
            outputs: outputs + [("metrics.json", metrics.count)], result: try JSONEncoder().encode(metrics))
    }

    private func partMetrics(_ split: String, _ file: PredictionFile) throws -> PartMetrics {
        let mode = try JobSetup.mode(of: setup.task)
        let names = setup.job.trainer.metrics ?? MetricCatalog.defaults(mode)
        let predictions = Predictions(
            mode: mode, width: file.width, truth: file.truth.map { Double($0) },
            probabilities: file.probabilities.map { Double($0) })
        var labels: [String: Int] = [:]
        if mode == .binary || mode == .multiclass {
            for value in file.truth { labels["\(Int(value))", default: 0] += 1 }
        }
        let loss = file.losses.reduce(0) { $0 + Double($1) } / Double(file.losses.count)
        return PartMetrics(
            split: split, samples: file.samples.count,
            patients: Set(file.patientIDs.map(ExactText.init)).count, labels: labels,
            loss: loss.isFinite ? loss : nil,
            metrics: predictions.evaluate(names).map(PartMetrics.Metric.init))
    }
}

extension PartMetrics.Metric {
    init(_ result: MetricResult) {
        name = result.name
        switch result.value {
        case .value(let number): value = number
        case .undefined(let reason): undefined = reason
        }
    }
}
