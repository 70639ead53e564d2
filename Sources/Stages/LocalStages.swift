import Digests
package import Foundation

/// Runs the shards of stages one after the other in this process: no coordinator, no messages, no digests but those that readers
/// compare.
package final class LocalStages {
    private let runDirectory: String
    private let runner: StageRunner

    /// Stages with files in `runDirectory`; `runner` keeps what it kept before.
    package init(runDirectory: String, runner: StageRunner = StageRunner()) {
        self.runDirectory = runDirectory
        self.runner = runner
    }

    /// Runs a stage of shards; throws what they throw.
    package func run(_ stage: PlannedStage) throws -> StageOutcome {
        guard case .shards(let shards) = stage.kind else { preconditionFailure("a training needs members") }
        return StageOutcome(
            id: stage.id, name: stage.name.rawValue,
            shards: try shards.map {
                let (files, result) = try run(
                    payload: $0.payload, stage: stage.id, prefix: "\(stage.name.rawValue).\($0.name)")
                return ($0.name, files, result)
            })
    }

    /// Runs one shard of the stage with the id `stage`; its files begin with `prefix`. Throws what the shard throws.
    package func run(payload: Data, stage: String, prefix: String) throws -> (
        files: [StageFile], result: Data
    ) {
        let place = Place(runDirectory: runDirectory, prefix: prefix)
        let product = try runner.run(stage: stage, payload: payload, folder: place, progress: place)
        return (try product.outputs.map(place.file), product.result)
    }

    /// Where a shard's files stay.
    private struct Place: ShardFolder, StageProgress {
        let runDirectory: String
        let prefix: String

        func temporaryPath(for name: String) -> String { "\(runDirectory)/\(prefix).\(name)" }

        func file(_ output: (name: String, rows: Int)) throws -> StageFile {
            let isCompared = output.name.hasSuffix(".json")
            return StageFile(
                name: output.name, path: "\(prefix).\(output.name)", bytes: 0,
                sha256: isCompared ? try SHA256.hex(ofFile: temporaryPath(for: output.name)) : "",
                rows: output.rows)
        }

        func setTotal(_ total: Int) {}
        func advance(by units: Int, bytes: Int) {}
    }
}
