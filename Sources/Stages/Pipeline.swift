import Datasets
import Digests
import Foundation
import Groundwork

/// The stages of a job in order: given what is finished, the next one with its shards and inputs.
///
/// Pure planning over file names: it reads nothing but the sources' sizes and dates and small results of earlier stages.
package struct Pipeline {
    /// The decoded run file.
    package let job: JobConfiguration
    /// The run directory.
    package let runDirectory: String
    /// The last stage that runs.
    package let lastStage: StageName
    /// A checkpoint to go on from (`--resume`), nil to start from fresh parameters.
    package let resume: String?
    private let operations = OperationVersion.current

    /// A pipeline for `job` with outputs below `runDirectory`.
    package init(job: JobConfiguration, runDirectory: String, until: StopAfter, resume: String?) {
        self.job = job
        self.runDirectory = runDirectory
        self.lastStage = until.lastStage
        self.resume = resume
    }

    /// The next stage; nil when the last wanted one is finished.
    package func next(after finished: [StageOutcome]) throws -> PlannedStage? {
        if let last = finished.last, last.name == lastStage.rawValue { return nil }
        let name = StageName.allCases[finished.count]
        try requireSameSources(before: name, finished)
        let outcomes = Dictionary(uniqueKeysWithValues: finished.map { ($0.name, $0) })
        let outside = try outsideFiles(of: name)
        let payloads = try shards(of: name, outcomes).map { payload in
            var payload = payload
            payload.outside = outside
            return payload
        }
        let id = try identity(of: name, finished)
        if name == .train {
            guard let payload = payloads.first else {
                throw StageError.missingInput(stage: "train", role: "payload")
            }
            return PlannedStage(
                id: id, name: name,
                kind: .training(
                    payload: try payload.encoded(), virtualRanks: job.trainer.resolvedVirtualRanks))
        }
        let subjects = try subjects(of: name, payloads)
        let named = try payloads.enumerated().map { place, payload in
            (
                name: ShardName(task: payload.task, index: payload.index).text,
                payload: try payload.encoded(),
                subject: subjects[place]
            )
        }
        return PlannedStage(id: id, name: name, kind: .shards(named))
    }

    /// Settings that change no result.
    private static let withoutEffect: Set<String> = ["trainer.checkpoint_seconds"]

    /// Every setting of the run file, by dotted key, and the digest of a task file.
    package func settings() throws -> [(String, String)] {
        let digest = job.perTask.compactMap(\.taskFile).map { ("task.digest", SHA256.hex(of: $0.text)) }
        // The text is in the digest already.
        return try Self.effective(resolved(job)).filter { $0.key != "task.text" }.map { ($0.key, $0.value) }
            + digest
    }

    /// The settings of a resolved run file's text that change results, a line each; throws `ConfigurationError`.
    static func effective(_ text: String) throws -> [String] {
        try effective(ConfigurationNode.parse(text, file: "job.resolved.yaml")).map {
            "\($0.key)=\($0.value)"
        }
    }

    /// The job with paths from the root: however a run file spells them, it is the same job.
    private func resolved(_ job: JobConfiguration) throws -> ConfigurationNode {
        try ConfigurationNode.parse(job.text, file: "job.resolved.yaml")
    }

    private static func effective(_ node: ConfigurationNode) -> [(key: String, value: String)] {
        node.settings.filter { !withoutEffect.contains($0.key) }.map { ($0.key, $0.value) }
    }

    /// A digest of settings.
    package func digest(_ settings: [(String, String)]) -> String {
        SHA256.hex(of: settings.map { "\($0.0)=\($0.1)" }.joined(separator: "\u{1F}"))
    }

    private func shards(of name: StageName, _ done: [String: StageOutcome]) throws -> [ShardPayload] {
        switch name {
        case .inspect:
            try JobSetup(job).checkSources()
            return [payload(name, 0, [:])]
        case .scan:
            let plan = try files("inspect.json", of: .inspect, done)
            try InspectResult.decode(done, .inspect).requireFewRanges(shardSize: job.execution.shardSize)
            return try inspectionPlan(plan).largestFirst.map { payload(name, $0, ["plan": plan]) }
        case .events:
            let plan = try files("inspect.json", of: .inspect, done)
            let shuffled = try files("shuffle", of: .scan, done)
            let result = try InspectResult.decode(done, .inspect)
            return (0..<result.ranges).map { payload(name, $0, ["plan": plan, "shuffle": shuffled]) }
        case .extract:
            let events = try files("events.h5", of: .events, done)
            return job.perTask.indices.flatMap { task in
                events.indices.map {
                    payload(name, task * events.count + $0, ["events": [events[$0]]], task: task)
                }
            }
        case .fit:
            let dropped = try files(DroppedRows.name, of: .scan, done)
            return try job.perTask.indices.map { task in
                let raw = try files("raw.h5", of: .extract, done, task: task)
                let attrition = try files("attrition.json", of: .extract, done, task: task)
                let inputs = ["raw": raw, "attrition": attrition, "dropped": dropped]
                return payload(name, task, inputs.filter { !$0.value.isEmpty }, task: task)
            }
        case .encode:
            var payloads: [ShardPayload] = []
            for task in job.perTask.indices {
                let raw = try files("raw.h5", of: .extract, done, task: task)
                let fitted = try fitted(done, task: task)
                var (file, first) = (0, 0)
                for range in ranges(raw.reduce(0) { $0 + $1.rows }, job.execution.partSize) {
                    // Only files with rows of the range: all of them in every payload would be a square of the corpus's size.
                    while first + raw[file].rows <= range.lowerBound {
                        (file, first) = (file + 1, first + raw[file].rows)
                    }
                    var (end, rows) = (file, first)
                    while rows < range.upperBound { (end, rows) = (end + 1, rows + raw[end].rows) }
                    let inputs = ["raw": Array(raw[file..<end])].merging(fitted) { a, _ in a }
                    payloads.append(payload(name, payloads.count, inputs, range, task: task))
                    payloads[payloads.count - 1].firstRow = first
                }
            }
            return payloads
        case .train: return [payload(name, 0, try encoded(done))]
        case .predict:
            let inputs = try encoded(done).merging(["checkpoint": try chosenCheckpoint(done)]) { a, _ in a }
            let count = inputs["samples"]?.reduce(0) { $0 + $1.rows } ?? 0
            return ranges(count, Self.predictionRange).enumerated().map { payload(name, $0, inputs, $1) }
        case .evaluate:
            let predictions = try files("predictions.h5", of: .predict, done)
            let inputs = try encoded(done).merging(["predictions": predictions]) { a, _ in a }
            return [payload(name, 0, inputs)]
        }
    }

    /// What each shard works on, for errors: where a table is cut or patients are, the plan tells.
    private func subjects(of name: StageName, _ payloads: [ShardPayload]) throws -> [String] {
        switch name {
        case .scan:
            guard let first = payloads.first else { return [] }
            let plan = try inspectionPlan([try first.input("plan")])
            return payloads.map { plan.subject(ofTask: $0.index) }
        case .events, .extract:
            let ranges = payloads.count / (name == .extract ? job.perTask.count : 1)
            return payloads.map {
                let range = "patient range \($0.index % max(1, ranges) + 1) of \(ranges)"
                return $0.task.map { "task \($0), \(range)" } ?? range
            }
        case .inspect, .fit, .encode, .train, .predict, .evaluate: return payloads.map { _ in "" }
        }
    }

    private func inspectionPlan(_ files: [StageFile]) throws -> InspectionPlan {
        guard let file = files.first else {
            throw StageError.missingInput(stage: StageName.scan.rawValue, role: "plan")
        }
        return try file.decode(InspectionPlan.self, in: runDirectory)
    }

    /// Samples per prediction shard: fixed, so that predictions do not depend on the workers.
    private static let predictionRange = 8192

    private func fitted(_ done: [String: StageOutcome], task: Int = 0) throws -> [String: [StageFile]] {
        [
            "processors": try files("processors.json", of: .fit, done, task: task),
            "split": try files("split.h5", of: .fit, done, task: task),
        ]
    }

    private func encoded(_ done: [String: StageOutcome]) throws -> [String: [StageFile]] {
        ["samples": try files("samples.h5", of: .encode, done)].merging(try fitted(done)) { a, _ in a }
    }

    private func chosenCheckpoint(_ done: [String: StageOutcome]) throws -> [StageFile] {
        let all = done[StageName.train.rawValue]?.shards.flatMap(\.files) ?? []
        let best = all.filter { $0.name == "best.h5" }
        return job.trainer.loadBestModelAtLast && !best.isEmpty ? best : all.filter { $0.name == "last.h5" }
    }

    private func payload(
        _ stage: StageName, _ index: Int, _ inputs: [String: [StageFile]], _ range: Range<Int>? = nil,
        task: Int? = nil
    ) -> ShardPayload {
        let own = task.map { job.perTask[$0] }
        return ShardPayload(
            stage: stage, job: own?.text ?? job.text, index: index,
            task: job.tasks.isEmpty ? nil : own?.taskName, inputs: inputs,
            outside: [:], resume: stage == .train ? resume : nil,
            range: range.map { [$0.lowerBound, $0.upperBound] })
    }

    private func files(
        _ name: String, of stage: StageName, _ done: [String: StageOutcome], task: Int? = nil
    ) throws -> [StageFile] {
        guard let outcome = done[stage.rawValue] else {
            throw StageError.missingInput(stage: stage.rawValue, role: name)
        }
        // The largest may have been planned first; their numbers tell the order of what they read.
        let shards = outcome.shards.map { (name: ShardName($0.name), files: $0.files) }
            .sorted { $0.name.index < $1.name.index }
        let own = job.tasks.isEmpty ? nil : task.map { job.perTask[$0].taskName }
        return shards.filter { own == nil || $0.name.task == own }.flatMap {
            $0.files.filter { $0.name == name }
        }
    }

    private func ranges(_ count: Int, _ size: Int) -> [Range<Int>] {
        stride(from: 0, to: count, by: size).map { $0..<min(count, $0 + size) }
    }

    /// SHA-256 of the operation, its version, the settings it depends on and the ids of the stages before it.
    private func identity(of name: StageName, _ finished: [StageOutcome]) throws -> String {
        let node = try resolved(job)
        func section(_ keys: String...) -> String {
            keys.reduce(node) { $0?.child($1) }?.canonical ?? ""
        }
        var parts = [name.rawValue, operations]
        parts += finished.last.map { [$0.id] } ?? []
        switch name {
        case .inspect:
            let setup = try JobSetup(job)
            // `tables` tells through the store's content.
            let dataset = (node.child("dataset")?.settings ?? []).filter { $0.key != "dataset.tables" }
            parts += dataset.map { "\($0.key)=\($0.value)" } + [setup.storeContent, try sourceState(setup)]
            parts += [job.execution.shardSize, job.execution.scanMiB].map(String.init)
        case .extract:
            parts += try job.perTask.flatMap(taskState) + [definitionDigest()].compactMap { $0 }
            // Shards of a list of one task have other names than those of that task alone.
            // The tables that are asked for decide who is a patient; of one task the store's content tells them.
            if !job.tasks.isEmpty { parts += ["tasks", section("dataset", "tables")] }
        case .fit: parts += [section("split"), section("processors"), section("leakage")]
        case .train:
            let trainer = (node.child("trainer")?.settings ?? []).filter {
                !Self.withoutEffect.contains($0.key)
            }
            parts += [section("model")] + trainer.map { "\($0.key)=\($0.value)" }
            parts += ["\(job.seed)", try resumeState()]
        case .encode: parts.append("\(job.execution.partSize)")
        case .scan, .events, .predict, .evaluate: break
        }
        return SHA256.hex(of: parts.joined(separator: "\u{1F}"))
    }

    /// Throws ``StageError/changedSources(stage:)`` if sources are no longer what the id of the stage that they decide says: looked
    /// at when there is a plan of what to read, and when nobody reads them any more.
    private func requireSameSources(before name: StageName, _ finished: [StageOutcome]) throws {
        let (first, isSame): (StageName, (Int) throws -> Bool)
        switch name {
        case .scan: (first, isSame) = (.inspect, { try isIdentity(finished, $0) && isPlan(of: finished[$0]) })
        case .events: (first, isSame) = (.inspect, { isIdentity(finished, $0) })
        case .extract: (first, isSame) = (.inspect, { try isDefinition(of: finished[$0]) })
        case .encode: (first, isSame) = (.extract, { isIdentity(finished, $0) })
        case .inspect, .fit, .train, .predict, .evaluate: return
        }
        guard let place = finished.firstIndex(where: { $0.name == first.rawValue }) else { return }
        guard try isSame(place) else { throw StageError.changedSources(stage: first) }
    }

    /// Whether a finished stage's id is still that of its sources; what cannot be read any more has changed as well.
    private func isIdentity(_ finished: [StageOutcome], _ place: Int) -> Bool {
        guard let name = StageName(rawValue: finished[place].name) else { return false }
        return (try? identity(of: name, Array(finished[..<place]))) == finished[place].id
    }

    /// Whether the store that follows an inspection was made by the definition as it is now.
    private func isDefinition(of inspection: StageOutcome) throws -> Bool {
        let result = try InspectResult.decode([inspection.name: inspection], .inspect)
        return result.definition == (try? definitionDigest())
    }

    /// Whether the plan that the inspection left was made of the files as they are now.
    private func isPlan(of inspection: StageOutcome) throws -> Bool {
        let plan = try inspectionPlan(
            inspection.shards.flatMap(\.files).filter { $0.name == "inspect.json" })
        let setup = try JobSetup(job)
        return try plan.files
            == SourceState.marks(of: setup.tables, in: setup.definition, root: job.dataset.root)
    }

    /// The files outside the run directory that decide what a stage computes, with their SHA-256.
    func outsideFiles(of name: StageName) throws -> [String: String] {
        var paths = [job.dataset.config].compactMap { $0 }
        switch name {
        case .inspect, .scan, .events: break
        case .extract, .fit, .encode, .predict, .evaluate:
            paths += job.perTask.flatMap { $0.codeMaps.map(\.path) }
        case .train: paths = resumeFiles
        }
        return try Dictionary(paths.map { ($0, try SHA256.hex(ofFile: $0)) }) { first, _ in first }
    }

    /// Name, size and modification time of every file that the store is made from, and the digest of the user's definition.
    private func sourceState(_ setup: JobSetup) throws -> String {
        try job.dataset.checkRoots()
        let files = try SourceState.lines(
            of: setup.tables, in: setup.definition, root: job.dataset.root)
        return try ([definitionDigest()].compactMap { $0 } + files).joined(separator: "\n")
    }

    /// The digest of the user's definition of the data set, if there is one.
    private func definitionDigest() throws -> String? { try job.dataset.config.map(SHA256.hex(ofFile:)) }

    /// The task's section, with the text of a task file in place of its path, and the digests of its code maps.
    private func taskState(_ job: JobConfiguration) throws -> [String] {
        let section = try resolved(job).child("task")
        let maps = try job.codeMaps.map { "\($0.name)=\(try SHA256.hex(ofFile: $0.path))" }
        guard let file = job.taskFile else { return [section?.canonical ?? ""] + maps }
        return [file.text, section?.child("code_mapping")?.canonical ?? ""] + maps
    }

    /// The digests of the checkpoint to resume from and of the best one beside it.
    private func resumeState() throws -> String {
        try resumeFiles.map(SHA256.hex(ofFile:)).joined()
    }

    /// The checkpoint to resume from, and the best one beside it.
    private var resumeFiles: [String] {
        guard let resume else { return [] }
        let best = TrainingSetup.bestCheckpoint(beside: resume)
        return [resume] + (access(best, F_OK) == 0 ? [best] : [])
    }
}

