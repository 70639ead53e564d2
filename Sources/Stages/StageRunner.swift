import Datasets
package import Foundation
import Groundwork
import Processors

/// Runs shards of all stages but training: files in, files out.
///
/// Keeps what several shards of one stage share: the decoded run file, joined tables, fitted processors. A stage's id tells of
/// the sources too, so that with another one they are read again.
package final class StageRunner {
    private var stage = ""
    private var joins = JoinCache()
    private var lastJob: (text: String, setup: JobSetup)?
    private let processors = ProcessorCache()

    package init() {}

    /// Runs the shard of the stage with the id `stage` that `payload` describes; throws `PyHealthError`s.
    package func run(
        stage: String, payload data: Data, folder: any ShardFolder, progress: any StageProgress
    ) throws -> ShardProduct {
        let payload = try JSONDecoder().decode(ShardPayload.self, from: data)
        if stage != self.stage { (self.stage, joins, lastJob) = (stage, JoinCache(), nil) }
        let setup = try setup(payload)
        let shard = Shard(payload: payload, setup: setup, folder: folder, progress: progress)
        switch payload.stage {
        case .inspect: return try shard.inspect()
        case .scan: return try shard.scan(joins)
        case .events: return try shard.gatherEvents()
        case .extract: return try shard.extract()
        case .fit: return try shard.fit()
        case .encode: return try shard.encode(processors)
        case .predict: return try shard.predict()
        case .evaluate: return try shard.evaluate()
        case .train: throw StageError.missingInput(stage: "train", role: "members")
        }
    }

    private func setup(_ payload: ShardPayload) throws -> JobSetup {
        if let lastJob, lastJob.text == payload.job { return lastJob.setup }
        try payload.checkOutsideFiles()
        let setup = try JobSetup(JobConfiguration.parse(payload.job))
        // Nor was one changed while it was read.
        try payload.checkOutsideFiles()
        lastJob = (payload.job, setup)
        return setup
    }
}

/// The processors that a process has read last; their path names the stage that fitted them.
final class ProcessorCache {
    private var last: (path: String, processors: FittedProcessors)?

    /// The processors of the file at `path`.
    func load(_ path: String) throws -> FittedProcessors {
        if let last, last.path == path { return last.processors }
        let processors = try FittedProcessors.load(path)
        last = (path, processors)
        return processors
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

    /// What the JSON files of a role hold, in order.
    func decode<Value: Decodable>(_ type: Value.Type, _ role: String) throws -> [Value] {
        try (payload.inputs[role] ?? []).map { try $0.decode(type, in: folder.runDirectory) }
    }

    /// The path of the one input of a role.
    func path(_ role: String) throws -> String { path(try payload.input(role)) }
}
