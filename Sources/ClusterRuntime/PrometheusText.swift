import ClusterProtocol
import Foundation

/// A run's status in the text format of Prometheus (version 0.0.4): numbers, names of stages, hosts and states, nothing of
/// patients.
struct PrometheusText {
    /// The media type of the text.
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"
    /// States of a job, each with the value 0 or 1.
    static let jobStates = ["running", "finished", "failed", "interrupted"]
    /// States of workers.
    static let workerStates = ["idle", "working", "training", "suspect"]

    private(set) var text = ""

    init(_ status: WireStatus) {
        job(status)
        stages(status)
        workers(status)
        coordinator(status)
    }

    private mutating func job(_ status: WireStatus) {
        family("pyhealth_job_info", "gauge", "The job that this coordinator runs; always 1.")
        sample(
            "pyhealth_job_info", [("job", status.job), ("name", status.name), ("build", status.build)], 1)
        family("pyhealth_job_state", "gauge", "1 for the state that the job is in.")
        for state in Self.jobStates {
            sample("pyhealth_job_state", [("state", state)], state == status.state ? 1 : 0)
        }
    }

    private mutating func stages(_ status: WireStatus) {
        let families: [(String, String, (WireStageStatus) -> Double)] = [
            (
                "pyhealth_stage_done", "Shards or training phases done, with fractions of running ones.",
                \.done
            ),
            ("pyhealth_stage_expected", "Shards or training phases in all; 0 if unknown.", \.total),
            ("pyhealth_stage_seconds", "Seconds since the stage began, or that it took.", \.seconds),
        ]
        for (name, help, value) in families {
            family(name, "gauge", help)
            for stage in status.stages { sample(name, [("stage", stage.name)], value(stage)) }
        }
    }

    private mutating func workers(_ status: WireStatus) {
        let living = status.workers.filter { $0.state != "ended" }
        family("pyhealth_workers", "gauge", "Connected workers by state.")
        for state in Self.workerStates {
            sample("pyhealth_workers", [("state", state)], Double(living.count { $0.state == state }))
        }
        let families: [(String, String, String, (WireWorkerStatus) -> Double)] = [
            (
                "pyhealth_worker_resident_bytes", "gauge", "Largest resident memory of a worker.",
                { Double($0.peakResidentBytes) }
            ),
            (
                "pyhealth_worker_cpu_seconds_total", "counter", "User and system time of a worker.",
                \.cpuSeconds
            ),
            (
                "pyhealth_worker_silent_seconds", "gauge", "Seconds since a worker was heard.",
                \.silentSeconds
            ),
        ]
        for (name, kind, help, value) in families {
            family(name, kind, help)
            for worker in living {
                sample(name, [("worker", worker.instance), ("host", worker.host)], value(worker))
            }
        }
    }

    private mutating func coordinator(_ status: WireStatus) {
        let counters = status.counters
        let totals: [(String, String, UInt64)] = [
            ("pyhealth_workers_lost_total", "Workers given up.", counters.workersLost),
            ("pyhealth_workers_restarted_total", "Local workers started again.", counters.workersRestarted),
            ("pyhealth_attempts_repeated_total", "Shards granted again.", counters.attemptsRepeated),
            (
                "pyhealth_duplicate_results_total", "Results dropped as second ones.",
                counters.duplicateResults
            ),
            ("pyhealth_generations_total", "Generations of trainings begun.", counters.generations),
        ]
        for (name, help, value) in totals { single(name, "counter", help, Double(value)) }
        single(
            "pyhealth_coordinator_epoch", "gauge",
            "The coordinator's incarnation: one more with every start in the run directory.",
            Double(status.epoch))
        single(
            "pyhealth_coordinator_resident_bytes", "gauge", "Largest resident memory of the coordinator.",
            Double(status.peakResidentBytes))
        single(
            "pyhealth_coordinator_cpu_seconds_total", "counter", "User and system time of the coordinator.",
            status.cpuSeconds)
        single(
            "pyhealth_status_updated_seconds", "gauge", "When this was measured, in seconds since 1970.",
            status.updated)
    }

    // MARK: The format

    private mutating func family(_ name: String, _ kind: String, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
    }

    private mutating func single(_ name: String, _ kind: String, _ help: String, _ value: Double) {
        family(name, kind, help)
        sample(name, [], value)
    }

    private mutating func sample(_ name: String, _ labels: [(key: String, value: String)], _ value: Double) {
        let list = labels.map { "\($0.key)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",")
        text += "\(name)\(list.isEmpty ? "" : "{\(list)}") \(Self.number(value))\n"
    }

    private static func escaped(_ value: String) -> String {
        value.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\"")
            .replacingOccurrences(of: "\n", with: "\\n")
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
    }
}
