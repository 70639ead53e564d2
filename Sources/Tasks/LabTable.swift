import ClinicalData

/// A patient's laboratory values of the 27 items.
struct LabTable {
    /// All rows, of all items.
    let events: Events
    private let items: EventColumn
    private let values: EventColumn
    private let symbols: SymbolTable
    private let numbers: ItemNumbers

    init(_ patient: Patient) {
        events = patient.events("labevents")
        items = events.column("itemid")
        values = events.column("valuenum")
        symbols = patient.symbols
        numbers = ItemNumbers(LabItems.groups.joined().map { patient.symbols.find($0) })
    }

    /// The number of a row's item in the order of ``LabItems/groups``; nil for other items.
    func item(_ row: Int) -> Int? { numbers[items[row]] }

    /// The value of a row, nil for null; throws ``TaskError/unparsableNumber(table:column:)``.
    func value(_ row: Int) throws -> Double? {
        guard let symbol = values[row] else { return nil }
        guard let value = finiteNumber(symbols[symbol]) else {
            throw TaskError.unparsableNumber(table: "labevents", column: "valuenum")
        }
        return value
    }

    /// The rows of the 27 items taken between two moments, both inclusive, whose result was stored by `end`, grouped by time in
    /// ascending order. Throws ``TaskError/unparsableTime(table:column:)`` for a time of storage that is none.
    func known(from start: Timestamp, through end: Timestamp, of patient: Patient) throws
        -> [(time: Timestamp, rows: [Int])]
    {
        var groups: [(time: Timestamp, rows: [Int])] = []
        let span = patient.events("labevents", from: start, through: end)
        let stored = events.column("storetime")
        for row in span.indices where item(row) != nil {
            guard let symbol = stored[row], let time = span[row].timestamp else { continue }
            guard let written = symbols.withBytes(of: symbol, { Timestamp(iso: $0) }) else {
                throw TaskError.unparsableTime(table: "labevents", column: "storetime")
            }
            guard written <= end else { continue }
            if groups.last?.time == time {
                groups[groups.count - 1].rows.append(row)
            } else {
                groups.append((time, [row]))
            }
        }
        return groups
    }

    /// Per group the value of the first row of the first item, in order of priority, that has a row; nil without any row
    /// and for a null. `rows` are those of one time. Throws ``TaskError/unparsableNumber(table:column:)``.
    func firstValues(_ rows: [Int]) throws -> [Double?] {
        try rowsOfFirstItems(rows).map { try $0.flatMap { try value($0) } }
    }

    private func rowsOfFirstItems(_ rows: [Int]) -> [Int?] {
        var found = [(item: Int, row: Int)?](repeating: nil, count: LabItems.groups.count)
        for row in rows {
            guard let item = item(row) else { continue }
            let group = LabItems.groupOfItem[item]
            if item < found[group]?.item ?? .max { found[group] = (item, row) }
        }
        return found.map { $0?.row }
    }

    /// Per group the mean of all values of its items, nulls left out, added up in canonical order; NaN without any. Throws
    /// ``TaskError/unparsableNumber(table:column:)``.
    func means(_ rows: [Int]) throws -> [Double?] {
        var sums = [(total: Double, count: Double)](repeating: (0, 0), count: LabItems.groups.count)
        for row in rows {
            guard let item = item(row), let value = try value(row) else { continue }
            let group = LabItems.groupOfItem[item]
            sums[group] = (sums[group].total + value, sums[group].count + 1)
        }
        return sums.map { $0.count == 0 ? .nan : $0.total / $0.count }
    }

    /// Per item the value of its first row, NaN without a row and for a null. Throws
    /// ``TaskError/unparsableNumber(table:column:)``.
    func firstValuesByItem(_ rows: [Int]) throws -> [Double?] {
        var found = [Double?](repeating: nil, count: LabItems.groupOfItem.count)
        for row in rows {
            guard let item = item(row), found[item] == nil else { continue }
            found[item] = try value(row) ?? .nan
        }
        return found.map { $0 ?? .nan }
    }
}

/// The numbers of a few items by symbol: an open-addressing table of 64 places, which every row of every patient asks.
private struct ItemNumbers {
    private var keys = [UInt32](repeating: EventTable.missingSymbol, count: 64)
    private var numbers = [Int8](repeating: 0, count: 64)

    /// Numbers the symbols from 0 in their order; nil ones do not occur. There must be fewer than 64.
    init(_ symbols: [Symbol?]) {
        for (number, symbol) in symbols.enumerated() {
            guard let symbol else { continue }
            var place = Int(symbol.index & 63)
            while keys[place] != EventTable.missingSymbol { place = (place + 1) & 63 }
            keys[place] = symbol.index
            numbers[place] = Int8(number)
        }
    }

    /// The number of a symbol, nil for others and for null.
    subscript(symbol: Symbol?) -> Int? {
        guard let index = symbol?.index else { return nil }
        var place = Int(index & 63)
        while keys[place] != EventTable.missingSymbol {
            if keys[place] == index { return Int(numbers[place]) }
            place = (place + 1) & 63
        }
        return nil
    }
}
