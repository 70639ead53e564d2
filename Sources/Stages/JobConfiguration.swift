package import Datasets
import Foundation
package import Groundwork
package import Training

/// A run file, decoded strictly: what to read, which task, how to split, which model, how to train.
package struct JobConfiguration: Sendable {
    /// The run's name, shown in the report.
    package var name: String
    /// The seed of parameters, sample order and dropout. The default is 0.
    package var seed: UInt64
    /// Where the data set lies and which tables are read.
    package var dataset: DatasetSection
    /// The task's name; those of several with commas between.
    package var taskName: String
    /// The same job for each of several tasks; empty for a job with one.
    package private(set) var tasks: [JobConfiguration] = []
    /// The file that declares the task; nil for a task with a name.
    package var taskFile: TaskFile?
    /// The absolute paths of the task's code maps by name, as in `task.code_maps`.
    package var codeMaps: [(name: String, path: String)]
    /// How samples are divided.
    package var split: SplitSection
    /// Whether processors are fitted on the training samples or on all.
    package var fit: FitScope
    /// What becomes of signs that samples tell their label. The default is to warn.
    package var leakage: LeakageAction
    /// The model's name; nil if the job stops at samples.
    package var modelName: String?
    /// The trainer's options.
    package var trainer: TrainerConfiguration
    /// How the work is cut.
    package var execution: ExecutionSection
    /// The run file itself, from which catalogs decode their own sections.
    package private(set) var document: ConfigurationDocument
    /// The document with `--set` applied, as YAML text.
    package private(set) var text: String

    /// `dataset:`, where the tables are and what they mean.
    package struct DatasetSection: Sendable {
        /// A built-in data set's name, for example `mimic3`; nil with `config`.
        package var name: String?
        /// The path of the user's own definition.
        package var config: String?
        /// The folder with the tables.
        package var root: String
        /// Folders of parts that were not downloaded into one (`ehr`, `note`, `cxr`); tables of other parts are below ``root``.
        package var partRoots: [String: String]
        /// Tables to load besides the defaults; nil: what the task needs.
        package var tables: [String]?
        /// Whether times are derived from offsets where the data set has those alone.
        package var timesFromOffsets: Bool
        /// The part of the data set that is read; nil for all.
        package var subset: String?
        /// What tells a patient's part.
        package var splitSource: DatasetSubsets.Source?
        /// Only the first 1000 patients.
        package var dev: Bool
    }

    /// `split:`, how samples are divided into train, validation and test.
    package struct SplitSection: Sendable {
        /// `patient`, `visit` or `sample`.
        package var by: String
        /// Train, validation and test shares; they sum to 1.
        package var ratios: [Double]
        /// The seed of the shuffle. The default is 0.
        package var seed: UInt64
    }

    /// `processors.fit`: the samples that vocabularies are made of.
    package enum FitScope: String, Sendable { case train, all }

    /// `leakage:`, whether signs of leakage are told, end the job, or are not looked for.
    package enum LeakageAction: String, Sendable, CaseIterable { case warn, fail, off }

    /// `execution:`, sizes that change speed and memory but no result.
    package struct ExecutionSection: Sendable {
        /// Patients per shard. The default is 1000.
        package var shardSize: Int
        /// Samples per sample file. The default is 4096.
        package var partSize: Int
        /// MiB of plain file per scan task. The default is 64.
        package var scanMiB: Int
    }

    /// Loads a run file and applies `overrides` (`key.path`, YAML text); throws ``ConfigurationError``.
    package static func load(path: String, overrides: [(String, String)] = []) throws -> JobConfiguration {
        let job = try JobConfiguration(ConfigurationDocument(path: path, overrides: overrides))
        if let file = job.dataset.config {
            try ConfigurationDocument.requireFile(file, key: "dataset.config")
        }
        for (name, file) in job.perTask.flatMap(\.codeMaps) {
            try ConfigurationDocument.requireFile(file, key: "task.code_maps.\(name)")
        }
        return job
    }

    /// Parses the text of a resolved run file.
    package static func parse(_ text: String, file: String = "job.resolved.yaml") throws -> JobConfiguration {
        try JobConfiguration(ConfigurationDocument(text, file: file))
    }

    /// The job for each of its tasks.
    package var perTask: [JobConfiguration] { tasks.isEmpty ? [self] : tasks }

    /// Decodes a document; throws ``ConfigurationError``.
    package init(_ document: ConfigurationDocument) throws {
        let node = try document.root()
        try node.allow([
            "name", "seed", "dataset", "task", "tasks", "split", "processors", "leakage", "model", "trainer",
            "execution",
        ])
        if let list = node.child("tasks") {
            self = try Self.several(list, node, document)
            return
        }
        name = try node.child("name")?.string() ?? "run"
        seed = UInt64(try node.child("seed")?.int(in: 0...Int.max) ?? 0)
        dataset = try DatasetSection(node.required("dataset"))
        let task = try node.required("task")
        taskFile = try TaskFile(task)
        taskName = try (taskFile?.root() ?? task).required("name").string()
        codeMaps = try Self.codeMaps(node)
        split = try SplitSection(node.child("split"))
        fit = try node.child("processors").map(Self.fitScope) ?? .train
        let actions = LeakageAction.allCases.map(\.rawValue)
        leakage = LeakageAction(rawValue: try node.child("leakage")?.choice(actions) ?? "") ?? .warn
        modelName = try node.child("model")?.required("name").string()
        trainer = try node.child("trainer").map(TrainerConfiguration.init) ?? TrainerConfiguration()
        execution = try ExecutionSection(node.child("execution"))
        self.document = document
        text = try Self.resolved(node, dataset, taskFile, codeMaps).yaml()
    }

    /// A job with several tasks: that of the first, with all of them in its text.
    private static func several(
        _ list: ConfigurationNode, _ node: ConfigurationNode, _ document: ConfigurationDocument
    ) throws -> JobConfiguration {
        if let task = node.child("task") {
            throw task.error("task", "give either \"task\" or \"tasks\", not both.")
        }
        for section in [
            node.child("model"), node.child("trainer"), node.child("processors")?.child("fields"),
        ] {
            if let section {
                throw section.error(
                    "task",
                    "belongs to one task, and \"tasks\" are there. Give it in a run file with \"task\".")
            }
        }
        let count = try list.items().count
        let jobs = try (0..<count).map {
            try JobConfiguration(document.choosing($0, of: "tasks", as: "task"))
        }
        guard var job = jobs.first else { throw list.error("task", "expected at least one task.") }
        for (place, one) in jobs.enumerated() {
            let item = try list.items()[place]
            guard one.taskName.wholeMatch(of: /[A-Za-z0-9_]{1,80}/) != nil else {
                throw item.error(
                    "task",
                    "one of several tasks names a folder: expected letters, digits and _ in its name, 80 at most."
                )
            }
            guard !jobs[..<place].contains(where: { $0.taskName == one.taskName }) else {
                throw item.error(
                    "task", "stands twice. Give each task once; run another job for other options.")
            }
        }
        job.tasks = jobs
        job.taskName = jobs.map(\.taskName).joined(separator: ", ")
        (job.taskFile, job.codeMaps, job.document) = (nil, [], document)
        let sections = try jobs.map { try ConfigurationNode.parse($0.text, file: "tasks").required("task") }
        job.text = try resolved(node, job.dataset, nil, []).setting("tasks", toItems: sections).yaml()
        return job
    }

    /// The document as workers read it, who may have been started in another folder: with absolute paths.
    private static func resolved(
        _ node: ConfigurationNode, _ dataset: DatasetSection, _ task: TaskFile?,
        _ codeMaps: [(name: String, path: String)]
    ) throws -> ConfigurationNode {
        var root = try node.setting("dataset.root", toText: dataset.root)
        for (part, folder) in dataset.partRoots.sorted(by: { $0.key < $1.key }) {
            root = try root.setting("dataset.\(part)_root", toText: folder)
        }
        if let task {
            root = try root.setting("task.file", toText: task.path).setting("task.text", toText: task.text)
        }
        let definition = try dataset.config.map { try root.setting("dataset.config", toText: $0) } ?? root
        return try codeMaps.reduce(definition) {
            try $0.setting("task.code_maps.\($1.name)", toText: $1.path)
        }
    }

    private static func codeMaps(_ node: ConfigurationNode) throws -> [(name: String, path: String)] {
        guard let maps = node.child("task")?.child("code_maps") else { return [] }
        return try maps.keys.map { ($0, try maps.required($0).string().absolutePath) }
    }

    private static func fitScope(_ node: ConfigurationNode) throws -> FitScope {
        try node.allow(["fit", "fields"])
        return try node.child("fit")?.choice(["train", "all"]) == "all" ? .all : .train
    }
}

