package import ClinicalData
package import Datasets
import Evaluation
import Groundwork
import Models
import Processors
package import Tasks

/// A run file with its data set, task, model and metrics looked up and checked: all that can be refused before any work is.
package struct JobSetup: Sendable {
    package let job: JobConfiguration
    package let definition: DatasetDefinition
    package let task: any ClinicalTask
    /// The tables that are read, in canonical order.
    package let tables: [DatasetDefinition.Table]

    /// Throws `ConfigurationError` and ``StageError/otherDataset(task:dataset:valid:)``.
    package init(_ job: JobConfiguration) throws {
        self.job = job
        let node = try job.document.root()
        if let config = job.dataset.config {
            definition = try DatasetDefinition.load(path: config)
        } else {
            definition = try DatasetDefinition.builtIn(job.dataset.name ?? "")
        }
        task = try TaskCatalog.make(node.required("task"))
        guard task.datasets.contains(definition.name) else {
            throw StageError.otherDataset(task: task.name, dataset: definition.name, valid: task.datasets)
        }
        let requested = (job.dataset.tables ?? []) + task.requirements.map(\.table)
        let needed = Set(task.requirements.map(\.table))
        tables = try definition.tableOrder(requested: requested).filter { needed.contains($0.name) }
        if let model = node.child("model") {
            try ModelCatalog.validate(model)
            try Self.checkMetrics(job, task)
        }
    }

    /// How the label is predicted.
    package static func mode(of task: any ClinicalTask) throws -> PredictionMode {
        guard let output = task.outputSchema.first, let mode = PredictionMode(rawValue: output.processor)
        else {
            throw ConfigurationError("no-label", "Task \(task.name) has no label that a model could predict.")
        }
        return mode
    }

    private static func checkMetrics(_ job: JobConfiguration, _ task: any ClinicalTask) throws {
        let mode = try mode(of: task)
        if let metrics = job.trainer.metrics {
            try MetricCatalog.validate(metrics, mode: mode, key: "trainer.metrics")
        }
        if let monitor = job.trainer.monitor { try MetricCatalog.validateMonitor(monitor, mode: mode) }
    }
}
