import ClusterProtocol
import Digests
import Foundation
import Groundwork
import SwiftProtobuf

/// Checks every file that a run's manifests name against its size and SHA-256, and the coordinator's own files against
/// their check values.
package enum RunVerifier {
    /// What was found.
    package struct Report: Sendable, Equatable {
        /// Files checked.
        package var files = 0
        /// Files to check.
        package var total = 0
        /// Bytes read.
        package var bytes = 0
        /// Whether the run says that it is over.
        package var isFinished = false
        /// Whether the job reached its end, as opposed to one that its data or settings ended.
        package var hasSucceeded = false
        /// What does not hold, one sentence each.
        package var problems: [String] = []
    }

    /// Checks the run in `runDirectory`; `progress` is told every file. Throws ``ClusterError`` and `FileError`.
    package static func verify(runDirectory: String, progress: (Report) -> Void = { _ in }) throws -> Report {
        let directory = try RunDirectory(runDirectory)
        var report = Report()
        let manifests = try directory.names(in: "stage").compactMap {
            try read(WireManifest.self, "stage/\($0)/MANIFEST.pb", directory, &report)
        }
        for stage in directory.names(in: "stage") {
            _ = try read(WireStageOpen.self, "stage/\(stage)/OPEN.pb", directory, &report)
        }
        let job = try read(WireJob.self, "job.pb", directory, &report)
        if job == nil, access(directory.file("job.pb"), F_OK) != 0 {
            report.problems.append("job.pb is missing")
        }
        report.isFinished = job?.finished == true
        _ = try read(WireStatus.self, "status.pb", directory, &report)
        // A coordinator that died may have left a temporary name behind, which nobody reads.
        for name in directory.names(in: "epoch") where !name.contains(".tmp.") {
            let epoch = try read(WireEpoch.self, "epoch/\(name)", directory, &report)
            if let epoch, "\(epoch.epoch)" != name {
                report.problems.append("epoch/\(name) is that of another epoch")
            }
        }
        let segments = try segments(directory)
        if case .jobEnded(let end) = segments.first?.content.records.last?.body {
            report.hasSucceeded = end.exitStatus == 0
        }
        report.problems += journalProblems(segments, isFinished: report.isFinished)
        report.problems += missing(segments, isFinished: report.isFinished, directory)
        report.total = manifests.reduce(0) { $0 + $1.shards.reduce(0) { $0 + $1.outputs.count } }
        for manifest in manifests {
            for output in manifest.shards.flatMap(\.outputs) {
                report.files += 1
                report.bytes += Int(clamping: output.bytes)
                if let problem = try problem(output, directory) {
                    report.problems.append("stage \(manifest.name): \(problem)")
                }
                progress(report)
            }
        }
        return report
    }

    /// A message that is whole; one that is not becomes a problem.
    private static func read<Record: Message>(
        _ type: Record.Type, _ name: String, _ directory: RunDirectory, _ report: inout Report
    ) throws -> Record? {
        report.files += 1
        do { return try directory.read(type, name) } catch ClusterError.damaged {
            report.problems.append("\(name) is damaged: its check value does not hold")
            return nil
        }
    }

    /// A coordinator's journal as it is found.
    private typealias Segment = (epoch: UInt64, content: JournalFile.Contents)

    /// The journals, newest first.
    private static func segments(_ directory: RunDirectory) throws -> [Segment] {
        let epochs = directory.names(in: "journal").compactMap { name in
            name.hasSuffix(".pbj") ? UInt64(name.dropLast(4)) : nil
        }
        return try epochs.sorted(by: >).map {
            ($0, JournalFile.decode(try Files.contents(of: directory.file("journal/\($0).pbj"))))
        }
    }

    /// What journals tell of and is not there: the mark of a coordinator's epoch; in a run that is over, the manifest of a
    /// stage that was published.
    private static func missing(
        _ segments: [Segment], isFinished: Bool, _ directory: RunDirectory
    ) -> [String] {
        let stages = segments.flatMap(\.content.records).compactMap { record -> String? in
            guard case .stagePublished(let stage) = record.body, isFinished else { return nil }
            return "stage/\(stage.stage)/MANIFEST.pb"
        }
        let names = segments.map { "epoch/\($0.epoch)" } + Set(stages).sorted()
        return names.filter { access(directory.file($0), F_OK) != 0 }.map { "\($0) is missing" }
    }

    /// Journals must be whole as far as later ones have read them; the newest to its end.
    private static func journalProblems(_ segments: [Segment], isFinished: Bool) -> [String] {
        let epochs = segments.map(\.epoch)
        var problems: [String] = []
        var needed: [UInt64: UInt64] = [:]
        for (epoch, segment) in segments {
            let name = "journal/\(epoch).pbj"
            if let bytes = needed[epoch] {
                if segment.validBytes < bytes {
                    problems.append("\(name) is damaged at byte \(segment.validBytes)")
                }
            } else if segment.tornBytes > 0 {
                problems.append("\(name) is damaged or torn at byte \(segment.validBytes)")
            }
            if epoch == epochs.max(), isFinished, segment.tornBytes == 0 {
                if case .jobEnded = segment.records.last?.body {
                } else {
                    problems.append("\(name) ends before the end of the job")
                }
            }
            guard case .epochStart(let start) = segment.records.first?.body else { continue }
            // What an earlier coordinator had found may have been lost before this one began, which went on without.
            for earlier in start.segments where epoch == epochs.max() && !epochs.contains(earlier.epoch) {
                problems.append("journal/\(earlier.epoch).pbj is missing")
            }
            for earlier in start.segments {
                needed[earlier.epoch] = max(needed[earlier.epoch] ?? 0, earlier.bytes)
            }
        }
        return problems
    }

    private static func problem(_ output: WireOutputFile, _ directory: RunDirectory) throws -> String? {
        let path = directory.file(output.path)
        guard access(path, F_OK) == 0 else { return "\(output.path) is missing" }
        guard directory.has(output) else { return "\(output.path) has another size than the manifest says" }
        guard try SHA256.hex(ofFile: path) == output.sha256 else {
            return "\(output.path) has other content (SHA-256)"
        }
        return nil
    }
}