extension JobConfiguration.DatasetSection {
    init(_ node: ConfigurationNode) throws {
        let parts = ["ehr", "note", "cxr"]
        try node.allow(
            ["name", "config", "root", "tables", "times", "subset", "split_source", "dev"]
                + parts.map { "\($0)_root" })
        name = try node.child("name")?.string()
        config = try node.child("config")?.string().absolutePath
        guard (name == nil) != (config == nil) else {
            throw node.error(
                "dataset", "give either \"name\" (a built-in data set) or \"config\" (a YAML file).")
        }
        partRoots = [:]
        for part in parts {
            if let folder = node.child("\(part)_root") {
                partRoots[part] = try folder.string().absolutePath
            }
        }
        let first = parts.lazy.compactMap { [partRoots] in partRoots[$0] }.first
        root = try node.child("root")?.string().absolutePath ?? first ?? node.required("root").string()
        tables = try node.child("tables")?.strings()
        timesFromOffsets = try node.child("times")?.choice(["recorded", "offsets"]) == "offsets"
        subset = try node.child("subset")?.string()
        if subset == "all" { subset = nil }
        let sources = DatasetSubsets.Source.allCases.map(\.rawValue)
        splitSource =
            try node.child("split_source").flatMap { .init(rawValue: try $0.choice(sources)) }
        dev = try node.child("dev")?.bool() ?? false
    }

