import ClusterRuntime
import Foundation
import Groundwork
import Logging

/// A coordinator as a process of its own, so that tests can kill it: reads its job from a file, prints the last result.
///
/// Lines: `shards <id> <count> <payload>` (`#` in the payload stands for the shard's number) and
/// `training <id> <ranks> <payload>`; `\n` in a payload stands for a line break.
enum TestCoordinator {
    static func run(job path: String, directory: String, workers: Int, isStandby: Bool) throws {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        var options = CoordinatorOptions(
            runDirectory: directory, buildVersion: "test", numericFingerprint: "fingerprint")
        options.localWorkers = workers
        options.workerExecutable = CommandLine.arguments[0]
        options.durable = false
        options.joinDelay = 0.3
        options.standby = isStandby
        if isStandby { options.logger = Logger(label: "test") { StreamLogHandler.standardError(label: $0) } }
        let job = JobSpec(digest: String(repeating: "ab", count: 32), name: "test")
        let stages = text.split(separator: "\n").compactMap { stage(String($0)) }
        let outcome = try Coordinator.run(job: job, driver: ListDriver(stages: stages), options: options)
        let results = outcome.stages.map { stage in
            stage.shards.map { $0.result.base64EncodedString() + $0.outputs.map(\.sha256).joined() }.joined(
                separator: " ")
        }
        print(results.joined(separator: "\n"))
    }

    private static func stage(_ line: String) -> StageSpec? {
        let words = line.split(separator: " ", maxSplits: 3).map(String.init)
        guard words.count == 4, let count = Int(words[2]) else { return nil }
        let payload = words[3].replacingOccurrences(of: "\\n", with: "\n")
        if words[0] == "training" {
            return StageSpec(
                id: words[1], name: "train", kind: .training(payload: Data(payload.utf8), virtualRanks: count)
            )
        }
        let shards = (0..<count).map { index in
            ShardSpec(
                name: "s\(index)", payload: Data(payload.replacingOccurrences(of: "#", with: "\(index)").utf8)
            )
        }
        return StageSpec(id: words[1], name: "shards", kind: .shards(shards))
    }
}

private struct ListDriver: JobDriver {
    let stages: [StageSpec]

    mutating func next(after finished: [FinishedStage]) throws -> NextStep {
        finished.count < stages.count ? .stage(stages[finished.count]) : .finished
    }
}
