import ArgumentParser
import Foundation
import Groundwork
import Stages

/// `pyhealth-coord plan`: what a job will read and need, before anything runs.
struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Tells what a job will read, how long it will take, and what it needs.",
        discussion: """
            Checks the run file and the tables, scans the first megabytes of each, and writes nothing. For example:

              pyhealth-coord plan job.yaml --set dataset.root=/data/mimic4 --workers 8
            """)

    @Argument(help: "The run file (YAML).")
    var job: String

    @Option(help: "Workers to plan for.")
    var workers = 1

    @Option(name: .customLong("set"), help: "Changes a key of the run file.")
    var overrides: [String] = []

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard workers >= 1 else { throw ValidationError("--workers: expected 1 or more, got \(workers).") }
    }

    func run() throws {
        try reporting {
            let job = try JobConfiguration.load(path: job, overrides: try settings(overrides))
            let setup = try JobSetup(job)
            try setup.checkSources()
            if job.modelName != nil { try setup.checkModelInputs() }
            let estimate = try ReadingEstimate(setup, workers: workers)
            print(json ? try encoded(estimate) : text(job, estimate))
        }
    }

    private func text(_ job: JobConfiguration, _ estimate: ReadingEstimate) -> String {
        let header = ["table", "on disk", "text", "rows", "pieces", "scan"]
        let rows = estimate.tables.map {
            [
                $0.name, bytes($0.fileBytes), bytes($0.textBytes), "\($0.rows)", "\($0.pieces)",
                String(format: "%.1f s", $0.seconds),
            ]
        }
        var lines = [
            "Task \(job.taskName), \(estimate.ranges) patient ranges of \(job.execution.shardSize); estimates:",
            "", table([header] + rows), "",
            "time to samples   \(duration(estimate.seconds)) with \(estimate.workers) worker(s)",
            "memory            \(bytes(estimate.memoryPerWorker)) per worker",
            "disk              \(bytes(estimate.diskBytes)) for shuffle and event store, up to "
                + "\(bytes(estimate.sampleBytes)) for samples (more if they repeat earlier visits)",
        ]
        if estimate.workers > estimate.ranges {
            lines.append(
                "workers           after the scan only \(estimate.ranges) of \(estimate.workers) have a patient range; a smaller "
                    + "execution.shard_size makes more")
        }
        return lines.joined(separator: "\n")
    }
}

/// `--set key=value` as pairs; throws `ConfigurationError`.
func settings(_ overrides: [String]) throws -> [(String, String)] {
    try overrides.map { text in
        let key = text.prefix { $0 != "=" }
        let isWhole = !key.split(separator: ".", omittingEmptySubsequences: false).contains("")
        guard isWhole, let equals = text.firstIndex(of: "=") else {
            throw ConfigurationError(
                "set", "--set: expected key=value, for example trainer.epochs=10, got \"\(text)\".")
        }
        return (String(text[..<equals]), String(text[text.index(after: equals)...]))
    }
}

/// A value as sorted, indented JSON.
func encoded(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
}

/// Rows in columns: the first to the left, the others to the right.
func table(_ rows: [[String]]) -> String {
    let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
        row.enumerated().map { column, cell in
            let space = String(repeating: " ", count: widths[column] - cell.count)
            return column == 0 ? cell + space : space + cell
        }.joined(separator: "  ")
    }.joined(separator: "\n")
}

/// A size in the unit that suits it.
func bytes(_ count: Int) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"]
    var (value, unit) = (Double(count), 0)
    while value >= 1000, unit + 1 < units.count { (value, unit) = (value / 1000, unit + 1) }
    return unit == 0 ? "\(count) B" : String(format: "%.1f %@", value, units[unit])
}

/// A time in the unit that suits it.
func duration(_ seconds: Double) -> String {
    if seconds < 100 { return String(format: "%.1f s", seconds) }
    return seconds < 6000
        ? String(format: "%.1f min", seconds / 60) : String(format: "%.1f h", seconds / 3600)
}
