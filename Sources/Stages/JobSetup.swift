import Batching
package import ClinicalData
package import Datasets
import Evaluation
import Groundwork
import Models
import Processors
package import Tasks
import Training

/// A run file with its data set, task, model and metrics looked up and checked: all that can be refused before any work is.
package struct JobSetup: Sendable {
    package let job: JobConfiguration
    package let definition: DatasetDefinition
    /// The task; of several the first.
    package let task: any ClinicalTask
    /// Attributes by table that the tasks need.
    package let needs: [String: [String]]
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
    /// Tables that the run file names.
    private let asked: Set<String>

    /// Throws `ConfigurationError` and ``StageError/otherDataset(task:dataset:valid:)``.
    package init(_ job: JobConfiguration) throws {
        self.job = job
        let node = try job.document.root()
        let found =
            try job.dataset.config.map(DatasetDefinition.load) ?? .builtIn(job.dataset.name ?? "")
        let timed = try job.dataset.timesFromOffsets ? found.timedByOffsets() : found
        for part in job.dataset.partRoots.keys.sorted() where !timed.roots.contains(part) {
            throw ConfigurationError(
                "no-part",
                "dataset.\(part)_root: data set \"\(timed.name)\" has no such part. Leave it out; parts: "
                    + "\(timed.roots.isEmpty ? "none" : timed.roots.joined(separator: ", ")).")
        }
        let placed = timed.placed(in: job.dataset.partRoots)
        if job.dataset.splitSource != nil { try placed.requireParts() }
        definition =
            try job.dataset.subset.map {
                try placed.limited(to: $0, by: job.dataset.splitSource ?? .metadata)
            } ?? placed
        let definition = definition
        let tasks = try job.perTask.map {
            try Self.task($0, $0.document.root().required("task"), definition)
        }
        for task in tasks where !task.datasets.contains(definition.name) {
            throw StageError.otherDataset(task: task.name, dataset: definition.name, valid: task.datasets)
        }
        for task in tasks { try Self.requireTimes(task, definition) }
        guard let first = tasks.first else { throw node.error("task", "expected at least one task.") }
        (task, needs) = (first, Self.needs(of: tasks))
        (inputs, outputs) = try Self.fields(of: task, node.child("processors")?.child("fields"))
        asked = Set((job.dataset.tables ?? []).map { $0.lowercased() })
        let asked = asked
        let needed = Set(needs.keys)
        let read = TaskCatalog.attributesRead(of: definition.name)
        tables = try definition.tableOrder(
            requested: Self.request(asked: job.dataset.tables ?? [], needed, definition)
        ).filter {
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

    /// The tables to read in the order that decides among events of one time: the run file's where it names all that are
    /// needed, else that of their names, so that jobs with the same tables in the end have the same event store.
    private static func request(
        asked: [String], _ needed: Set<String>, _ definition: DatasetDefinition
    ) -> [String] {
        let asked = asked.map { $0.lowercased() }
        let isComplete = needed.subtracting(definition.defaultTables).isSubset(of: asked)
        return isComplete ? asked + needed.sorted() : needed.union(asked).sorted()
    }

    /// How many patients `dataset.dev` keeps.
    static let patientsOfDev = 1000

    /// What the tasks read, each attribute once.
    private static func needs(of tasks: [any ClinicalTask]) -> [String: [String]] {
        var needs: [String: [String]] = [:]
        for (table, attributes) in tasks.flatMap(\.requirements).map({ ($0.table, $0.attributes) }) {
            let known = needs[table] ?? []
            needs[table] = known + attributes.filter { !known.contains($0) }
        }
        return needs
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
                    isTimed: $0.isTimed)
            })
        return try TaskCatalog.make(section, declaredIn: file.root(), for: shape)
    }

    private static func requireTimes(_ task: any ClinicalTask, _ definition: DatasetDefinition) throws {
        let untimed = definition.tables.filter { !$0.isTimed }.map(\.name)
        guard let table = task.timedTables.first(where: untimed.contains) else { return }
        throw ConfigurationError(
            "untimed-table",
            "Task \(task.name) needs times with these options, and events of table \"\(table)\" of data set "
                + "\"\(definition.name)\" have none. Set dataset.times: offsets, or leave the option out.")
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

    /// Throws `ConfigurationError` if a folder of the data set is not there, and what ``Inspector`` throws if a table that the
    /// task reads or the run file names, or a column that the task reads, is not.
    package func checkSources() throws {
        try job.dataset.checkRoots()
        let required = needs.merging(asked.map { ($0, []) }) { needed, _ in needed }
        try Inspector(definition: definition, root: job.dataset.root).check(
            tables.filter { required[$0.name] != nil }, needs: required)
    }

    /// Throws `BatchingError` if no input of the task can go into a model.
    package func checkModelInputs() throws {
        try ModelSchema.requireInputs(try FittedProcessors(inputs: inputs, outputs: outputs))
    }

    /// What the event store holds, as text for its identity.
    var storeContent: String {
        tables.map { table in
            let names = Set((needs[table.name] ?? []) + (offered[table.name] ?? []))
            return "\(table.name): \(names.sorted().joined(separator: " "))"
        }.joined(separator: "\n")
    }

    /// How the label is predicted.
    package static func mode(of task: any ClinicalTask) throws -> PredictionMode {
        guard let output = task.outputSchema.first, let mode = PredictionMode(rawValue: output.processor)
        else {
            throw ConfigurationError(
                "no-label",
                "Task \(task.name) has no label that a model could predict. Leave model and trainer out.")
        }
        return mode
    }

    private static func checkMetrics(_ job: JobConfiguration, _ task: any ClinicalTask) throws {
        let mode = try mode(of: task)
        if let metrics = job.trainer.metrics {
            try MetricCatalog.validate(metrics, mode: mode, key: "trainer.metrics")
        }
        if let monitor = job.trainer.monitor {
            try MetricCatalog.validateMonitor(monitor, mode: mode)
            guard job.split.ratios[1] > 0 else {
                throw ConfigurationError(
                    "no-validation",
                    "trainer.monitor is \"\(monitor)\" but split.ratios leave no validation part. Change split.ratios or drop "
                        + "monitor.")
            }
        }
        guard let weight = job.trainer.posWeight else { return }
        guard mode == .binary || mode == .multilabel else {
            throw ConfigurationError(
                "pos-weight",
                "trainer.pos_weight belongs to binary and multilabel labels; the label of \(task.name) is \(mode.rawValue). "
                    + "Leave it out.")
        }
        if mode == .binary, case .values(let values) = weight, values.count != 1 {
            throw ConfigurationError(
                "pos-weight",
                "trainer.pos_weight: \(values.count) numbers for one label. Give one number, or balanced.")
        }
    }
}
