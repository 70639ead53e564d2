import ClinicalData
import DelimitedText
import Groundwork

/// The right side of a join in memory: distinct keys, and per key its rows in file order.
final class JoinTable {
    private let keys = SymbolTable()
    /// Per key its first row.
    private var first: [UInt32] = []
    /// Per row the next one with the same key.
    private(set) var next: [UInt32] = []
    private var last: [UInt32] = []
    /// The distinct texts of the loaded columns.
    let values = SymbolTable()
    /// Per column a symbol index per row.
    private(set) var columns: [[UInt32]]

    static let noRow = UInt32.max

    /// Loads `join.columns` of its file; throws `DelimitedTextError`, `FileError`.
    init(_ join: ColumnSources.Join) throws {
        columns = Array(repeating: [], count: join.columns.count)
        let reader = try RowReader(path: join.path)
        let key = reader.header.firstIndex(of: join.on) ?? 0
        let indices = join.columns.compactMap { reader.header.firstIndex(of: $0) }
        var scratch: [UInt8] = []
        while let block = try reader.next() {
            for row in 0..<block.count {
                append(key: keys.intern(block.field(row, key).bytes).index)
                for (column, index) in indices.enumerated() {
                    columns[column].append(value(block.field(row, index), &scratch))
                }
            }
        }
    }

    /// The first row with `key`, ``noRow`` if there is none.
    func firstRow(_ key: UnsafeBufferPointer<UInt8>, guess: inout UInt32) -> UInt32 {
        let symbol = keys.intern(key, guess: guess)
        guess = symbol
        return Int(symbol) < first.count ? first[Int(symbol)] : Self.noRow
    }

    private func append(key: UInt32) {
        let row = UInt32(next.count)
        next.append(Self.noRow)
        if Int(key) == first.count {
            first.append(row)
            last.append(row)
        } else {
            next[Int(last[Int(key)])] = row
            last[Int(key)] = row
        }
    }

    private func value(
        _ field: (bytes: UnsafeBufferPointer<UInt8>, doubled: Bool), _ scratch: inout [UInt8]
    ) -> UInt32 {
        guard !field.bytes.isEmpty else { return EventTable.missingSymbol }
        guard field.doubled else { return values.intern(field.bytes).index }
        RowBlock.unescape(field.bytes, into: &scratch)
        return scratch.withUnsafeBufferPointer { values.intern($0).index }
    }
}

/// Join tables already loaded by this process, so that the pieces of one table load them once.
package final class JoinCache {
    private var loaded: [(join: ColumnSources.Join, table: JoinTable)] = []

    package init() {}

    func table(for join: ColumnSources.Join) throws -> JoinTable {
        if let hit = loaded.first(where: {
            $0.join.path == join.path && $0.join.on == join.on && $0.join.columns == join.columns
        }) {
            return hit.table
        }
        let table = try JoinTable(join)
        loaded.append((join, table))
        return table
    }
}
