import ClinicalData
import Foundation
import Groundwork

/// A short measurement of one table: its first megabytes are scanned as a job would scan them.
package struct ScanProbe {
    /// Bytes of the file that were read.
    package private(set) var fileBytes = 0
    /// Bytes of text after decompression.
    package private(set) var textBytes = 0
    /// Rows that were read.
    package private(set) var rows = 0
    /// Seconds it took.
    package private(set) var seconds = 0.0
    /// Bytes of the events in memory and in the shuffle, without repeated texts.
    package private(set) var eventBytes = 0

    /// Scans about `limit` bytes of text of a table; throws ``DatasetError``, `DelimitedTextError`, `FileError`.
    package init(
        definition: DatasetDefinition, root: String, plan: InspectionPlan, table: Int, joins: JoinCache,
        limit: Int = 8 << 20
    ) throws {
        guard let task = plan.mapTasks.first(where: { $0.table == table }),
            let source = definition.tables.first(where: { $0.name == plan.tables[table].name })
        else { return }
        let sources = try ColumnSources(table: source, needs: plan.tables[table].attributes, root: root)
        // Loading the joined files is not part of the rate.
        for join in sources.joins { _ = try joins.table(for: join) }
        let reader = try sources.file.open(task, columns: sources.ownColumns)
        let state = try ScanState(plan: plan, sources: sources, table: source, cache: joins, file: task.path)
        let start = DispatchTime.now().uptimeNanoseconds
        var events = 0
        var isWhole = true
        while let block = try reader.next() {
            events += try state.add(block, reader)
            rows += block.count
            textBytes += block.byteCount
            if textBytes >= limit {
                isWhole = false
                break
            }
        }
        seconds = Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
        eventBytes = events * (16 + 4 * sources.attributes.count) + state.textBytes
        // What was read ahead of the blocks does not count where the file is longer.
        fileBytes = isWhole ? task.bytes : reader.bytesRead
    }
}
