import ArgumentParser
import Digests
import Foundation
import Groundwork
import Stages

/// `pyhealth-bench stages`: a job up to its samples in this one process.
struct StagesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stages",
        abstract: "Seconds of a job's stages up to its samples, computed in this process.",
        discussion: """
            Without coordinator, messages, digests and flushes: what those cost is the difference to the stages of \
            `pyhealth-coord run --workers 1 --until samples`, as its log.jsonl has them. \
            Example: pyhealth-bench stages job.yaml --folder bench/stages
            """)

    @Argument(help: "The run file.")
    var job: String

    @Option(help: "Where files are put; it must not exist and is removed in the end.")
    var folder = "bench/stages"

    func run() throws {
        guard !Files.isFolder(folder) else {
            throw ValidationError("--folder: \(folder) exists; name a new folder.")
        }
        try Files.createFolder(folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let pipeline = Pipeline(
            job: try JobConfiguration.load(path: job, overrides: []), runDirectory: folder, until: .samples,
            resume: nil)
        let runner = StageRunner()
        var finished: [StageOutcome] = []
        let clock = ContinuousClock()
        let start = clock.now
        while let stage = try pipeline.next(after: finished) {
            let duration = try clock.measure { finished.append(try outcome(of: stage, runner)) }
            print("\(stage.name.rawValue) \(seconds(duration))")
        }
        print("all \(seconds(clock.now - start))")
    }

    private func seconds(_ duration: Duration) -> String { String(format: "%.3f s", duration / .seconds(1)) }

    private func outcome(of stage: PlannedStage, _ runner: StageRunner) throws -> StageOutcome {
        guard case .shards(let shards) = stage.kind else { preconditionFailure("samples need no training") }
        return StageOutcome(
            id: stage.id, name: stage.name.rawValue,
            shards: try shards.map { shard in
                let place = Place(runDirectory: folder, prefix: "\(stage.name.rawValue).\(shard.name)")
                let product = try runner.run(
                    stage: stage.id, payload: shard.payload, folder: place, progress: place)
                return (shard.name, try product.outputs.map(place.file), product.result)
            })
    }
}

/// Where a shard's files stay.
private struct Place: ShardFolder, StageProgress {
    let runDirectory: String
    let prefix: String

    func temporaryPath(for name: String) -> String { "\(runDirectory)/\(prefix).\(name)" }

    /// Digests are taken of what readers compare, small files of JSON.
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
