import Foundation
import Groundwork
package import Tasks

/// Reads small result files of a run.
package enum RunFiles {
    /// The attrition counts in a JSON file; throws `FileError` and decoding errors.
    package static func attrition(at path: String) throws -> Attrition { try decode(path) }

    /// The attrition counts of a run's stages; nil before the processors are fitted.
    package static func attrition(of stages: [StageOutcome], runDirectory: String) throws -> Attrition? {
        let files = stages.first { $0.name == StageName.fit.rawValue }?.shards.flatMap(\.files) ?? []
        return try files.first { $0.name == "attrition.json" }.map {
            try attrition(at: "\(runDirectory)/\($0.path)")
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

    private static func decode<Value: Decodable>(_ path: String) throws -> Value {
        let data = try Files.contents(of: path)
        return try JSONDecoder().decode(Value.self, from: data)
    }
}
