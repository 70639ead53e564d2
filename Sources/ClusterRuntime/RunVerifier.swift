import ClusterProtocol
import Digests
import Foundation
import Groundwork

/// Checks every file that a run's manifests name against its size and SHA-256.
package enum RunVerifier {
    /// What was found.
    package struct Report: Sendable, Equatable {
        /// Files checked.
        package var files = 0
        /// Files to check.
        package var total = 0
        /// Bytes read.
        package var bytes = 0
        /// What does not hold, one sentence each.
        package var problems: [String] = []
    }

    /// Checks the run in `runDirectory`; `progress` is told every file. Throws ``ClusterError`` and `FileError`.
    package static func verify(runDirectory: String, progress: (Report) -> Void = { _ in }) throws -> Report {
        let directory = try RunDirectory(runDirectory)
        let manifests = try directory.names(in: "stage").compactMap {
            try directory.read(WireManifest.self, "stage/\($0)/MANIFEST.pb")
        }
        var report = Report()
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
