import ClinicalData
import DelimitedText
import Groundwork

/// The right side of a join in memory: distinct keys, and per key its rows in file order.
final class JoinTable {
    private let keys = SymbolTable()
    /// Per key its first row; empty if every key has one row, its own number.
    private var first: [UInt32] = []
    /// Per row the next one with the same key; empty if every key has one row.
    private var following: [UInt32] = []
    /// The distinct texts of the loaded columns, one after the other, and where each begins.
    private let texts: [UInt8]
    private let textOffsets: [UInt32]
    /// Per column the number of a text per row; empty where the texts are not used.
    let columns: [[UInt32]]
    /// Per column milliseconds per row; empty where it is not used as a time. One that cannot be read is an error only
    /// where it is used: see ``unreadableLine(_:)``.
    let times: [[Int64]]
    /// The file, for errors.
    let file: String

    static let noRow = UInt32.max
    /// A time that cannot be read is stored as this and the number of its line.
    private static let unreadable = Int64.max - Int64(UInt32.max)

    /// Loads `join.columns` of its file; throws ``DatasetError``, `DelimitedTextError`, `FileError`.
    init(_ join: ColumnSources.Join) throws {
        let filter = join.only.map { [$0.column] } ?? []
        let reader = try TableFiles.open(join.path, columns: join.columns + [join.on] + filter)
        file = join.path
        let key = reader.header.firstIndex(of: join.on) ?? 0
        let wanted = join.only.map { only in
            (column: reader.header.firstIndex(of: only.column) ?? 0, value: Array(only.value.utf8))
        }
        let indices = join.columns.compactMap { reader.header.firstIndex(of: $0) }
        let values = SymbolTable()
        var loaded: [[UInt32]] = Array(repeating: [], count: indices.count)
        var loadedTimes: [[Int64]] = Array(repeating: [], count: indices.count)
        let parser = TimestampParser.of(join.timestampFormat)
        var keyOfRow: [UInt32] = []
        let (texts, times) = (join.texts.sorted(), join.times.sorted())
        var scratch: [UInt8] = []
        var textCheck = TextCheck(file: file, columns: texts.map { indices[$0] })
        while let block = try reader.next() {
            for row in 0..<block.count {
                if let wanted, !block.field(row, wanted.column).bytes.elementsEqual(wanted.value) { continue }
                let known = keys.count
                let number = Self.intern(block.field(row, key), in: keys, &scratch)
                // A part has a patient or not, however often its file says so.
                if wanted != nil, keys.count == known { continue }
                keyOfRow.append(number)
                for column in times {
                    let time = Self.time(block.field(row, indices[column]).bytes, parser)
                    loadedTimes[column].append(
                        time ?? Self.unreadable + Int64(reader.line(of: row, in: block)))
                }
                for column in texts {
                    loaded[column].append(Self.value(block.field(row, indices[column]), in: values, &scratch))
                }
            }
            try textCheck.check(values, after: block, reader)
        }
        columns = loaded.map(exact)
        self.times = loadedTimes.map(exact)
        (self.texts, textOffsets) = (exact(values.contents.bytes), values.contents.offsets.map(UInt32.init))
        if keyOfRow.count > keys.count { link(keyOfRow) }
        keys.trim()
    }

    /// How many distinct texts the columns have.
    var textCount: Int { textOffsets.count - 1 }

    /// The first row with `key`, ``noRow`` if there is none.
    func firstRow(_ key: UnsafeBufferPointer<UInt8>, guess: inout UInt32) -> UInt32 {
        guard let symbol = keys.find(key, guess: guess) else { return Self.noRow }
        guess = symbol
        return first.isEmpty ? symbol : first[Int(symbol)]
    }

    /// Whether a row has `key`.
    func contains(_ key: String) -> Bool { keys.find(key) != nil }

    /// The next row with the key of `row`, ``noRow`` if there is none.
    func nextRow(after row: UInt32) -> UInt32 { following.isEmpty ? Self.noRow : following[Int(row)] }

    /// Calls `body` with the UTF-8 bytes of a text.
    func withText<R>(_ number: UInt32, _ body: (UnsafeBufferPointer<UInt8>) throws -> R) rethrows -> R {
        let range = Int(textOffsets[Int(number)])..<Int(textOffsets[Int(number) + 1])
        return try texts.withUnsafeBufferPointer { try body(UnsafeBufferPointer(rebasing: $0[range])) }
    }

    /// Chains the rows of every key in file order.
    private func link(_ keyOfRow: [UInt32]) {
        first = Array(repeating: Self.noRow, count: keys.count)
        following = Array(repeating: Self.noRow, count: keyOfRow.count)
        for row in keyOfRow.indices.reversed() {
            following[row] = first[Int(keyOfRow[row])]
            first[Int(keyOfRow[row])] = UInt32(row)
        }
    }

    /// The line of a time that could not be read; nil for one that could.
    static func unreadableLine(_ time: Int64) -> Int? { time >= unreadable ? Int(time - unreadable) : nil }

    private static func time(_ bytes: UnsafeBufferPointer<UInt8>, _ parser: TimestampParser) -> Int64? {
        bytes.isEmpty ? Timestamp.missing : parser.parse(bytes)?.milliseconds
    }

    private static func value(
        _ field: (bytes: UnsafeBufferPointer<UInt8>, doubled: Bool), in values: SymbolTable,
        _ scratch: inout [UInt8]
    ) -> UInt32 {
        field.bytes.isEmpty ? EventTable.missingSymbol : intern(field, in: values, &scratch)
    }

    /// The number of a cell's text.
    private static func intern(
        _ field: (bytes: UnsafeBufferPointer<UInt8>, doubled: Bool), in values: SymbolTable,
        _ scratch: inout [UInt8]
    ) -> UInt32 {
        guard field.doubled else { return values.intern(field.bytes).index }
        RowBlock.unescape(field.bytes, into: &scratch)
        return scratch.withUnsafeBufferPointer { values.intern($0).index }
    }
}

/// A copy without spare room.
private func exact<Element: BitwiseCopyable>(_ values: [Element]) -> [Element] {
    values.withUnsafeBufferPointer { Array($0) }
}

/// Join tables already loaded by this process, so that the pieces of one table load them once.
package final class JoinCache {
    private var loaded: [(join: ColumnSources.Join, table: JoinTable)] = []
    private var origins: [(path: String, names: OffsetTimes, stays: StayOrigins)] = []

    package init() {}

    func table(for join: ColumnSources.Join) throws -> JoinTable {
        if let hit = loaded.first(where: { $0.join.serves(join) }) { return hit.table }
        loaded.removeAll { join.serves($0.join) }
        let table = try JoinTable(join)
        loaded.append((join, table))
        return table
    }

    func origins(for offset: ColumnSources.Offset) throws -> StayOrigins {
        if let hit = origins.first(where: { $0.path == offset.path && $0.names == offset.names }) {
            return hit.stays
        }
        let stays = try StayOrigins(path: offset.path, offset.names)
        origins.append((offset.path, offset.names, stays))
        return stays
    }
}

extension ColumnSources.Join {
    /// Whether a table that was loaded for this join holds all that `other` reads.
    fileprivate func serves(_ other: ColumnSources.Join) -> Bool {
        path == other.path && on == other.on && columns == other.columns && only == other.only
            && texts.isSuperset(of: other.texts) && times.isSuperset(of: other.times)
            && (timestampFormat == other.timestampFormat || other.times.isEmpty)
    }
}
