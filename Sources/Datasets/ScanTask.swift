import ClinicalData
import DelimitedText
import Foundation
import Groundwork

/// Reads one piece of a table's file, joins, decodes the needed columns and writes the rows to one shuffle file, grouped
/// by patient range.
package struct ScanTask {
    private let table: DatasetDefinition.Table
    private let task: InspectionPlan.MapTask
    private let plan: InspectionPlan
    private let sources: ColumnSources
    private let memoryBudget: Int
    private let runDirectory: String?

    /// The task `plan.mapTasks[index]` of the data set `definition` in `root`; rows are written out whenever they and their
    /// texts take more than `memoryBudget` bytes. Seek indexes are in `runDirectory`.
    package init(
        definition: DatasetDefinition, root: String, plan: InspectionPlan, index: Int,
        memoryBudget: Int = 16 << 20, runDirectory: String? = nil
    ) throws {
        task = plan.mapTasks[index]
        let name = plan.tables[task.table].name
        guard let table = definition.tables.first(where: { $0.name == name }) else {
            throw ConfigurationError("unknown-table", "The data set has no table \"\(name)\".")
        }
        self.table = table
        self.plan = plan
        self.memoryBudget = memoryBudget
        self.runDirectory = runDirectory
        sources = try ColumnSources(table: table, needs: plan.tables[task.table].attributes, root: root)
    }

    /// The table's name.
    package var tableName: String { table.name }

    /// The first of the files that the task reads, those that it joins among them, that has not the mark that the plan says; nil if
    /// all have. Throws `FileError`.
    package func changedFile() throws -> String? {
        let own = plan.files[task.path] == nil ? try TableFiles.all(task.path) : [task.path]
        let joined = sources.joins.map(\.path) + (sources.offset.map { [$0.path] } ?? [])
        return try (own + joined.flatMap(TableFiles.all)).first { file in
            try plan.files[file].map { try SourceState.mark(of: file) != $0 } ?? false
        }
    }

    /// The name of the seek index that a run of this task leaves where the file is large enough: the task reads a whole gzip
    /// file. Throws `FileError`.
    package func seekName() throws -> String? {
        guard task.range == nil, ByteSources.isGzip(task.path), TableFiles.form(task.path) == .delimited,
            sources.file.raw == nil
        else {
            return nil
        }
        return try SeekIndex.name(for: task.path)
    }

    /// Runs the task, writing to `path`, and a seek index to `seekPath`; returns the number of rows, of rows that a join
    /// dropped, and of access points (a file that is too short for one has no index). `progress` is told bytes as they are
    /// read.
    ///
    /// Throws ``DatasetError``, `DelimitedTextError`, `FileError`.
    package func run(
        to path: String, seekPath: String? = nil, pointDistance: Int = SeekIndex.distance,
        joins cache: JoinCache,
        progress: (Int) -> Void = { _ in }
    ) throws -> (rows: Int, dropped: Int, points: Int) {
        let reader = try sources.file.open(
            task, columns: sources.ownColumns, runDirectory: runDirectory,
            pointDistance: seekPath.map { _ in pointDistance })
        let writer = try ShuffleFileWriter(
            path: path, rangeCount: plan.rangeCount, attributes: sources.attributes.count)
        var seek: SeekFileWriter?
        var reported = 0
        var rows = 0
        var dropped = 0
        do {
            seek = try seekPath.map(SeekFileWriter.init)
            let state = try ScanState(
                plan: plan, sources: sources, table: table, cache: cache, file: task.path)
            while let block = try reader.next() {
                rows += try state.add(block, reader)
                if state.memory > memoryBudget { try state.flush(to: writer) }
                if let seek, let point = (reader as? RowReader)?.takePoint() { try seek.add(point) }
                progress(reader.bytesRead - reported)
                reported = reader.bytesRead
            }
            try state.flush(to: writer)
            dropped = state.dropped
            try writer.finish()
            try seek?.finish(textBytes: (reader as? RowReader)?.textBytes ?? 0)
        } catch {
            writer.abandon()
            seek?.abandon()
            throw reader.rootCause(of: error)
        }
        if let seek, seek.count == 0 { seek.abandon() }
        return (rows, dropped, seek?.count ?? 0)
    }
}
