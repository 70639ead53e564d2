package import ClusterRuntime
import Foundation
package import Stages

/// Connects the pipeline's plan to the coordinator, and publishes what finished stages left.
package struct PipelineDriver: JobDriver {
    private let pipeline: Pipeline
    private let publisher: RunPublisher
    private let runDirectory: String

    /// A driver that ends after `until` and trains from the checkpoint `resume`, if one is named.
    package init(job: JobConfiguration, runDirectory: String, until: StopAfter, resume: String?) {
        pipeline = Pipeline(job: job, runDirectory: runDirectory, until: until, resume: resume)
        publisher = RunPublisher(runDirectory: runDirectory)
        self.runDirectory = runDirectory
    }

    /// What makes this job recognisable in its run directory; throws if the data set's folder is missing, before the run
    /// directory is made.
    package func specification() throws -> JobSpec {
        try pipeline.job.dataset.checkRoots()
        let settings = try pipeline.settings()
        return JobSpec(
            digest: pipeline.digest(settings), name: pipeline.job.name,
            settings: settings.map { .init(key: $0.0, value: $0.1) })
    }

    /// The stage after those; throws what publishing and planning throw, and `DamagedInput` for a file of an earlier run
    /// that is not as it was written.
    package mutating func next(after finished: [FinishedStage]) throws -> NextStep {
        let outcomes = finished.map(StageOutcome.init)
        if outcomes.isEmpty, !publisher.holdsAnother(pipeline.job.text) {
            try publisher.publishJob(pipeline.job.text)
        }
        if let last = outcomes.last, finished.last?.cached == true { try requireWhole(last) }
        let planned = try plan(outcomes)
        // Only now: planning notices sources that were changed.
        try publish(outcomes, isEnd: planned == nil)
        guard let planned else { return .finished }
        let kind: StageSpec.Kind
        switch planned.kind {
        case .shards(let shards):
            kind = .shards(shards.map { ShardSpec(name: $0.name, payload: $0.payload, subject: $0.subject) })
        case .training(let payload, let ranks): kind = .training(payload: payload, virtualRanks: ranks)
        }
        return .stage(StageSpec(id: planned.id, name: planned.name.rawValue, kind: kind))
    }
}

extension PipelineDriver {
    /// The next stage; what the pipeline notices of files becomes what the coordinator acts upon.
    private func plan(_ outcomes: [StageOutcome]) throws -> PlannedStage? {
        do { return try pipeline.next(after: outcomes) } catch StageError.damagedFile(let path) {
            throw DamagedInput(path: path)
        } catch let error as StageError {
            guard case .changedSources(let stage) = error else { throw error }
            throw StaleStages(first: outcomes.firstIndex { $0.name == stage.rawValue } ?? 0, cause: error)
        }
    }

    /// Publishes what the last stage left. In the place of another job's results nothing is until this job has some of its own:
    /// one that fails before leaves the former whole.
    private func publish(_ outcomes: [StageOutcome], isEnd: Bool) throws {
        guard let last = outcomes.last else { return }
        guard publisher.holdsAnother(pipeline.job.text),
            isEnd || Self.published.map(\.rawValue).contains(last.name)
        else { return try publisher.publish(last) }
        guard try isEnd || !publisher.holds(last) else { return }
        try publisher.publishJob(pipeline.job.text)
        for outcome in outcomes { try publisher.publish(outcome) }
    }

    /// The stages whose files people are given; what other stages left is checked by those who read it.
    private static let published: [StageName] = [.fit, .encode, .train, .evaluate]

    private func requireWhole(_ stage: StageOutcome) throws {
        guard Self.published.map(\.rawValue).contains(stage.name) else { return }
        for file in stage.shards.flatMap(\.files) {
            // A file that cannot be read now may be whole: only another digest is damage.
            guard try file.isWhole(in: runDirectory) else {
                throw DamagedInput(path: file.path)
            }
        }
    }
}

extension StageOutcome {
    /// What the coordinator knows of a finished stage, as the pipeline reads it.
    package init(_ stage: FinishedStage) {
        self.init(
            id: stage.id, name: stage.name,
            shards: stage.shards.map { ($0.name, $0.outputs.map(StageFile.init), $0.result) })
    }
}

extension StageFile {
    fileprivate init(_ record: OutputRecord) {
        self.init(
            name: record.name, path: record.path, bytes: record.bytes,
            sha256: record.sha256, rows: record.rows)
    }
}
