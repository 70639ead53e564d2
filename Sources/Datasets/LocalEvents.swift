package import ClinicalData
import Foundation
import Groundwork

/// The events of a data set, read by this process alone: scanned into a temporary folder, then gathered range by range, as the
/// stages of a job do.
package final class LocalEvents {
    /// What was read and how it was cut.
    package let plan: InspectionPlan
    /// Rows by table that an inner join dropped.
    package let dropped: [String: Int]
    private let folder: String
    private let files: [String]

    /// Scans the tables of `plan` in `root`; `progress` is told bytes as they are read. Shuffle files go to a new folder below
    /// `scratch` that lives as long as this object; seek indexes are in `runDirectory`.
    ///
    /// Throws ``DatasetError``, `DelimitedTextError`, `FileError`.
    package init(
        _ definition: DatasetDefinition, root: String, plan: InspectionPlan, memoryBudget: Int = 16 << 20,
        scratch: String = NSTemporaryDirectory(), runDirectory: String? = nil,
        progress: (Int) -> Void = { _ in }
    ) throws {
        self.plan = plan
        folder = "\(scratch)/pyhealth-events-\(UUID().uuidString)"
        try Files.createFolder(folder)
        let folder = folder
        files = plan.mapTasks.indices.map { "\(folder)/\($0).shuffle" }
        let joins = JoinCache()
        var dropped: [String: Int] = [:]
        do {
            for index in plan.mapTasks.indices {
                let task = try ScanTask(
                    definition: definition, root: root, plan: plan, index: index, memoryBudget: memoryBudget,
                    runDirectory: runDirectory)
                let done = try task.run(to: files[index], joins: joins, progress: progress)
                dropped[plan.tables[plan.mapTasks[index].table].name, default: 0] += done.dropped
            }
        } catch {
            try? FileManager.default.removeItem(atPath: folder)
            throw error
        }
        self.dropped = dropped
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// The events of one patient range; throws ``DatasetError`` and `FileError`.
    package func shard(_ range: Int) throws -> EventShard {
        try EventGatherer.gather(range: range, plan: plan, shuffleFiles: files)
    }
}
