import Batching
import Foundation
import Groundwork
import Processors
package import Tasks

/// Reads small result files of a run.
package enum RunFiles {
    /// The attrition counts in a JSON file; throws `FileError` and decoding errors.
    package static func attrition(at path: String) throws -> Attrition { try decode(path) }

    /// The attrition counts of a run's stages by task, which is nil in a job with one; none before the processors are fitted.
    package static func attritions(
        of stages: [StageOutcome], runDirectory: String
    ) throws -> [(task: String?, attrition: Attrition)] {
        let shards = stages.first { $0.name == StageName.fit.rawValue }?.shards ?? []
        return try shards.compactMap { shard in
            try shard.files.first { $0.name == "attrition.json" }.map {
                (ShardName(shard.name).task, try attrition(at: "\(runDirectory)/\($0.path)"))
            }
        }
    }

    /// The metrics in a JSON file.
    package static func metrics(at path: String) throws -> [PartMetrics] { try decode(path) }

    /// The metrics of a run's stages; none before the evaluation.
    package static func metrics(of stages: [StageOutcome], runDirectory: String) throws -> [PartMetrics] {
        let files = stages.first { $0.name == StageName.evaluate.rawValue }?.shards.flatMap(\.files) ?? []
        return try files.first { $0.name == "metrics.json" }.map {
            try metrics(at: "\(runDirectory)/\($0.path)")
        } ?? []
    }

    /// What a person should know about the samples and the training: a missing best state, signs of leakage, then in order of the
    /// fields' names visits that were cut because they are longer than any that the processors were fitted on, and labels that
    /// were left out because they were fitted on none.
    package static func warnings(of stages: [StageOutcome], runDirectory: String) throws -> [String] {
        let cuts = try counts("cuts.json", of: stages, runDirectory: runDirectory)
        let unseen = try counts("unseen.json", of: stages, runDirectory: runDirectory)
        let encoded = stages.first { $0.name == StageName.encode.rawValue }?.shards.flatMap(\.files) ?? []
        let samples = encoded.filter { $0.name == "samples.h5" }.reduce(0) { $0 + $1.rows }
        let silent = try empties(of: stages, runDirectory: runDirectory).filter { $0.count == samples }
        let findings = try leakage(of: stages, runDirectory: runDirectory).map { task, finding in
            "\(finding.code): \(task.map { "\($0): " } ?? "")\(finding.message)"
        }
        let states = stages.first { $0.name == StageName.train.rawValue }?.shards.flatMap(\.files).map(\.name)
        let isWithoutBest = states.map { $0.contains("last.h5") && !$0.contains("best.h5") } ?? false
        let training =
            isWithoutBest
            ? [
                "trainer.monitor: there is no best.h5, and predictions are those of last.h5: the metric had no value in any epoch "
                    + "(one class among the validation samples?), or no epoch was better than the run that was resumed"
            ] : []
        return training + (try unusedFields(of: stages, runDirectory: runDirectory)) + findings
            + silent.map {
                "field \($0.field) is empty in every sample: does the task read what the data hold?"
            }
            + cuts.map { field, count in
                "field \(field): \(SmallCells.text(count)) visits are longer than any that its processor was fitted on and were cut"
            }
            + unseen.map { field, count in
                "field \(field): \(SmallCells.text(count)) labels of samples outside the training part occur in none of its samples "
                    + "and were left out, also of the metrics; processors.fit: all learns them"
            }
    }

    /// The inputs that a training left out.
    private static func unusedFields(of stages: [StageOutcome], runDirectory: String) throws -> [String] {
        guard stages.contains(where: { $0.name == StageName.train.rawValue }),
            let file = stages.first(where: { $0.name == StageName.fit.rawValue })?.shards.flatMap(\.files)
                .first(
                    where: { $0.name == "processors.json" })
        else { return [] }
        return ModelSchema.unused(in: try FittedProcessors.load("\(runDirectory)/\(file.path)")).map {
            "field \($0) is in the samples but not in the model: no model takes texts"
        }
    }

    /// How many samples have an empty list, by input field with any, in order of their names.
    package static func empties(
        of stages: [StageOutcome], runDirectory: String
    ) throws -> [(field: String, count: Int)] {
        try counts("empties.json", of: stages, runDirectory: runDirectory)
    }

    /// The sums of an encode stage's counts by field.
    private static func counts(
        _ name: String, of stages: [StageOutcome], runDirectory: String
    ) throws -> [(field: String, count: Int)] {
        let files = stages.first { $0.name == StageName.encode.rawValue }?.shards.flatMap(\.files) ?? []
        var sums: [String: Int] = [:]
        for file in files where file.name == name {
            let own: [String: Int] = try decode("\(runDirectory)/\(file.path)")
            sums.merge(own) { $0 + $1 }
        }
        return sums.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// The signs of leakage that were found in a run's samples, by task, which is nil in a job with one.
    private static func leakage(
        of stages: [StageOutcome], runDirectory: String
    ) throws -> [(task: String?, finding: LeakageFinding)] {
        let shards = stages.first { $0.name == StageName.fit.rawValue }?.shards ?? []
        return try shards.flatMap { shard in
            try shard.files.filter { $0.name == "leakage.json" }.flatMap { file -> [LeakageFinding] in
                try decode("\(runDirectory)/\(file.path)")
            }.map { (ShardName(shard.name).task, $0) }
        }
    }

    private static func decode<Value: Decodable>(_ path: String) throws -> Value {
        let data = try Files.contents(of: path)
        return try JSONDecoder().decode(Value.self, from: data)
    }
}
