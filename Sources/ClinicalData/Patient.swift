/// One patient: an id and all events, in canonical order.
public struct Patient {
    /// The shard that holds the events.
    public let shard: EventShard
    /// The patient's position in the shard.
    public let position: Int

    /// The patient's id.
    public var id: Symbol { shard.patientIDs[position] }
    /// The shard's texts.
    public var symbols: SymbolTable { shard.symbols }

    /// The events of one type, ordered by time (missing first), ties in file order; empty if there are none.
    public func events(_ type: String) -> Events {
        guard let index = shard.tables.firstIndex(where: { $0.name == type }) else {
            return Events(shard: shard, table: -1, rows: 0..<0)
        }
        let starts = shard.rowStarts[index]
        return Events(shard: shard, table: index, rows: starts[position]..<starts[position + 1])
    }

    /// The events of one type with `start <= time <= end`, both ends inclusive; events without a time are left out
    /// as soon as a bound is given.
    public func events(_ type: String, from start: Timestamp? = nil, through end: Timestamp? = nil) -> Events
    {
        let all = events(type)
        guard start != nil || end != nil, all.count > 0 else { return all }
        let low = start?.milliseconds ?? (Timestamp.missing + 1)
        let high = end?.milliseconds ?? .max
        let first = all.firstRow { $0 >= low }
        let last = all.firstRow { $0 > high }
        return Events(shard: shard, table: all.table, rows: first..<max(first, last))
    }
}

/// Consecutive events of one type and patient.
public struct Events: RandomAccessCollection {
    let shard: EventShard
    let table: Int
    let rows: Range<Int>

    public var startIndex: Int { rows.lowerBound }
    public var endIndex: Int { rows.upperBound }
    public subscript(row: Int) -> Event { Event(shard: shard, table: table, row: row) }

    /// The first row whose time, in raw milliseconds, fulfils a condition that all later ones fulfil too.
    fileprivate func firstRow(where condition: (Int64) -> Bool) -> Int {
        var (low, high) = (rows.lowerBound, rows.upperBound)
        while low < high {
            let middle = low + (high - low) / 2
            if condition(shard.tables[table].times[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// One attribute of these events, for loops: the column is looked up once.
    ///
    /// The data set was checked against the task's requirements before; an unknown attribute is a programmer's fault.
    public func column(_ attribute: String) -> EventColumn {
        guard table >= 0 else { return EventColumn(values: [], rows: 0..<0) }
        let source = shard.tables[table]
        guard let index = source.attributes.firstIndex(of: attribute) else {
            preconditionFailure("Events.column: table \(source.name) has no attribute \(attribute)")
        }
        return EventColumn(values: source.columns[index], rows: rows)
    }
}

/// One attribute of consecutive events.
public struct EventColumn: RandomAccessCollection {
    @usableFromInline let values: [UInt32]
    @usableFromInline let rows: Range<Int>

    @inlinable public var startIndex: Int { rows.lowerBound }
    @inlinable public var endIndex: Int { rows.upperBound }
    /// The attribute's symbol, nil for null.
    @inlinable public subscript(row: Int) -> Symbol? {
        let value = values[row]
        return value == EventTable.missingSymbol ? nil : Symbol(index: value)
    }

    /// The symbol indices of these events, ``EventTable/missingSymbol`` for null, for inner loops.
    package var indicesOfSymbols: ArraySlice<UInt32> { values[rows] }
}

/// One row of a table.
public struct Event {
    let shard: EventShard
    let table: Int
    let row: Int

    /// The table's name.
    public var type: String { shard.tables[table].name }

    /// The event's time, nil if it has none.
    public var timestamp: Timestamp? {
        let value = shard.tables[table].times[row]
        return value == Timestamp.missing ? nil : Timestamp(milliseconds: value)
    }

    /// An attribute as an interned symbol, nil for null.
    public func symbol(_ attribute: String) -> Symbol? {
        guard let index = shard.tables[table].attributes.firstIndex(of: attribute) else {
            preconditionFailure("Event: table \(type) has no attribute \(attribute)")
        }
        let value = shard.tables[table].columns[index][row]
        return value == EventTable.missingSymbol ? nil : Symbol(index: value)
    }

    /// Calls `body` with the UTF-8 bytes of an attribute; nil for null.
    package func withBytes<R>(of attribute: String, _ body: (UnsafeBufferPointer<UInt8>) throws -> R) rethrows
        -> R?
    {
        try symbol(attribute).map { try shard.symbols.withBytes(of: $0, body) }
    }

    /// An attribute as text, nil for null.
    public subscript(attribute: String) -> String? { symbol(attribute).map { shard.symbols[$0] } }
}
