/// The events of a contiguous range of patients in canonical order, table by table and column by column.
///
/// Canonical order: patients by ascending bytes of their id; within a patient by time, missing times first; ties by
/// position of the table, then by row of the file. Within one table the rows of a patient are therefore contiguous.
public final class EventShard {
    /// The distinct texts of all columns.
    public let symbols: SymbolTable
    /// The tables in the data set's order.
    public let tables: [EventTable]
    /// The patients in canonical order.
    public let patientIDs: [Symbol]
    /// Per table, the first row of every patient, and the row count at the end: `tables.count × (patients + 1)`.
    package let rowStarts: [[Int]]

    /// A shard of the given tables; `rowStarts[t]` has `patientIDs.count + 1` ascending entries.
    package init(symbols: SymbolTable, tables: [EventTable], patientIDs: [Symbol], rowStarts: [[Int]]) {
        precondition(rowStarts.count == tables.count, "EventShard: one list of row starts per table")
        self.symbols = symbols
        self.tables = tables
        self.patientIDs = patientIDs
        self.rowStarts = rowStarts
    }

    /// The number of patients.
    public var patientCount: Int { patientIDs.count }

    /// The patient at `position` (0-based, canonical order).
    public func patient(at position: Int) -> Patient { Patient(shard: self, position: position) }

    /// Whether the patient at `position` has an event in one of the tables called `names`.
    package func hasEvents(_ position: Int, in names: Set<String>) -> Bool {
        zip(tables, rowStarts).contains { names.contains($0.name) && $1[position] < $1[position + 1] }
    }

    /// The number of events of all tables.
    public var eventCount: Int { tables.reduce(0) { $0 + $1.count } }
}

/// The events of one table: a time and one symbol per attribute and row.
public struct EventTable: Sendable {
    /// The event type, the lower-case table name of the data set's definition.
    public let name: String
    /// The attributes, lower case, in the definition's order.
    public let attributes: [String]
    /// Milliseconds since 1970 per row, ``Timestamp/missing`` where there is none.
    package var times: [Int64]
    /// Per attribute, a symbol index per row; ``missingSymbol`` for null.
    package var columns: [[UInt32]]

    /// The symbol index that stands for null; inlined into the loops of other modules.
    @inlinable public static var missingSymbol: UInt32 { .max }

    package init(name: String, attributes: [String], times: [Int64], columns: [[UInt32]]) {
        self.name = name
        self.attributes = attributes
        self.times = times
        self.columns = columns
    }

    /// The number of rows.
    public var count: Int { times.count }
}
