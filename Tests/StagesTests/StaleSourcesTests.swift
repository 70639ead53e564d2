import Digests
import Foundation
import Groundwork
import SyntheticCorpora
import TestSupport
import Testing

@testable import Stages

/// Sources, definitions and code maps that are changed while a job runs, or are others where a worker looks.
@Suite(.serialized)
struct StaleSourcesTests {
    private let folder: TemporaryFolder
    private let job: JobConfiguration

    init() throws {
        folder = try TemporaryFolder("stale")
        let corpus = folder.file("corpus")
        _ = try SyntheticCorpus(.mimic3, CorpusOptions(patients: 60, seed: 3, output: corpus)).write()
        job = try JobConfiguration.parse(
            """
            dataset: {name: mimic3, root: \(corpus)}
            task: {name: MortalityPredictionMIMIC3}
            processors: {fit: all}
            """)
    }

    private var admissions: String { folder.file("corpus/ADMISSIONS.csv") }

    /// Runs stages in this process until `last` is finished.
    private func run(_ name: String, _ runner: StageRunner, until last: StageName) throws -> (
        pipeline: Pipeline, finished: [StageOutcome]
    ) {
        let root = folder.file(name)
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        let pipeline = Pipeline(job: job, runDirectory: root, until: .samples, resume: nil)
        var finished: [StageOutcome] = []
        let stages = LocalStages(runDirectory: root, runner: runner)
        while finished.last?.name != last.rawValue, let stage = try pipeline.next(after: finished) {
            finished.append(try stages.run(stage))
        }
        return (pipeline, finished)
    }

    /// The digests of the event store that `runner` makes.
    private func events(_ name: String, _ runner: StageRunner) throws -> [String] {
        try run(name, runner, until: .events).finished[2].shards.flatMap(\.files).map {
            try SHA256.hex(ofFile: "\(folder.file(name))/\($0.path)")
        }
    }

    /// Lets a file have its first `rows` lines only; returns what it was.
    @discardableResult
    private func cut(_ path: String, to rows: Int) throws -> Data {
        let whole = try Files.contents(of: path)
        let lines = whole.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        try Data(lines.prefix(rows).joined(separator: [UInt8(ascii: "\n")]) + [UInt8(ascii: "\n")]).write(
            to: URL(fileURLWithPath: path))
        return whole
    }

    /// A worker outlives its coordinator; before the next one begins somebody mends a table that others are joined with.
    @Test func aWorkerReadsJoinedTablesAgainForAnotherStage() throws {
        let survivor = StageRunner()
        let whole = try cut(admissions, to: 30)
        let before = try events("before", survivor)
        try whole.write(to: URL(fileURLWithPath: admissions))
        let mended = try events("mended", survivor)
        let right = try events("right", StageRunner())
        #expect(mended == right)
        #expect(before != right)
    }

