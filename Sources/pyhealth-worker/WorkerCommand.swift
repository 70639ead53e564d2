import ArgumentParser
import ClusterRuntime
import Foundation
import Groundwork
import Logging
import Stages

/// The command `pyhealth-worker`: computes what a coordinator grants.
@main
struct WorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pyhealth-worker",
        abstract: "Computes what a coordinator grants: shards of patients, and its part of a training.",
        discussion: """
            Local workers are started by `pyhealth-coord run --workers N`. On other machines, with the run's output folder \
            and the data on a disk that all machines see:

              pyhealth-worker --output /shared/runs/m1
              pyhealth-worker --connect tcp://head:5555 --keys /etc/pyhealth/keys

            The first form waits for the coordinator, and finds its endpoint and keys in the run's output folder.
            """,
        version: BuildInformation.build)

    @Option(
        help:
            "The coordinator's endpoint, tcp://host:port or ipc://path; by default what the run's output folder says."
    )
    var connect: String?

    @Option(help: "The run's output folder as this machine sees it; by default as the coordinator sees it.")
    var output: String?

    @Option(
        help: "The folder with this worker's keys (see pyhealth-coord keygen); by default keys/ in --output.")
    var keys: String?

    @Flag(help: "TCP without keys, on 127.0.0.1, [::1] and localhost only.")
    var insecure = false

    @Option(help: "The address under which other workers reach this one, tcp://host:port.")
    var dataAddress: String?

    @Option(
        help: "Seconds to go on training and look for a coordinator that is gone before giving up with 75.")
    var patience = 600.0

    func validate() throws {
        guard connect != nil || output != nil else {
            throw ValidationError("--connect or --output: expected one of them, to find the coordinator.")
        }
        guard patience >= 0 else { throw ValidationError("--patience: expected seconds, 0 or more.") }
        for (name, endpoint) in [
            ("--connect", connect ?? "tcp://"), ("--data-address", dataAddress ?? "tcp://"),
        ]
        where !endpoint.contains("://") {
            throw ValidationError("\(name): expected an endpoint, for example tcp://head:5555.")
        }
    }

    func run() throws {
        ProcessHardening.apply()
        var options = WorkerOptions(
            connect: connect, buildVersion: BuildInformation.build,
            numericFingerprint: BuildInformation.numericFingerprint)
        options.runDirectory = output
        options.dataAddress = dataAddress
        options.keys = keys
        options.isInsecure = insecure
        options.patience = patience
        options.logger = Logger(label: "pyhealth-worker") { StreamLogHandler.standardError(label: $0) }
        if let notice = BuildInformation.kernelNotice { options.logger?.warning("\(notice)") }
        let stop = StopToken()
        options.stop = stop
        let signals = StopSignals(stop)
        defer { signals.end() }
        let status = ending { try Worker.run(executor: Executor(), options: options) }
        throw ExitCode(status.rawValue)
    }

    /// The exit status of `body`; an error is told on standard error.
    private func ending(_ body: () throws -> ExitStatus) -> ExitStatus {
        do { return try body() } catch {
            StandardError.write("pyhealth-worker: \(error)\n")
            return (error as? any PyHealthError)?.exitStatus ?? .internal
        }
    }
}
