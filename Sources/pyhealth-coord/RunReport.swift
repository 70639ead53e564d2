import ClusterRuntime
import Foundation
import Groundwork
import Reports
import Stages
import Wiring

/// Collects what a run was and writes `report.html`, and `SHA256SUMS` of all that is for people.
struct RunReport {
    let job: JobConfiguration
    let runDirectory: String
    let outcome: JobOutcome
    let seconds: Double
    /// Whether a whole report of the same run file was there before.
    let isThere: Bool
    /// The digests that were written down before.
    let digestsBefore: [String: String]

    /// Whether the folder has a whole report of `job`, before a run begins.
    static func isThere(_ job: JobConfiguration, runDirectory: String) -> Bool {
        let before = try? Files.contents(of: "\(runDirectory)/job.resolved.yaml")
        return before == Data(job.text.utf8) && PublishedDigests(runDirectory: runDirectory).holds(name)
    }

    private static let name = "report.html"

    /// Writes the report; returns its path. One that is there is left if nothing was computed: it tells how long that took and
    /// what happened. Throws `FileError`.
    func write() throws -> String {
        var summary = try RunSummary(
            job: job, stages: outcome.stages.map(StageOutcome.init), runDirectory: runDirectory)
        let workers = outcome.processes.count { $0.role == "worker" }
        summary.facts += [
            ("Workers", "\(workers)"), ("Took", String(format: "%.1f s", seconds)),
        ]
        summary.stages = outcome.timings.map {
            .init(
                name: $0.name, shards: $0.shards, seconds: $0.cached ? nil : $0.seconds,
                computeSeconds: $0.computeSeconds, bytes: $0.bytes)
        }
        summary.processes = outcome.processes.map {
            .init(
                role: $0.role, host: $0.host, pid: $0.pid, peakBytes: $0.peakResidentBytes,
                cpuSeconds: $0.cpuSeconds)
        }
        summary.timeline = outcome.timeline.map {
            .init(
                worker: "\($0.host), pid \($0.pid)", stage: $0.stage, start: $0.start, end: $0.end,
                isLost: $0.isLost)
        }
        let recoveries = outcome.recoveries
        summary.recoveries = [
            ("workers lost", recoveries.workersLost), ("workers restarted", recoveries.workersRestarted),
            ("attempts repeated", recoveries.attemptsRepeated),
            ("duplicate results dropped", recoveries.duplicateResults),
            ("training generations", recoveries.generations),
            ("coordinator restarts", outcome.restarts),
        ]
        let path = "\(runDirectory)/\(Self.name)"
        let isRepeat = isThere && outcome.timings.allSatisfy(\.cached) && access(path, R_OK) == 0
        if !isRepeat { try AtomicFile.write(HTMLReport(summary).html(), to: path, durable: false) }
        try PublishedDigests(runDirectory: runDirectory).write(
            summary.files.map { ($0.name, $0.sha256) }, keeping: digestsBefore)
        return path
    }
}
