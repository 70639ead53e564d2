import Datasets
package import Foundation
import Groundwork

/// Runs shards of all stages but training: files in, files out.
///
/// Keeps what several shards of one process share: the decoded run file and joined tables.
package final class StageRunner {
    private let joins = JoinCache()
    private var lastJob: (text: String, setup: JobSetup)?

    package init() {}

    /// Runs the shard that `payload` describes; throws `PyHealthError`s.
    package func run(
        payload data: Data, folder: any ShardFolder, progress: any StageProgress
    ) throws -> ShardProduct {
        let payload = try JSONDecoder().decode(ShardPayload.self, from: data)
        let setup = try setup(payload.job)
        let shard = Shard(payload: payload, setup: setup, folder: folder, progress: progress)
        switch payload.stage {
        case .inspect: return try shard.inspect()
        case .scan: return try shard.scan(joins)
        case .events: return try shard.gatherEvents()
        case .extract: return try shard.extract()
        case .fit: return try shard.fit()
        case .encode: return try shard.encode()
        case .predict: return try shard.predict()
        case .evaluate: return try shard.evaluate()
        case .train: throw StageError.missingInput(stage: "train", role: "members")
        }
    }

    private func setup(_ text: String) throws -> JobSetup {
        if let lastJob, lastJob.text == text { return lastJob.setup }
        let setup = try JobSetup(JobConfiguration.parse(text))
        lastJob = (text, setup)
        return setup
    }
}

/// One shard at work.
struct Shard {
    let payload: ShardPayload
    let setup: JobSetup
    let folder: any ShardFolder
    let progress: any StageProgress

    /// Where an input file lies.
    func path(_ file: StageFile) -> String { "\(folder.runDirectory)/\(file.path)" }

    /// The paths of all inputs of a role.
    func paths(_ role: String) -> [String] { (payload.inputs[role] ?? []).map(path) }

    /// The path of the one input of a role.
    func path(_ role: String) throws -> String { path(try payload.input(role)) }
}
