package import ClinicalData
import Foundation
import Groundwork

/// The events of a data set, read by this process alone: scanned into files without names, then gathered range by range, as the
/// stages of a job do.
package final class LocalEvents {
    /// What was read and how it was cut.
    package let plan: InspectionPlan
    /// Rows by table that an inner join dropped.
    package let dropped: [String: Int]
    private let files: [UnnamedFile]

    /// Scans the tables of `plan` in `root`; `progress` is told bytes as they are read. Shuffle files, together as large as the
    /// columns that are read, take their space in the folder `scratch`; seek indexes are in `runDirectory`.
    ///
    /// Throws ``DatasetError``, `DelimitedTextError`, `FileError`.
    package init(
        _ definition: DatasetDefinition, root: String, plan: InspectionPlan, memoryBudget: Int = 16 << 20,
        scratch: String = NSTemporaryDirectory(), runDirectory: String? = nil,
        progress: (Int) -> Void = { _ in }
    ) throws {
        self.plan = plan
        let joins = JoinCache()
        var dropped: [String: Int] = [:]
        var files: [UnnamedFile] = []
        for index in plan.mapTasks.indices {
            let task = try ScanTask(
                definition: definition, root: root, plan: plan, index: index, memoryBudget: memoryBudget,
                runDirectory: runDirectory)
            let file = try UnnamedFile(in: scratch)
            do {
                let done = try task.run(to: file.path, joins: joins, progress: progress)
                dropped[plan.tables[plan.mapTasks[index].table].name, default: 0] += done.dropped
            } catch let error as FileError where error.exitStatus == .cannotCreate {
                throw FileError("write", path: "\(scratch)/…", errorNumber: error.errorNumber, writing: true)
            }
            files.append(file)
        }
        (self.dropped, self.files) = (dropped, files)
    }

    /// The events of one patient range; throws ``DatasetError`` and `FileError`.
    package func shard(_ range: Int) throws -> EventShard {
        try EventGatherer.gather(range: range, plan: plan, shuffleFiles: files.map(\.path))
    }
}
