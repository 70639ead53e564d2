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
              pyhealth-coord status runs/m1 --json
            """)

    @Argument(help: "The run's output folder.")
    var folder: String

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        try reporting {
            let status = try RunStatus.load(runDirectory: folder)
            print(json ? try status.json() : StatusText(status).text)
        }
    }
}
