import ClinicalData
import Datasets
import Foundation
import Groundwork

/// Counts over a data set: patients, visits, events per table and year, and how often columns are empty.
package struct CorpusStatistics: Codable, Sendable {
    /// One table.
    package struct Table: Codable, Sendable {
        /// Its name.
        package var name: String
        /// Its events.
        package var events = 0
        /// Patients with at least one event.
        package var patients = 0
        /// Events without a time.
        package var withoutTime = 0
        /// Events of patients who have no row in the table of patients.
        package var ofUnknownPatients = 0
        /// Rows that are no events, since a joined table has no row with their key.
        package var withoutPartner = 0
        /// Events by calendar year.
        package var years: [Int: Int] = [:]
        /// Empty cells by attribute.
        package var missing: [String: Int] = [:]
        /// The attributes in the definition's order.
        package var attributes: [String]
        /// Attributes of the definition whose columns the files lack.
        package var absent: [String]
    }

    /// Patients with at least one event.
    package var patients = 0
    /// The tables that are there, in canonical order.
    package var tables: [Table] = []
    /// The tables of the definition that are not there, or without a file that they are joined with.
    package var absentTables: [String] = []
    /// Tables of the definition that are there and cannot be read, with the column that they or a joined table lack.
    package var incompleteTables: [String: String] = [:]
    /// The table whose rows are visits, nil if the data set has none that is known as such.
    package var visitTable: String?
    /// The table whose rows are patients, nil if the data set has none that is known as such.
    package var patientTable: String?

    private static let visitTables = ["admissions", "visit_occurrence", "encounters", "patient"]

    /// Counts all events of a data set (a built-in one's name, or the path of a YAML file) in the folder `root`;
    /// `requested` names tables besides the default ones (none: all of the definition that are there). `progress` is told
    /// bytes as they are read; the columns that are read take their space once more in the folder `scratch`.
    ///
    /// Throws ``DatasetError``, `DelimitedTextError`, `FileError`, `ConfigurationError`.
    package init(
        dataset: String, root: String, requested: [String], scratch: String = NSTemporaryDirectory(),
        progress: (Int) -> Void = { _ in }
    ) throws {
        let isFile = dataset.hasSuffix(".yaml") || dataset.hasSuffix(".yml")
        let definition =
            try isFile ? DatasetDefinition.load(path: dataset) : DatasetDefinition.builtIn(dataset)
        let names = requested.isEmpty ? definition.tables.map(\.name) : requested
        let order = try definition.tableOrder(requested: names)
        // Tables that were not asked for by name may be missing.
        let strict = Set(requested.map { $0.lowercased() })
        let offered = Dictionary(
            uniqueKeysWithValues: order.filter { !strict.contains($0.name) }.map { ($0.name, $0.attributes) })
        let inspector = Inspector(definition: definition, root: root)
        let plan = try inspector.plan(
            tables: order, needs: [:], offered: offered, shardSize: 1000, pieceBytes: 64 << 20)
        let unread = order.filter { table in !plan.tables.contains { $0.name == table.name } }
        for table in unread {
            guard let (owner, column) = try inspector.missingColumn(of: table) else { continue }
            incompleteTables[table.name] = owner == table.name ? column : "\(column) of \(owner)"
        }
        guard !plan.tables.isEmpty else {
            // With its file there, the table's own error says more.
            if let first = unread.first(where: { incompleteTables[$0.name] != nil }) {
                try inspector.check([first], needs: [first.name: []])
            }
            throw ConfigurationError(
                "no-table",
                "The folder has none of the data set's tables. Expected for example "
                    + "\(order.first?.filePath ?? "").")
        }
        visitTable = Self.visitTables.first { name in plan.tables.contains { $0.name == name } }
        let patientIndex = plan.tables.firstIndex { DatasetDefinition.patientTables.contains($0.name) }
        patientTable = patientIndex.map { plan.tables[$0].name }
        absentTables = unread.map(\.name).filter { incompleteTables[$0] == nil }
        tables = plan.tables.map { planned in
            let all = order.first { $0.name == planned.name }?.attributes ?? []
            return Table(
                name: planned.name, attributes: planned.attributes,
                absent: all.filter { !planned.attributes.contains($0) })
        }
        let events = try LocalEvents(definition, root: root, plan: plan, scratch: scratch, progress: progress)
        for index in tables.indices { tables[index].withoutPartner = events.dropped[tables[index].name] ?? 0 }
        let own = order.filter { table in plan.tables.contains { $0.name == table.name } }.namesOfPatients
        for range in 0..<plan.rangeCount {
            let shard = try events.shard(range)
            patients += (0..<shard.patientCount).count { shard.hasEvents($0, in: own) }
            for (index, table) in shard.tables.enumerated() {
                tables[index].add(
                    table, starts: shard.rowStarts[index], known: patientIndex.map { shard.rowStarts[$0] })
            }
        }
    }
}

extension CorpusStatistics.Table {
    /// Adds a shard's rows; `starts` are the first ones of its patients, `known` those in the table of patients.
    fileprivate mutating func add(_ table: EventTable, starts: [Int], known: [Int]?) {
        events += table.count
        if let known {
            for patient in 0..<(starts.count - 1) where known[patient] == known[patient + 1] {
                ofUnknownPatients += starts[patient + 1] - starts[patient]
            }
        }
        patients += zip(starts, starts.dropFirst()).count { $0 < $1 }
        for time in table.times {
            if time == Timestamp.missing {
                withoutTime += 1
            } else {
                years[Timestamp(milliseconds: time).components.year, default: 0] += 1
            }
        }
        for (attribute, column) in zip(table.attributes, table.columns) {
            missing[attribute, default: 0] += column.count { $0 == EventTable.missingSymbol }
        }
    }
}
