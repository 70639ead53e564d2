import ClinicalData
import Datasets
import Foundation
import Groundwork
import Tasks

/// Counts rows that belong to nothing, for the attrition table.
enum DroppedRows {
    /// The output of a scan shard that dropped rows: their number by table.
    static let name = "dropped.json"

    /// Adds what the scan shards' files tell of the tables that `task` reads.
    static func add(_ files: [[String: Int]], to attrition: inout Attrition, task: any ClinicalTask) throws {
        let tables = task.neededAttributes
        for counts in files {
            for (table, rows) in counts.sorted(by: { $0.key < $1.key }) where tables[table] != nil {
                attrition.count(strayRows: rows, of: table, .noPartner)
            }
        }
    }

    /// Adds rows of the tables that `task` reads whose patient has no row in the table of patients, where the shard holds one.
    static func add(_ shard: EventShard, to attrition: inout Attrition, task: any ClinicalTask) {
        guard
            let known = shard.tables.firstIndex(where: { DatasetDefinition.patientTables.contains($0.name) })
        else { return }
        let (patients, tables) = (shard.rowStarts[known], task.neededAttributes)
        for (table, starts) in zip(shard.tables, shard.rowStarts) where tables[table.name] != nil {
            let strangers = (0..<shard.patientCount).filter { patients[$0] == patients[$0 + 1] }
            attrition.count(
                strayRows: strangers.reduce(0) { $0 + starts[$1 + 1] - starts[$1] }, of: table.name,
                .unknownPatient)
        }
    }
}