    /// Throws `ConfigurationError` if a folder with tables is not there.
    package func checkRoots() throws {
        let parts = partRoots.sorted { $0.key < $1.key }.map { ("\($0.key)_root", $0.value) }
        for (key, path) in [("root", root)] + parts where !Files.isFolder(path) {
            throw ConfigurationError(
                "dataset-root",
                "dataset.\(key): there is no folder \"\(path)\". Set it with --set dataset.\(key)=DIR.")
        }
    }
}

extension JobConfiguration.SplitSection {
    init(_ node: ConfigurationNode?) throws {
        try node?.allow(["by", "ratios", "seed"])
        by = try node?.child("by")?.choice(["patient", "visit", "sample"]) ?? "patient"
        ratios = try node?.child("ratios")?.items().map { try $0.double(in: 0...1) } ?? [0.7, 0.1, 0.2]
        seed = UInt64(try node?.child("seed")?.int(in: 0...Int.max) ?? 0)
        guard ratios.count == 3, abs(ratios.reduce(0, +) - 1) < 1e-9 else {
            throw ConfigurationError(
                "split", "\(node?.place ?? "split"): expected three ratios (train, val, test) that sum to 1.")
        }
    }
}

extension JobConfiguration.ExecutionSection {
    init(_ node: ConfigurationNode?) throws {
        try node?.allow(["shard_size", "part_size", "scan_mib"])
        shardSize = try node?.child("shard_size")?.int(in: 1...100_000_000) ?? 1000
        partSize = try node?.child("part_size")?.int(in: 1...100_000_000) ?? 4096
        scanMiB = try node?.child("scan_mib")?.int(in: 1...65_536) ?? 64
    }
}

extension String {
    /// This path below the current folder, without `.` and `..`.
    /// The path from the root on, for those who work in another folder.
    package var absolutePath: String { URL(fileURLWithPath: self).standardizedFileURL.path }
}
