import ClusterProtocol

/// What a finished job came to, for the report.
package struct JobOutcome: Sendable {
    /// Every stage in order.
    package var stages: [FinishedStage]
    /// How long each stage took, in the same order.
    package var timings: [StageTiming]
    /// Every process that took part.
    package var processes: [ProcessUsage]
    /// What went wrong and was repaired.
    package var recoveries: Recoveries
    /// What workers did when, in the order of the beginnings.
    package var timeline: [Span]
    /// How often the coordinator of this job was started again after an end that was none.
    package var restarts: Int

    /// A stage's cost.
    package struct StageTiming: Sendable, Equatable {
        package var id: String
        package var name: String
        package var cached: Bool
        package var shards: Int
        /// Wall-clock seconds from opening to publication.
        package var seconds: Double
        /// Summed seconds of computation over all committed attempts.
        package var computeSeconds: Double
        /// Input bytes that executors reported.
        package var bytes: Int
    }

    /// A process's cost.
    package struct ProcessUsage: Sendable, Equatable {
        /// `coordinator` or `worker`.
        package var role: String
        package var host: String
        package var pid: Int
        package var peakResidentBytes: Int
        package var cpuSeconds: Double
    }

    /// What a worker did for a while.
    package struct Span: Sendable, Equatable {
        /// The worker's machine.
        package var host: String
        /// Its process there.
        package var pid: Int
        /// The worker's instance, eight hexadecimal digits.
        package var worker: String
        /// The stage's name.
        package var stage: String
        /// The beginning, seconds since 1970.
        package var start: Double
        /// The end, seconds since 1970.
        package var end: Double
        /// Whether the worker was given up at the end.
        package var isLost: Bool

        init(_ span: WireWorkerSpan) {
            (host, pid, worker, stage) = (span.host, Int(span.pid), span.worker, span.stage)
            (start, end, isLost) = (span.start, span.end, span.lost)
        }
    }

    /// Repaired faults, of all incarnations of the coordinator.
    package struct Recoveries: Sendable, Equatable {
        package var workersLost: Int
        package var workersRestarted: Int
        package var attemptsRepeated: Int
        package var duplicateResults: Int
        package var generations: Int

        init(_ counters: WireCounters) {
            workersLost = Int(clamping: counters.workersLost)
            workersRestarted = Int(clamping: counters.workersRestarted)
            attemptsRepeated = Int(clamping: counters.attemptsRepeated)
            duplicateResults = Int(clamping: counters.duplicateResults)
            generations = Int(clamping: counters.generations)
        }
    }
}
