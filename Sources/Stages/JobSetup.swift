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
    /// The task's input fields with the options that the run file gives their processors.
    package let inputs: [FieldSchema]
    /// The task's output fields likewise.
    package let outputs: [FieldSchema]
    /// The tables that the event store holds, in canonical order: those of the task, those that the run file names, and the
    /// default ones that some task of the data set reads.
    package let tables: [DatasetDefinition.Table]
    /// Attributes by table that the event store also holds where the files have them: what any task of the data set reads, so
    /// that another task starts from the same store.
    package let offered: [String: [String]]

    /// Throws `ConfigurationError` and ``StageError/otherDataset(task:dataset:valid:)``.
    package init(_ job: JobConfiguration) throws {
        self.job = job
        let node = try job.document.root()
        let found =
            try job.dataset.config.map(DatasetDefinition.load) ?? .builtIn(job.dataset.name ?? "")
        let timed = try job.dataset.timesFromOffsets ? found.timedByOffsets() : found
        definition =
            try job.dataset.subset.map { try timed.limited(to: $0, by: job.dataset.splitSource) } ?? timed
        task = try Self.task(job, node.required("task"), definition)
        guard task.datasets.contains(definition.name) else {
            throw StageError.otherDataset(task: task.name, dataset: definition.name, valid: task.datasets)
        }
        (inputs, outputs) = try Self.fields(of: task, node.child("processors")?.child("fields"))
        let asked = Set((job.dataset.tables ?? []).map { $0.lowercased() })
        let needed = Set(task.requirements.map(\.table))
        let read = TaskCatalog.attributesRead(of: definition.name)
        tables = try definition.tableOrder(requested: (job.dataset.tables ?? []) + needed.sorted()).filter {
            needed.contains($0.name) || asked.contains($0.name) || read[$0.name] != nil
        }
        offered = Dictionary(
            uniqueKeysWithValues: tables.map { table in
                let all = table.attributes + table.extraAttributes
                return (
                    table.name,
                    read[table.name].map { names in all.filter(names.contains) } ?? table.attributes
                )
            })
        if let model = node.child("model") {
            try ModelCatalog.validate(model)
            try Self.checkMetrics(job, task)
        }
    }

    /// The task with the section's name, or the one that its file declares.
    private static func task(
        _ job: JobConfiguration, _ section: ConfigurationNode, _ definition: DatasetDefinition
    ) throws -> any ClinicalTask {
        guard let file = job.taskFile else { return try TaskCatalog.make(section) }
        let shape = DatasetShape(
            name: definition.name,
            tables: definition.tables.map {
                DatasetShape.Table(
                    $0.name, attributes: $0.attributes + $0.extraAttributes,
                    isTimed: !$0.timestamp.isEmpty || $0.offsetTimes != nil)
            })
        return try TaskCatalog.make(section, declaredIn: file.root(), for: shape)
    }

    private static func fields(
        of task: any ClinicalTask, _ section: ConfigurationNode?
    ) throws -> ([FieldSchema], [FieldSchema]) {
        guard let section = section.map(FieldOptionsSection.init) else {
            return (task.inputSchema, task.outputSchema)
        }
        let all = (task.inputSchema + task.outputSchema).map(\.name)
        return (
            try section.applied(to: task.inputSchema, among: all),
            try section.applied(to: task.outputSchema, among: all)
        )
    }

    /// Throws what ``Inspector`` throws if a table or a column that the task reads is not there.
    package func checkSources() throws {
        let needed = task.neededAttributes
        try Inspector(definition: definition, root: job.dataset.root).check(
            tables.filter { needed[$0.name] != nil }, needs: needed)
    }

    /// What the event store holds, as text for its identity.
    var storeContent: String {
        let needed = task.neededAttributes
        return tables.map { table in
            let names = Set((needed[table.name] ?? []) + (offered[table.name] ?? []))
            return "\(table.name): \(names.sorted().joined(separator: " "))"
        }.joined(separator: "\n")
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
