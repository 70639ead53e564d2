package import Logging

/// How a worker process runs.
package struct WorkerOptions: Sendable {
    /// The coordinator's endpoint, `ipc://…` or `tcp://host:port`; nil: what the run directory says.
    package var connect: String?
    /// The folder with the worker's keys; nil: those of the run directory.
    package var keys: String?
    /// Whether loopback TCP is used without protection.
    package var isInsecure = false
    /// What the executable was built from.
    package var buildVersion: String
    /// The results of the executable's numeric self-test.
    package var numericFingerprint: String
    /// The run directory as this machine sees it; nil: as the coordinator sees it.
    package var runDirectory: String?
    /// The address under which other workers reach this one; nil: ipc for an ipc coordinator, else the local address of
    /// the connection to it.
    package var dataAddress: String?
    /// How long to look for a coordinator that is gone before giving up with exit status 75 (seconds). The default is 600.
    ///
    /// Training goes on meanwhile; its state is left on disk at the end.
    package var patience = 600.0
    /// Asked for a stop from outside (signals): the shard in work is finished or returned.
    package var stop: StopToken?
    /// Where faults are logged.
    package var logger: Logger?

    package init(connect: String?, buildVersion: String, numericFingerprint: String) {
        self.connect = connect
        self.buildVersion = buildVersion
        self.numericFingerprint = numericFingerprint
    }
}
