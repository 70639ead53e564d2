package import Groundwork

/// Computes what a coordinator grants.
package enum Worker {
    /// Serves the coordinator until it says that the job is over; returns the exit status to end the process with.
    package static func run(executor: any WorkExecutor, options: WorkerOptions) throws -> ExitStatus {
        throw ClusterError.unavailable(reason: "the worker is being built")
    }
}