    @Test func tablesThatChangeWhileTheyAreReadEndTheJob() throws {
        let (pipeline, finished) = try run("run", StageRunner(), until: .scan)
        #expect(try pipeline.next(after: finished)?.name == .events)
        try cut(folder.file("corpus/PRESCRIPTIONS.csv"), to: 30)
        let error = #expect(throws: StageError.self) { try pipeline.next(after: finished) }
        guard case .changedSources(stage: .inspect)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.code == "stage.changed-sources" && error?.exitStatus == .retry)
    }

    /// A coordinator that is interrupted in the scan never comes to its end: what was read of another file must not be there.
    @Test func aShardRefusesATableThatIsNotTheOneThatWasInspected() throws {
        let (pipeline, finished) = try run("run", StageRunner(), until: .inspect)
        guard case .shards(let shards)? = try pipeline.next(after: finished)?.kind else {
            Issue.record("no shards")
            return
        }
        try cut(admissions, to: 30)
        var refused = 0
        for shard in shards {
            do {
                _ = try LocalStages(runDirectory: folder.file("run")).run(
                    payload: shard.payload, stage: "2", prefix: "scan.\(shard.name)")
            } catch StageError.otherFile(let path) {
                #expect(path == admissions)
                refused += 1
            }
        }
        // Admissions itself, and the tables that are joined with it.
        #expect(refused >= 2 && refused < shards.count)
        let error = #expect(throws: StageError.self) { try pipeline.next(after: finished) }
        #expect(error?.code == "stage.changed-sources")
    }

    @Test func aFileThatIsNotTheOneTheCoordinatorReadIsRefused() throws {
        let (pipeline, finished) = try run("run", StageRunner(), until: .events)
        guard case .shards(let shards)? = try pipeline.next(after: finished)?.kind else {
            Issue.record("no shards")
            return
        }
        let map = folder.file("map.csv")
        try AtomicFile.write("a,b\n", to: map)
        var payload = try ShardPayload.decode(shards[0].payload)
        payload.outside[map] = try SHA256.hex(ofFile: map)
        let extract = { (stage: String) in
            try LocalStages(runDirectory: folder.file("run")).run(
                payload: payload.encoded(), stage: stage, prefix: "extract.0")
        }
        _ = try extract("1")
        try AtomicFile.write("a,c\n", to: map)
        let error = #expect(throws: StageError.self) { try extract("2") }
        #expect(error?.code == "stage.other-file" && error?.message.contains(map) == true)
    }

    /// The store was made by another definition than the one that tasks would read it with.
    @Test func aDefinitionThatChangesBetweenStoreAndSamplesEndsTheJob() throws {
        let definition = folder.file("own.yaml")
        let text = """
            name: mimic3
            version: "1.4"
            tables:
              patients: {file_path: PATIENTS.csv, patient_id: subject_id, attributes: [gender, dob, dod]}
              admissions:
                file_path: ADMISSIONS.csv
                patient_id: subject_id
                timestamp: admittime
                attributes: [hadm_id, dischtime, hospital_expire_flag]
            """
        try AtomicFile.write(text, to: definition)
        let job = try JobConfiguration.parse(
            """
            dataset: {config: \(definition), root: \(folder.file("corpus"))}
            task: {name: MortalityPredictionMIMIC3}
            """)
        let pipeline = Pipeline(job: job, runDirectory: folder.path, until: .samples, resume: nil)
        let result = InspectResult(
            scanTasks: 1, ranges: 1, definition: try SHA256.hex(ofFile: definition))
        let inspection = StageOutcome(
            id: "1", name: "inspect", shards: [("0", [], try JSONEncoder().encode(result))])
        let finished = [
            inspection, StageOutcome(id: "2", name: "scan", shards: []),
            StageOutcome(id: "3", name: "events", shards: []),
        ]
        #expect(try pipeline.next(after: finished)?.name == .extract)
        try AtomicFile.write(text + "\n# changed\n", to: definition)
        let error = #expect(throws: StageError.self) { try pipeline.next(after: finished) }
        guard case .changedSources(stage: .inspect)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func theDefinitionAndTheCodeMapsAreAmongWhatWorkersCompare() throws {
        let definition = folder.file("own.yaml"), map = folder.file("map.csv")
        try AtomicFile.write("name: own\nversion: \"1\"\ntables: {}\n", to: definition)
        try AtomicFile.write("NDC,ATC\n1,A01A\n", to: map)
        let job = try JobConfiguration.parse(
            """
            dataset: {config: \(definition), root: \(folder.file("corpus"))}
            task: {name: DrugRecommendationMIMIC3, code_maps: {NDC_to_ATC: \(map)}}
            """)
        let pipeline = Pipeline(job: job, runDirectory: folder.path, until: .samples, resume: nil)
        #expect(try pipeline.outsideFiles(of: .scan).keys.sorted() == [definition])
        for stage in [StageName.extract, .fit, .encode] {
            #expect(
                try pipeline.outsideFiles(of: stage)
                    == [definition: SHA256.hex(ofFile: definition), map: SHA256.hex(ofFile: map)])
        }
        let last = folder.file("last.h5"), best = folder.file("best.h5")
        try AtomicFile.write("last", to: last)
        let resumed = Pipeline(job: job, runDirectory: folder.path, until: .train, resume: last)
        #expect(try resumed.outsideFiles(of: .train).keys.sorted() == [last])
        try AtomicFile.write("best", to: best)
        #expect(try resumed.outsideFiles(of: .train).keys.sorted() == [best, last])
    }
}
