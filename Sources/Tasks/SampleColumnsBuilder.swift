package import ClinicalData

/// Collects samples column by column; every column of texts gets its own dictionary in order of first appearance.
package struct SampleColumnsBuilder {
    private let symbols: SymbolTable
    private var patientIDs: [String] = []
    private var visitIDs: [String] = []
    private var columns: [ColumnBuilder]

    /// A builder for fields in schema order whose symbols are those of `symbols`.
    package init(fields: [String], symbols: SymbolTable) {
        self.symbols = symbols
        columns = fields.map { ColumnBuilder(name: $0) }
    }

    /// Adds a sample with its values in schema order.
    ///
    /// Throws ``TaskError`` for a wrong number of values, for a field with two kinds of values, and for a missing list. The
    /// builder must not be used after that.
    package mutating func append(_ sample: Sample) throws {
        guard sample.values.count == columns.count else {
            throw TaskError.wrongFieldCount(expected: columns.count, got: sample.values.count)
        }
        patientIDs.append(symbols[sample.patientID])
        visitIDs.append(sample.visitID.map { symbols[$0] } ?? "")
        for (i, value) in sample.values.enumerated() { try columns[i].append(value) }
    }

    /// The columns.
    package func finish() -> SampleColumns {
        SampleColumns(
            patientIDs: patientIDs, visitIDs: visitIDs, fields: columns.map { $0.finish(symbols: symbols) })
    }
}

/// One field's values. Its form (kind, nesting and whether it has times) is that of the first value that is not null.
private struct ColumnBuilder {
    private struct Form: Equatable {
        enum Kind { case symbols, numbers, integers }
        let kind: Kind
        let levels: Int
        var isTimed = false
    }

    let name: String
    private var form: Form?
    private var leadingNulls = 0
    private var offsets: [[Int]] = []
    private var indices: [UInt32] = []
    private var numbers: [Double] = []
    private var integers: [Int64] = []
    private var times = FieldColumn.Times(offsets: [0], values: [])

    init(name: String) { self.name = name }

    mutating func append(_ value: FieldValue) throws {
        guard let wanted = Self.form(of: value) else { return try appendNull() }
        if form == nil {
            form = wanted
            offsets = Array(repeating: [0], count: wanted.levels)
            for _ in 0..<leadingNulls { try appendNull() }
        }
        guard form == wanted else { throw TaskError.mixedKinds(field: name) }
        add(value)
    }

    private mutating func add(_ value: FieldValue) {
        switch value {
        case .codes(let codes): add(codes, level: 0)
        case .nestedCodes(let visits): add(visits, level: 0)
        case .deepNestedCodes(let groups):
            for visits in groups { add(visits, level: 1) }
            offsets[0].append(offsets[1].count - 1)
        case .number(let number): numbers.append(number)
        case .numbers(let list): add(list, level: 0)
        case .nestedNumbers(let rows): add(rows, level: 0)
        case .deepNestedNumbers(let groups):
            for rows in groups { add(rows, level: 1) }
            offsets[0].append(offsets[1].count - 1)
        case .integer(let integer): integers.append(Int64(integer))
        case .text(let symbol): indices.append(symbol.index)
        case .timed(let own, let entries):
            add(entries)
            times.values += own
            times.offsets.append(times.values.count)
        case .null: break
        }
    }

    private static func form(of value: FieldValue) -> Form? {
        switch value {
        case .codes: Form(kind: .symbols, levels: 1)
        case .nestedCodes: Form(kind: .symbols, levels: 2)
        case .deepNestedCodes: Form(kind: .symbols, levels: 3)
        case .number: Form(kind: .numbers, levels: 0)
        case .numbers: Form(kind: .numbers, levels: 1)
        case .nestedNumbers: Form(kind: .numbers, levels: 2)
        case .deepNestedNumbers: Form(kind: .numbers, levels: 3)
        case .integer: Form(kind: .integers, levels: 0)
        case .text: Form(kind: .symbols, levels: 0)
        case .timed(_, let entries):
            form(of: entries).map { Form(kind: $0.kind, levels: $0.levels, isTimed: true) }
        case .null: nil
        }
    }

    private mutating func appendNull() throws {
        guard let form else {
            leadingNulls += 1
            return
        }
        switch (form.levels, form.kind) {
        case (0, .symbols): indices.append(EventTable.missingSymbol)
        case (0, .numbers): numbers.append(FieldColumn.missingNumber)
        case (0, .integers): integers.append(FieldColumn.missingInteger)
        case (1, _): throw TaskError.missingList(field: name)
        default: offsets[0].append(offsets[1].count - 1)
        }
        if form.isTimed { times.offsets.append(times.values.count) }
    }

    private mutating func add(_ visits: [[Symbol?]], level: Int) {
        for codes in visits { add(codes, level: level + 1) }
        offsets[level].append(offsets[level + 1].count - 1)
    }

    private mutating func add(_ rows: [[Double?]], level: Int) {
        for list in rows { add(list, level: level + 1) }
        offsets[level].append(offsets[level + 1].count - 1)
    }

    private mutating func add(_ codes: [Symbol?], level: Int) {
        indices += codes.lazy.map { $0?.index ?? EventTable.missingSymbol }
        offsets[level].append(indices.count)
    }

    private mutating func add(_ list: [Double?], level: Int) {
        numbers += list.lazy.map { $0 ?? FieldColumn.missingNumber }
        offsets[level].append(numbers.count)
    }

    func finish(symbols: SymbolTable) -> FieldColumn {
        guard let form else {
            let nulls = Array(repeating: EventTable.missingSymbol, count: leadingNulls)
            return FieldColumn(name: name, offsets: [], leaves: .symbols(nulls, dictionary: []))
        }
        let leaves: FieldColumn.Leaves =
            switch form.kind {
            case .numbers: .numbers(numbers)
            case .integers: .integers(integers)
            case .symbols: ownDictionary(symbols)
            }
        return FieldColumn(name: name, offsets: offsets, leaves: leaves, times: form.isTimed ? times : nil)
    }

    private func ownDictionary(_ symbols: SymbolTable) -> FieldColumn.Leaves {
        var place = [UInt32](repeating: EventTable.missingSymbol, count: symbols.count)
        var dictionary: [String] = []
        let leaves = indices.map { index -> UInt32 in
            guard index != EventTable.missingSymbol else { return index }
            if place[Int(index)] == EventTable.missingSymbol {
                place[Int(index)] = UInt32(dictionary.count)
                dictionary.append(symbols[Symbol(index: index)])
            }
            return place[Int(index)]
        }
        return .symbols(leaves, dictionary: dictionary)
    }
}
