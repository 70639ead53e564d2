package import ClusterProtocol
import Foundation
import Groundwork
package import Logging

/// How a coordinator runs a job; nothing here changes a result.
package struct CoordinatorOptions: Sendable {
    /// The run directory, created if missing.
    package var runDirectory: String
    /// Local worker processes to start and keep alive; 0 for none.
    package var localWorkers = 1
    /// An additional `tcp://` endpoint for workers on other machines.
    package var listen: String?
    /// Where `GET /metrics` is answered in the text format of Prometheus, `tcp://address:port`; nil: nowhere.
    package var metrics: String?
    /// The folder with the coordinator's keys; nil: made in the run directory if there is a TCP endpoint.
    package var keys: String?
    /// Whether a loopback TCP endpoint is left without protection.
    package var isInsecure = false
    /// The worker command; nil: ``installedWorker``.
    package var workerExecutable: String?
    /// `pyhealth-worker` beside the running executable.
    package static var installedWorker: String {
        let own = Bundle.main.executablePath ?? CommandLine.arguments[0]
        return "\(Files.folder(of: own))/pyhealth-worker"
    }
    /// Further arguments of local workers.
    package var workerArguments: [String] = []
    /// Further environment variables of local workers.
    package var workerEnvironment: [String: String] = [:]
    /// What workers must be built from; a worker with another value is refused.
    package var buildVersion: String
    /// The results of the executable's numeric self-test; a worker with another value is refused.
    package var numericFingerprint: String
    /// Called on the coordinator's thread at most four times a second, and at the end of each stage.
    package var progress: (@Sendable (ProgressReport) -> Void)?
    /// Asked for a stop from outside (signals).
    package var stop: StopToken?
    /// Where faults are logged beside `log.jsonl`.
    package var logger: Logger?
    /// Longest wait for a first worker before the job fails (seconds); the default is 600 for remote, 60 for local workers.
    package var workerWait: Double?
    /// How long newcomers to a running training are collected before they join (seconds). The default is 5.
    package var joinDelay = 5.0
    /// The way in which members of a training add up.
    package var route = CollectiveRoute.Wish.auto
    /// Bytes of a bucket of gradients, which travels as a whole; 0: 4 MiB.
    package var bucketBytes = 0
    /// With fewer workers a training is paused. The default is 1.
    package var minWorkers = 1
    /// Workers that take part in a training at most; others are kept for those that are lost. nil: no limit.
    package var maxWorkers: Int?
    /// Seconds that a training may be paused before the job ends with 75. The default is an hour.
    package var pauseLimit = 3600.0
    /// Whether to wait, and take over, if another coordinator has the run directory, instead of ending with 75.
    package var standby = false
    /// Whether finished files are flushed to disk before they count, so that a host crash loses nothing. The default is true.
    package var durable = true

    package init(runDirectory: String, buildVersion: String, numericFingerprint: String) {
        self.runDirectory = runDirectory
        self.buildVersion = buildVersion
        self.numericFingerprint = numericFingerprint
    }
}

/// A snapshot of a running stage for people.
package struct ProgressReport: Sendable, Equatable {
    /// The stage's name.
    package var stage: String
    /// The stage's number, 1-based.
    package var stageNumber: Int
    /// Shards (or training phases) done, with fractions of running ones.
    package var done: Double
    /// Shards (or training phases) in all; 0 if unknown.
    package var total: Double
    /// Units of `done` per second; nil before the first one.
    package var rate: Double?
    /// Seconds left by that rate.
    package var secondsLeft: Double?
    /// Input bytes processed in this stage.
    package var bytes: Int
    /// Connected workers.
    package var workers: Int
    /// Seconds since the stage began.
    package var seconds: Double
    /// Whether this is the stage's last report.
    package var isFinal: Bool
    /// Whether the stage had been finished by an earlier run.
    package var cached: Bool
}

extension ProgressReport {
    /// Progress of one process's work: `done` of `total` units after `seconds`.
    package init(_ name: String, done: Int, of total: Int, seconds: Double) {
        let rate = seconds > 0 && done > 0 ? Double(done) / seconds : nil
        self.init(
            stage: name, stageNumber: 1, done: Double(done), total: Double(total), rate: rate,
            secondsLeft: rate.map { Double(total - done) / $0 }, bytes: 0, workers: 0, seconds: seconds,
            isFinal: done == total, cached: false)
    }
}
