package import Evaluation

/// What a report shows of a run: plain values, gathered from the run's files and from the coordinator.
package struct RunSummary: Sendable {
    /// The run's name.
    package var name = ""
    /// What ran: pairs of a word and its value, for example "Model", "RNN".
    package var facts: [(name: String, value: String)] = []
    /// Where patients and visits were lost, from the first step to the last.
    package var attrition: [AttritionStep] = []
    /// Samples per label over the whole data set; shown only where there are no ``parts``, whose counts sum to these.
    package var labels: [(label: String, samples: Int)] = []
    /// Epochs of the training, by the columns of `history.csv`.
    package var history: [HistoryColumn] = []
    /// The epoch with whose parameters was predicted.
    package var keptEpoch: Int?
    /// Samples of train, validation and test where there are no ``parts`` yet.
    package var sizes: [(split: String, samples: Int)] = []
    /// Counts and metrics of train, validation and test.
    package var parts: [Part] = []
    /// Predictions on the split that curves are drawn of, and its name.
    package var predictions: (split: String, values: Predictions)?
    /// Stages in order, with their cost.
    package var stages: [Stage] = []
    /// Every process that took part.
    package var processes: [Process] = []
    /// What workers did when.
    package var timeline: [Span] = []
    /// Repaired faults: pairs of a word and a count.
    package var recoveries: [(name: String, count: Int)] = []
    /// Files with their SHA-256.
    package var files: [File] = []
    /// The run file with all settings, as YAML.
    package var configuration = ""

    /// A summary of nothing.
    package init() {}

    /// A row of the attrition table; nil cells do not apply.
    package struct AttritionStep: Sendable {
        /// What happened, for example a rule of the task.
        package var step: String
        /// Patients of this step.
        package var patients: Int?
        /// Visits of this step.
        package var visits: Int?
        /// Samples made.
        package var samples: Int?

        /// A row with the cells that apply.
        package init(_ step: String, patients: Int? = nil, visits: Int? = nil, samples: Int? = nil) {
            (self.step, self.patients, self.visits, self.samples) = (step, patients, visits, samples)
        }
    }

    /// A column of `history.csv`, one value per epoch; nil where undefined.
    package struct HistoryColumn: Sendable {
        /// The column's name, for example `val_loss`.
        package var name: String
        /// By epoch.
        package var values: [Double?]

        /// A column.
        package init(_ name: String, _ values: [Double?]) { (self.name, self.values) = (name, values) }
    }

    /// A part of the split.
    package struct Part: Sendable {
        /// `train`, `val` or `test`.
        package var split: String
        /// Its samples.
        package var samples: Int
        /// Patients of these samples.
        package var patients: Int
        /// Samples per label.
        package var labels: [String: Int]
        /// Mean loss per sample.
        package var loss: Double?
        /// In the order asked; nil values are undefined.
        package var metrics: [(name: String, value: Double?)]

        /// A part with its counts and metrics.
        package init(
            split: String, samples: Int, patients: Int, labels: [String: Int], loss: Double?,
            metrics: [(name: String, value: Double?)]
        ) {
            (self.split, self.samples, self.patients) = (split, samples, patients)
            (self.labels, self.loss, self.metrics) = (labels, loss, metrics)
        }
    }

    /// A stage's cost; `seconds` is nil for a stage that had been finished before.
    package struct Stage: Sendable {
        /// The stage's name.
        package var name: String
        /// Pieces of work.
        package var shards: Int
        /// Wall-clock seconds.
        package var seconds: Double?
        /// Seconds of computation, summed over workers.
        package var computeSeconds: Double
        /// Input bytes read.
        package var bytes: Int

        /// A stage that ran, or had been finished before.
        package init(name: String, shards: Int, seconds: Double?, computeSeconds: Double, bytes: Int) {
            (self.name, self.shards, self.seconds) = (name, shards, seconds)
            (self.computeSeconds, self.bytes) = (computeSeconds, bytes)
        }
    }

    /// What a worker did for a while.
    package struct Span: Sendable {
        /// The worker's name: host and process.
        package var worker: String
        /// The stage it worked for.
        package var stage: String
        /// Seconds of one clock, the same for all spans.
        package var start: Double
        /// Seconds of the same clock.
        package var end: Double
        /// Whether the worker was lost at the end.
        package var isLost: Bool

        /// A span.
        package init(worker: String, stage: String, start: Double, end: Double, isLost: Bool) {
            (self.worker, self.stage, self.start, self.end) = (worker, stage, start, end)
            self.isLost = isLost
        }
    }

    /// A process's cost.
    package struct Process: Sendable {
        /// `coordinator` or `worker`.
        package var role: String
        /// The machine.
        package var host: String
        /// The process id there.
        package var pid: Int
        /// Largest resident memory in bytes.
        package var peakBytes: Int
        /// User and system time together.
        package var cpuSeconds: Double

        /// A process.
        package init(role: String, host: String, pid: Int, peakBytes: Int, cpuSeconds: Double) {
            (self.role, self.host, self.pid) = (role, host, pid)
            (self.peakBytes, self.cpuSeconds) = (peakBytes, cpuSeconds)
        }
    }

    /// A file of the run.
    package struct File: Sendable {
        /// The path below the run directory.
        package var name: String
        /// Its size.
        package var bytes: Int
        /// Its digest in lower-case hex.
        package var sha256: String

        /// A file.
        package init(name: String, bytes: Int, sha256: String) {
            (self.name, self.bytes, self.sha256) = (name, bytes, sha256)
        }
    }
}
