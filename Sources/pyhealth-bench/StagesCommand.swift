import ArgumentParser
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
        let stages = LocalStages(runDirectory: folder)
        var finished: [StageOutcome] = []
        let clock = ContinuousClock()
        let start = clock.now
        while let stage = try pipeline.next(after: finished) {
            let duration = try clock.measure { finished.append(try stages.run(stage)) }
            print("\(stage.name.rawValue) \(seconds(duration))")
        }
        print("all \(seconds(clock.now - start))")
    }

    private func seconds(_ duration: Duration) -> String { String(format: "%.3f s", duration / .seconds(1)) }
}
