import ClinicalData
import DelimitedText
package import Foundation
package import Groundwork

/// Reads one piece of a table's file, joins, decodes the needed columns and writes the rows to one shuffle file, grouped
/// by patient range.
package struct ScanTask {
    private let table: DatasetDefinition.Table
    private let task: InspectionPlan.MapTask
    private let plan: InspectionPlan
    private let sources: ColumnSources
    private let memoryBudget: Int

    /// The task `plan.mapTasks[index]` of the data set `definition` in `root`; rows are written out whenever they and their
    /// texts take more than `memoryBudget` bytes.
    package init(
        definition: DatasetDefinition, root: String, plan: InspectionPlan, index: Int,
        memoryBudget: Int = 16 << 20
    ) throws {
        task = plan.mapTasks[index]
        let name = plan.tables[task.table].name
        guard let table = definition.tables.first(where: { $0.name == name }) else {
            throw ConfigurationError("unknown-table", "The data set has no table \"\(name)\".")
        }
        self.table = table
        self.plan = plan
        self.memoryBudget = memoryBudget
        sources = try ColumnSources(table: table, needs: plan.tables[task.table].attributes, root: root)
    }

    /// Runs the task, writing to `path`; returns the number of rows. `progress` is told bytes as they are read.
    ///
    /// Throws ``DatasetError``, `DelimitedTextError`, `FileError`.
    package func run(to path: String, joins cache: JoinCache, progress: (Int) -> Void = { _ in }) throws
        -> Int
    {
        let reader = try TableFiles.open(task, columns: sources.ownColumns)
        let writer = try ShuffleFileWriter(
            path: path, rangeCount: plan.rangeCount, attributes: sources.attributes.count)
        let state = try ScanState(plan: plan, sources: sources, table: table, cache: cache, file: task.path)
        var reported = 0
        var rows = 0
        do {
            while let block = try reader.next() {
                rows += try state.add(block, reader)
                if state.memory > memoryBudget { try state.flush(to: writer) }
                progress(reader.bytesRead - reported)
                reported = reader.bytesRead
            }
            try state.flush(to: writer)
            try writer.finish()
        } catch {
            writer.abandon()
            throw reader.rootCause(of: error)
        }
        return rows
    }
}
