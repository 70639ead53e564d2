/// Runs a job's stages over worker processes.
package enum Coordinator {
    /// Runs `job` as `driver` asks until it is finished; continues an interrupted run of the same job.
    ///
    /// Throws ``ClusterError`` and whatever the driver or an executor failed with.
    package static func run(
        job: JobSpec, driver: any JobDriver, options: CoordinatorOptions
    ) throws -> JobOutcome {
        throw ClusterError.unavailable(reason: "the coordinator is being built")
    }
}
