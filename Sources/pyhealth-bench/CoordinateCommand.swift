import ArgumentParser
import ClusterRuntime
import Foundation
import Groundwork

/// A coordinator whose job never ends, for `pyhealth-bench cluster`.
struct CoordinateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coordinate", abstract: "A coordinator for pretended workers.", shouldDisplay: false)

    /// What workers must say of themselves.
    static let build = "bench"

    @Option(help: "The run directory.")
    var output: String

    @Option(help: "Shards; 0: a training.")
    var shards = 0

    @Option(help: "Virtual ranks of the training.")
    var ranks = 1024

    func run() throws {
        ProcessHardening.apply()
        var options = CoordinatorOptions(
            runDirectory: output, buildVersion: Self.build, numericFingerprint: Self.build)
        options.localWorkers = 0
        let driver = OneStage(shards: shards, ranks: ranks)
        let digest = String(repeating: "b", count: 64)
        _ = try Coordinator.run(job: JobSpec(digest: digest, name: "bench"), driver: driver, options: options)
    }
}

/// One stage of many shards or one training.
private struct OneStage: JobDriver {
    let shards: Int
    let ranks: Int

    /// Bytes that a shard is described by: a run file and some inputs.
    static let payloadBytes = 4096

    mutating func next(after finished: [FinishedStage]) throws -> NextStep {
        guard finished.isEmpty else { return .finished }
        let payload = Data(count: Self.payloadBytes)
        let kind =
            shards == 0
            ? StageSpec.Kind.training(payload: payload, virtualRanks: ranks)
            : .shards((0..<shards).map { ShardSpec(name: String(format: "%06d", $0), payload: payload) })
        return .stage(StageSpec(id: String(repeating: "a", count: 64), name: "bench", kind: kind))
    }
}
