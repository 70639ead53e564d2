import Foundation
package import Groundwork

/// Computes what a coordinator grants.
package enum Worker {
    /// Serves the coordinator until it says that the job is over; returns the exit status to end the process with.
    ///
    /// Throws ``ClusterError`` if the coordinator refuses this worker or is not found for too long. If the process must end
    /// while a computation cannot be interrupted, it ends here with that status, without running exit handlers.
    package static func run(executor: any WorkExecutor, options: WorkerOptions) throws -> ExitStatus {
        let loop = try WorkerLoop(executor: executor, options: options)
        let (status, reason) = try loop.run()
        if !loop.close() {
            if !reason.isEmpty { StandardError.write(reason + "\n") }
            _exit(status)
        }
        let exitStatus = ExitStatus(rawValue: status) ?? .internal
        guard reason.isEmpty else {
            throw ClusterError.refused(
                reason: reason, exitStatus: exitStatus)
        }
        return exitStatus
    }
}
