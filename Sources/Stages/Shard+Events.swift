import Datasets
import Foundation
import Groundwork
import Storage

extension Shard {
    /// Headers, sizes and patients → `inspect.json`.
    func inspect() throws -> ShardProduct {
        let execution = setup.job.execution
        var plan = try Inspector(
            definition: setup.definition, root: setup.job.dataset.root, runDirectory: folder.runDirectory
        ).plan(
            tables: setup.tables, needs: setup.needs, offered: setup.offered,
            shardSize: execution.shardSize,
            pieceBytes: execution.scanMiB << 20, limit: setup.job.dataset.dev ? JobSetup.patientsOfDev : nil)
        plan.files = try SourceState.marks(
            of: setup.tables, in: setup.definition, root: setup.job.dataset.root)
        try write(plan, "inspect.json")
        let result = InspectResult(
            scanTasks: plan.mapTasks.count, ranges: plan.rangeCount,
            definition: setup.job.dataset.config.flatMap { payload.outside[$0] })
        return ShardProduct(
            outputs: [("inspect.json", plan.mapTasks.count)], result: try JSONEncoder().encode(result))
    }

    /// One piece of one table → `shuffle`, and the seek index of a large gzip file.
    func scan(_ joins: JoinCache) throws -> ShardProduct {
        let task = try ScanTask(
            definition: setup.definition, root: setup.job.dataset.root, plan: try plan(),
            index: payload.index, runDirectory: folder.runDirectory)
        func check() throws {
            if let file = try task.changedFile() { throw StageError.otherFile(path: file) }
        }
        try check()
        let seek = try task.seekName()
        let done = try task.run(
            to: folder.temporaryPath(for: "shuffle"), seekPath: seek.map(folder.temporaryPath), joins: joins
        ) { bytes in progress.advance(by: 0, bytes: bytes) }
        // Nor was one changed while it was read.
        try check()
        var outputs = [("shuffle", done.rows)]
        if let seek, done.points > 0 { outputs.append((seek, done.points)) }
        if done.dropped > 0 {
            try write([task.tableName: done.dropped], DroppedRows.name)
            outputs.append((DroppedRows.name, done.dropped))
        }
        return ShardProduct(outputs: outputs)
    }

    /// One patient range of all shuffle files → `events.h5`.
    func gatherEvents() throws -> ShardProduct {
        let shard = try EventGatherer.gather(
            range: payload.index, plan: try plan(), shuffleFiles: paths("shuffle"))
        try EventPart.write(shard, to: folder.temporaryPath(for: "events.h5"))
        return ShardProduct(outputs: [("events.h5", shard.eventCount)])
    }

    private func plan() throws -> InspectionPlan {
        try payload.input("plan").decode(InspectionPlan.self, in: folder.runDirectory)
    }

    /// Writes a value as JSON to the output called `name`.
    func write(_ value: some Encodable, _ name: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let path = folder.temporaryPath(for: name)
        guard FileManager.default.createFile(atPath: path, contents: try encoder.encode(value)) else {
            throw FileError("write", path: path, errorNumber: errno, writing: true)
        }
    }
}
