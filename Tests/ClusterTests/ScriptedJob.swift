import ClusterRuntime
import Foundation
import TestSupport

@testable import ClusterProtocol

/// A driver that runs the given stages in order; `{i.k}` in a payload stands for the path of the file of stage i's shard k.
struct ScriptedDriver: JobDriver {
    var stages: [StageSpec]
    /// Thrown after the last stage.
    var failure: (any Error)?
    /// Told of the finished stages before each next one.
    var whenAsked: (@Sendable ([FinishedStage]) -> Void)?

    mutating func next(after finished: [FinishedStage]) throws -> NextStep {
        whenAsked?(finished)
        if finished.count < stages.count { return .stage(filled(stages[finished.count], finished)) }
        if let failure { throw failure }
        return .finished
    }

    private func filled(_ spec: StageSpec, _ finished: [FinishedStage]) -> StageSpec {
        func filled(_ payload: Data) -> Data {
            var text = String(decoding: payload, as: UTF8.self)
            for (number, stage) in finished.enumerated() where text.contains("{\(number).") {
                for (index, shard) in stage.shards.enumerated() {
                    text = text.replacingOccurrences(
                        of: "{\(number).\(index)}", with: shard.outputs[0].path)
                }
            }
            return Data(text.utf8)
        }
        var spec = spec
        switch spec.kind {
        case .shards(let shards):
            spec.kind = .shards(
                shards.map { ShardSpec(name: $0.name, payload: filled($0.payload), subject: $0.subject) })
        case .training(let payload, let ranks):
            spec.kind = .training(payload: filled(payload), virtualRanks: ranks)
        }
        return spec
    }
}

/// A job of the test worker, run by a coordinator in this process.
struct ScriptedJob {
    var stages: [StageSpec]
    var digest = String(repeating: "ab", count: 32)
    var settings: [JobSpec.Setting] = []
    var workers = 2
    var environment: [String: String] = [:]
    var stop: StopToken?
    var listen: String?
    var minWorkers = 1
    var pauseLimit = 3600.0
    var standby = false
    var keys: String?
    var isInsecure = false
    var metrics: String?
    var progress: (@Sendable (ProgressReport) -> Void)?
    var whenAsked: (@Sendable ([FinishedStage]) -> Void)?
    /// Thrown by the driver after the last stage.
    var failure: (any Error)?

    /// The test worker beside the running test program.
    static let worker: String = {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = max(0, readlink("/proc/self/exe", &buffer, buffer.count - 1))
        let own = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let candidates = [
            (own as NSString).deletingLastPathComponent,
            (CommandLine.arguments[0] as NSString).deletingLastPathComponent,
            Bundle.main.bundlePath,
        ].map { "\($0)/ClusterTestWorker" }
        return candidates.first { access($0, X_OK) == 0 } ?? candidates[0]
    }()

    func run(
        in directory: String, begin: () throws -> Void = {}, end: (JobOutcome) throws -> Void = { _ in }
    ) throws -> JobOutcome {
        var options = CoordinatorOptions(
            runDirectory: directory, buildVersion: "test", numericFingerprint: "fingerprint")
        options.localWorkers = workers
        options.workerExecutable = Self.worker
        options.workerEnvironment = environment
        options.durable = false
        options.stop = stop
        options.listen = listen
        options.minWorkers = minWorkers
        options.pauseLimit = pauseLimit
        options.standby = standby
        options.keys = keys
        options.isInsecure = isInsecure
        options.metrics = metrics
        options.progress = progress
        options.joinDelay = 0.3
        options.workerWait = 20
        return try Coordinator.run(
            job: JobSpec(digest: digest, name: "test", settings: settings),
            driver: ScriptedDriver(stages: stages, failure: failure, whenAsked: whenAsked), options: options,
            begin: begin, end: end)
    }
}

/// A stage of shards with these payloads.
func shardStage(_ id: String, _ payloads: [String]) -> StageSpec {
    StageSpec(
        id: id, name: "stage-\(id)",
        kind: .shards(
            payloads.enumerated().map {
                ShardSpec(name: "s\($0)", payload: Data($1.utf8), subject: "table \"t\", byte \($0)")
            }))
}

/// A training stage.
func trainingStage(_ id: String, _ payload: String, ranks: Int) -> StageSpec {
    StageSpec(id: id, name: "train", kind: .training(payload: Data(payload.utf8), virtualRanks: ranks))
}

/// The text of a shard's output.
func text(of shard: FinishedShard, in directory: String) throws -> String {
    try String(contentsOfFile: "\(directory)/\(shard.outputs[0].path)", encoding: .utf8)
}
