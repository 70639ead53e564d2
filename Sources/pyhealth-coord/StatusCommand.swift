import ArgumentParser
import ClusterRuntime
import Foundation

/// `pyhealth-coord status`: what a run is doing, with or without a living coordinator.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Tells what a run is doing or how it ended.",
        discussion: """
            Works while the run goes on, after it, and without a living coordinator. For example:

              pyhealth-coord status runs/m1
              pyhealth-coord status runs/m1 --watch
              pyhealth-coord status runs/m1 --json
            """)

    @Argument(help: "The run's output folder.")
    var folder: String

    @Flag(help: "Print JSON; with --watch one object per line.")
    var json = false

    @Flag(help: "Show it again every two seconds until the run is over.")
    var watch = false

    func run() throws {
        try reporting {
            guard watch else { return try show(try RunStatus.load(runDirectory: folder)) }
            var last: RunStatus?
            while true {
                let status = try RunStatus.load(runDirectory: folder)
                // What has not changed is not said again.
                if last?.snapshot != status.snapshot { try show(status) }
                if !status.isCoordinatorAlive || status.snapshot.state != "running" { return }
                last = status
                sleep(2)
            }
        }
    }

    private func show(_ status: RunStatus) throws {
        // On a terminal the tables stay in their place.
        if watch, !json, isatty(STDOUT_FILENO) == 1 { print("\u{1B}[H\u{1B}[2J", terminator: "") }
        print(json ? try status.json() : StatusText(status).text + (watch ? "\n" : ""))
        fflush(nil)
    }
}
