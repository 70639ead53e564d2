import ClusterRuntime
import Foundation
import Groundwork
import Stages
import Synchronization

/// Tells a person how far a run is: one line that is rewritten on a terminal, plain lines elsewhere.
final class ProgressPrinter: Sendable {
    private let isQuiet: Bool
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let lastPlain = Mutex<(stage: String, seconds: Double)>(("", 0))

    init(isQuiet: Bool) { self.isQuiet = isQuiet }

    /// Shows a snapshot; plain lines come at most every ten seconds and at the end of a stage.
    func show(_ report: ProgressReport) {
        guard !isQuiet else { return }
        if report.isFinal {
            let how = report.cached ? "already done" : String(format: "done in %.1f s", report.seconds)
            StandardError.write("\(start(report))\(how)\n")
            return
        }
        if isTerminal {
            StandardError.show(line(report))
        } else {
            let isDue = lastPlain.withLock { last in
                guard last.stage != report.stage || report.seconds - last.seconds >= 10 else { return false }
                last = (report.stage, report.seconds)
                return report.seconds >= 1
            }
            if isDue { StandardError.write(line(report) + "\n") }
        }
    }

    /// Shows work of this process alone; `done` of `total` units since `started`.
    func show(_ name: String, done: Int, of total: Int, since started: Date) {
        show(
            ProgressReport(
                name, done: done, of: total, seconds: Date().timeIntervalSince(started)))
    }

    /// Prints the results at the end, also with `--quiet`, those of a handful of samples excepted; warnings go to the errors'
    /// stream.
    func finish(_ metrics: [PartMetrics], warnings: [String], report: String) {
        for warning in warnings { StandardError.write("warning: \(warning)\n") }
        for (part, samples) in zip(metrics, SmallCells.texts(addends: metrics.map(\.samples))) {
            let values = part.metrics.map { metric in
                metric.value.map { String(format: "%@ %.4f", metric.name, $0) } ?? "\(metric.name) undefined"
            }
            let isTold = part.samples >= SmallCells.limit
            print(
                "\(part.split): \(samples) samples, \(isTold ? values.joined(separator: ", ") : "see metrics.json")"
            )
        }
        print("report: \(report)")
    }

    private func start(_ report: ProgressReport) -> String {
        report.stage.padding(toLength: 9, withPad: " ", startingAt: 0)
    }

    private func line(_ report: ProgressReport) -> String {
        var text = start(report) + String(format: "%.0f", report.done)
        if report.total > 0 { text += String(format: "/%.0f", report.total) }
        if let rate = report.rate { text += String(format: ", %.1f/s", rate) }
        if let left = report.secondsLeft { text += String(format: ", %.0f s left", left) }
        guard report.workers > 0 else { return text }
        return text + ", \(report.workers) worker\(report.workers == 1 ? "" : "s")"
    }
}
