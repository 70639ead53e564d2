package import ClinicalData
package import Datasets
import Foundation

/// The events of a data set, read in one process as the stages inspect, scan and events do.
package struct LoadedEvents {
    /// One shard per patient range, in canonical order.
    package let shards: [EventShard]

    /// Reads tables of the folder `root`; the sizes cut the work and must not change the events.
    package init(
        _ definition: DatasetDefinition, tables: [String] = [], needs: [String: [String]] = [:], root: String,
        shardSize: Int = 1000, pieceBytes: Int = 64 << 20, memoryBudget: Int = 16 << 20
    ) throws {
        let plan = try Inspector(definition: definition, root: root).plan(
            tables: definition.tableOrder(requested: tables), needs: needs, shardSize: shardSize,
            pieceBytes: pieceBytes)
        let events = try LocalEvents(definition, root: root, plan: plan, memoryBudget: memoryBudget)
        shards = try (0..<plan.rangeCount).map(events.shard)
    }

    /// Shards that were read already.
    package init(_ shards: [EventShard]) { self.shards = shards }

    /// An event as texts.
    package struct ReadableEvent: Equatable, Sendable {
        package let patient: String
        package let type: String
        package let milliseconds: Int64?
        package let attributes: [String: String]
    }

    /// All events in canonical order: by patient, by time (missing ones first), by table, by row.
    package var events: [ReadableEvent] {
        shards.flatMap { shard in (0..<shard.patientCount).flatMap { Self.events(of: shard, at: $0) } }
    }

    private static func events(of shard: EventShard, at position: Int) -> [ReadableEvent] {
        let patient = shard.symbols[shard.patientIDs[position]]
        let rows = shard.tables.indices.flatMap { table in
            (shard.rowStarts[table][position]..<shard.rowStarts[table][position + 1]).map { (table, $0) }
        }
        return rows.sorted { a, b in
            let times = (shard.tables[a.0].times[a.1], shard.tables[b.0].times[b.1])
            return (times.0, a.0, a.1) < (times.1, b.0, b.1)
        }.map { number, row in
            let table = shard.tables[number]
            let cells = zip(table.attributes, table.columns).compactMap { name, column in
                column[row] == EventTable.missingSymbol
                    ? nil : (name, shard.symbols[Symbol(index: column[row])])
            }
            return ReadableEvent(
                patient: patient, type: table.name,
                milliseconds: table.times[row] == Timestamp.missing ? nil : table.times[row],
                attributes: Dictionary(uniqueKeysWithValues: cells))
        }
    }
}
