import ArgumentParser
import ClusterRuntime
import Foundation
import Groundwork
import Stages

/// `pyhealth-coord verify`: checks every digest of a run.
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Checks every file of a run against its size and SHA-256.",
        discussion: """
            Exit status 0: all is as written; 65: something is not. For example:

              pyhealth-coord verify runs/m1
            """)

    @Argument(help: "The run's output folder.")
    var folder: String

    @Flag(help: "No progress lines.")
    var quiet = false

    func run() throws {
        try reporting {
            guard access("\(folder)/job.resolved.yaml", R_OK) == 0 else {
                throw FileError("open", path: "\(folder)/job.resolved.yaml", errorNumber: errno)
            }
            let printer = ProgressPrinter(isQuiet: quiet)
            let started = Date()
            var report = try RunVerifier.verify(runDirectory: folder) { report in
                printer.show("verify", done: report.files, of: report.total, since: started)
            }
            if let published = try PublishedDigests(runDirectory: folder).problems() {
                report.files += published.files
                report.problems += published.problems
            } else if report.isFinished, report.hasSucceeded {
                report.problems.append(
                    "\(PublishedDigests.name) is missing, and the run is over; the command that made the run writes it again"
                )
            } else {
                print(
                    "\(PublishedDigests.name) is not there: the run \(report.isFinished ? "has failed" : "is not over")."
                )
            }
            for problem in report.problems { print(problem) }
            let size = String(format: "%.1f MB", Double(report.bytes) / 1e6)
            print("\(report.files) files, \(size), \(report.problems.count) problems")
            if !report.problems.isEmpty { throw ExitCode(ExitStatus.data.rawValue) }
        }
    }
}
