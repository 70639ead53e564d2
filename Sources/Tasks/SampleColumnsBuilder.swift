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

    /// Adds a sample; its values must be in schema order, each field always of one kind.
    package mutating func append(_ sample: Sample) {
        precondition(sample.values.count == columns.count, "SampleColumnsBuilder: one value per field")
        patientIDs.append(symbols[sample.patientID])
        visitIDs.append(sample.visitID.map { symbols[$0] } ?? "")
        for (i, value) in sample.values.enumerated() { columns[i].append(value) }
    }

    /// The columns.
    package func finish() -> SampleColumns {
        SampleColumns(
            patientIDs: patientIDs, visitIDs: visitIDs, fields: columns.map { $0.finish(symbols: symbols) })
    }
}

private struct ColumnBuilder {
    let name: String
    private var offsets: [[Int]] = []
    private var indices: [UInt32] = []
    private var numbers: [Double] = []
    private var integers: [Int64] = []
    private var kind = Kind.unknown

    private enum Kind { case unknown, symbols, numbers, integers }

    init(name: String) { self.name = name }

    mutating func append(_ value: FieldValue) {
        switch value {
        case .codes(let codes):
            add(codes)
            close(level: 0, at: indices.count)
        case .nestedCodes(let visits):
            ensure(levels: 2)
            for codes in visits {
                add(codes)
                close(level: 1, at: indices.count)
            }
            if visits.isEmpty { kind = .symbols }
            close(level: 0, at: offsets[1].count - 1)
        case .number(let number): add([number])
        case .numbers(let list):
            add(list)
            close(level: 0, at: numbers.count)
        case .nestedNumbers(let rows):
            ensure(levels: 2)
            for list in rows {
                add(list)
                close(level: 1, at: numbers.count)
            }
            if rows.isEmpty { kind = .numbers }
            close(level: 0, at: offsets[1].count - 1)
        case .integer(let integer):
            kind = .integers
            integers.append(Int64(integer))
        case .text(let symbol): add([symbol])
        case .null: add([nil as Symbol?])
        }
    }

    private mutating func add(_ codes: [Symbol?]) {
        kind = .symbols
        for code in codes { indices.append(code?.index ?? EventTable.missingSymbol) }
    }

    private mutating func add(_ list: [Double?]) {
        kind = .numbers
        for number in list { numbers.append(number ?? .nan) }
    }

    private mutating func ensure(levels: Int) { while offsets.count < levels { offsets.append([0]) } }

    private mutating func close(level: Int, at end: Int) {
        ensure(levels: level + 1)
        offsets[level].append(end)
    }

    func finish(symbols: SymbolTable) -> FieldColumn {
        switch kind {
        case .numbers: return FieldColumn(name: name, offsets: offsets, leaves: .numbers(numbers))
        case .integers: return FieldColumn(name: name, offsets: offsets, leaves: .integers(integers))
        case .symbols, .unknown:
            var place = [UInt32](repeating: .max, count: symbols.count)
            var dictionary: [String] = []
            let leaves = indices.map { index -> UInt32 in
                guard index != EventTable.missingSymbol else { return index }
                if place[Int(index)] == .max {
                    place[Int(index)] = UInt32(dictionary.count)
                    dictionary.append(symbols[Symbol(index: index)])
                }
                return place[Int(index)]
            }
            return FieldColumn(name: name, offsets: offsets, leaves: .symbols(leaves, dictionary: dictionary))
        }
    }
}