/// Raised whenever a stage's results change for equal inputs, or what stages tell each other has another form: stored stages
/// are computed again then, and workers of the other version are refused.
enum OperationVersion {
    static let current = "14"
}

/// What the inspect stage tells the planner.
package struct InspectResult: Codable, Sendable {
    /// Number of scan tasks.
    package var scanTasks: Int
    /// Number of patient ranges.
    package var ranges: Int
    /// The SHA-256 of the user's definition of the data set, by which the store is made; nil for a built-in one.
    package var definition: String?

    /// Throws `ConfigurationError` for so many patient ranges that lists of their files would not fit into a message or into the
    /// coordinator's memory.
    func requireFewRanges(shardSize: Int) throws {
        let most = max(1, min(Self.mostRanges, Self.mostListed / max(1, scanTasks)))
        guard ranges > most else { return }
        let (least, rest) = (ranges * shardSize).quotientAndRemainder(dividingBy: most)
        throw ConfigurationError(
            "shard-size",
            "execution.shard_size: \(shardSize) makes \(ranges) patient ranges of \(scanTasks) pieces each, at most \(most) are "
                + "possible. Set it to \(rest == 0 ? least : least + 1) or more.")
    }

    /// Patient ranges at most: the stage `fit` is told two files of each in one message.
    private static let mostRanges = 30_000
    /// Files of the shuffle that all shards of the stage `events` together are told of at most, about 250 bytes each.
    private static let mostListed = 4_000_000

    static func decode(_ done: [String: StageOutcome], _ stage: StageName) throws -> InspectResult {
        guard let data = done[stage.rawValue]?.shards.first?.result else {
            throw StageError.missingInput(stage: stage.rawValue, role: "result")
        }
        guard let result = try? JSONDecoder().decode(InspectResult.self, from: data) else {
            throw StageError.unreadableResult(stage: stage)
        }
        return result
    }
}
