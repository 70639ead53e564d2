package import ClinicalData
import Groundwork

/// Collects one patient range from all shuffle files and puts it into canonical order.
package enum EventGatherer {
    /// The shard of the patients in `range`; `shuffleFiles` are those of `plan.mapTasks`, in that order.
    ///
    /// Throws ``DatasetError/damagedShuffle(file:reason:)`` and `FileError`.
    package static func gather(range: Int, plan: InspectionPlan, shuffleFiles: [String]) throws -> EventShard
    {
        let symbols = SymbolTable()
        var raw = plan.tables.map { RawTable(plan: $0) }
        for (task, path) in zip(plan.mapTasks, shuffleFiles) {
            for segment in try ShuffleFileReader(path: path).segments(of: range) {
                raw[task.table].append(segment, symbols: symbols)
            }
        }
        let ranks = PatientRanks(raw: raw, symbols: symbols)
        var numbers = CanonicalSymbols(symbols)
        let patients = ranks.patients.map { Symbol(index: numbers.number(of: $0.index)) }
        var tables: [EventTable] = []
        var starts: [[Int]] = []
        for table in raw {
            let (order, rowStarts) = table.canonicalOrder(ranks)
            tables.append(table.sorted(by: order, &numbers))
            starts.append(rowStarts)
        }
        return EventShard(symbols: numbers.table, tables: tables, patientIDs: patients, rowStarts: starts)
    }
}

/// New numbers for symbols in the order in which they appear in the canonical order, so that the shard's bytes do not depend
/// on how files were cut.
private struct CanonicalSymbols {
    /// The texts that have been given a number.
    let table = SymbolTable()
    private let old: SymbolTable
    private var numbers: [UInt32]

    init(_ old: SymbolTable) {
        self.old = old
        numbers = Array(repeating: EventTable.missingSymbol, count: old.count)
    }

    /// The new number of a symbol.
    @inline(__always) mutating func number(of symbol: UInt32) -> UInt32 {
        let known = numbers[Int(symbol)]
        return known == EventTable.missingSymbol ? add(symbol) : known
    }

    private mutating func add(_ symbol: UInt32) -> UInt32 {
        let number = old.withBytes(of: Symbol(index: symbol)) { table.intern($0).index }
        numbers[Int(symbol)] = number
        return number
    }
}

/// The rows of one table in source order.
private struct RawTable {
    let name: String
    let attributes: [String]
    var patients: [UInt32] = []
    var times: [Int64] = []
    var columns: [[UInt32]]

    init(plan: InspectionPlan.TablePlan) {
        name = plan.name
        attributes = plan.attributes
        columns = Array(repeating: [], count: plan.attributes.count)
    }

    mutating func append(_ segment: ShuffleSegment, symbols: SymbolTable) {
        var map: [UInt32] = []
        map.reserveCapacity(segment.symbols)
        segment.forEachText { map.append(symbols.intern($0).index) }
        segment.withPatients { Self.append($0, map, to: &patients) }
        segment.withTimes { raw in
            times += [Int64](unsafeUninitializedCapacity: segment.rows) { target, filled in
                UnsafeMutableRawBufferPointer(target).copyMemory(from: raw)
                filled = segment.rows
            }
        }
        for column in columns.indices {
            segment.withAttribute(column) { Self.append($0, map, to: &columns[column]) }
        }
    }

    /// Appends a segment's symbols as those of the shard.
    private static func append(_ raw: UnsafeRawBufferPointer, _ map: [UInt32], to column: inout [UInt32]) {
        let count = raw.count / 4
        column += [UInt32](unsafeUninitializedCapacity: count) { target, filled in
            for row in 0..<count {
                let symbol = raw.loadUnaligned(fromByteOffset: row * 4, as: UInt32.self)
                target[row] = symbol == EventTable.missingSymbol ? symbol : map[Int(symbol)]
            }
            filled = count
        }
    }

    /// Row numbers by (patient, time, source order), and the first row of every patient.
    func canonicalOrder(_ ranks: PatientRanks) -> (order: [Int32], starts: [Int]) {
        var starts = [Int](repeating: 0, count: ranks.patients.count + 1)
        let rankOfRow = patients.map { Int(ranks.rank[Int($0)]) }
        for rank in rankOfRow { starts[rank + 1] += 1 }
        for i in 1..<max(starts.count, 1) { starts[i] += starts[i - 1] }
        var next = starts
        var order = [Int32](unsafeUninitializedCapacity: rankOfRow.count) { order, filled in
            for (row, rank) in rankOfRow.enumerated() {
                order[next[rank]] = Int32(row)
                next[rank] += 1
            }
            filled = rankOfRow.count
        }
        for patient in 0..<ranks.patients.count { sortByTime(&order, starts[patient]..<starts[patient + 1]) }
        return (order, starts)
    }

    /// Stable sort of one patient's rows by time; most are in order already.
    private func sortByTime(_ order: inout [Int32], _ rows: Range<Int>) {
        var isSorted = true
        for i in rows.dropFirst() where times[Int(order[i])] < times[Int(order[i - 1])] {
            isSorted = false
            break
        }
        guard !isSorted else { return }
        let sorted = order[rows].sorted { (times[Int($0)], $0) < (times[Int($1)], $1) }
        order.replaceSubrange(rows, with: sorted)
    }

    func sorted(by order: [Int32], _ numbers: inout CanonicalSymbols) -> EventTable {
        let sorted = columns.map { column in
            order.map { row in
                let symbol = column[Int(row)]
                return symbol == EventTable.missingSymbol ? symbol : numbers.number(of: symbol)
            }
        }
        return EventTable(
            name: name, attributes: attributes, times: order.map { times[Int($0)] }, columns: sorted)
    }
}

/// The shard's patients in canonical order, and the place of every patient symbol in it.
private struct PatientRanks {
    let patients: [Symbol]
    let rank: [Int32]

    init(raw: [RawTable], symbols: SymbolTable) {
        var seen = [Bool](repeating: false, count: symbols.count)
        for table in raw { for patient in table.patients { seen[Int(patient)] = true } }
        let distinct = seen.indices.filter { seen[$0] }.map { Symbol(index: UInt32($0)) }
        let named = distinct.map { (symbol: $0, id: symbols[$0]) }
        patients = named.sorted { precedes($0.id, $1.id) }.map(\.symbol)
        var rank = [Int32](repeating: 0, count: symbols.count)
        for (place, patient) in patients.enumerated() { rank[Int(patient.index)] = Int32(place) }
        self.rank = rank
    }
}
