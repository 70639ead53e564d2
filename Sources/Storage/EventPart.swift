package import ClinicalData
import Groundwork

/// A shard of events in one HDF5 file.
///
/// Few datasets, because HDF5 takes longer for one than for the numbers of a small table. Layout: `/dictionary_bytes` u8
/// and `/dictionary_offsets` i64 (all texts); `/patients` u32 (symbols, canonical order); `/row_starts` i64, tables ×
/// (patients + 1) (a patient's first row of a table, the table's rows at the end); `/times` i64, the rows of all tables one
/// after the other (milliseconds since 1970; the smallest i64: none); `/values` u32, table after table, of each its
/// attributes one after the other, a symbol per row (0xFFFFFFFF null). Root attributes `tables`, JSON list of names in
/// order, and `attributes`, per table a list of names.
package enum EventPart {
    private static let format = "pyhealth-events-2"

    /// Writes a shard to a new file; throws `HDF5Error`.
    package static func write(_ shard: EventShard, to path: String) throws {
        let out = try CheckedFile.create(path, format: format)
        let (bytes, offsets) = shard.symbols.contents
        try out.write(bytes, to: "dictionary_bytes")
        try out.write(offsets.map { Int64($0) }, to: "dictionary_offsets")
        try out.write(shard.patientIDs.map(\.index), to: "patients")
        let starts = shard.rowStarts.flatMap { $0.map { Int64($0) } }
        try out.write(starts, shape: [shard.tables.count, shard.patientCount + 1], to: "row_starts")
        try out.write(joined(shard.tables.map(\.times)), to: "times")
        try out.write(joined(shard.tables.flatMap(\.columns)), to: "values")
        try out.setNames(shard.tables.map(\.name), as: "tables")
        try out.setNames(shard.tables.map(\.attributes), as: "attributes")
        try out.file.close()
    }

    /// The lists one after the other, copied as wholes.
    private static func joined<Element>(_ lists: [[Element]]) -> [Element] {
        var all: [Element] = []
        all.reserveCapacity(lists.reduce(0) { $0 + $1.count })
        for list in lists { all += list }
        return all
    }

    /// Reads a shard; throws `HDF5Error` and ``StorageError``.
    package static func read(_ path: String) throws -> EventShard {
        let input = try CheckedFile.open(path, format: format)
        let bytes: [UInt8] = try input.read("dictionary_bytes")
        let offsets = try input.read("dictionary_offsets", as: Int64.self).map { Int($0) }
        guard let symbols = SymbolTable(bytes: bytes, offsets: offsets) else {
            throw StorageError.inconsistent(path: path, what: "the dictionary's offsets do not fit its bytes")
        }
        let patients = try input.read("patients", as: UInt32.self)
        try input.require(patients.allSatisfy { $0 < symbols.count }, "the patients exceed the dictionary")
        let starts = try rowStarts(input, patients: patients.count)
        return EventShard(
            symbols: symbols, tables: try tables(input, starts, symbols: UInt32(symbols.count)),
            patientIDs: patients.map { Symbol(index: $0) }, rowStarts: starts)
    }

    /// The first row of every patient, by table.
    private static func rowStarts(_ input: CheckedFile, patients: Int) throws -> [[Int]] {
        let all = try input.read("row_starts", as: Int64.self)
        try input.require(all.count.isMultiple(of: patients + 1), "the row starts do not cover all patients")
        return try stride(from: 0, to: all.count, by: patients + 1).map { first in
            let starts = all[first..<(first + patients + 1)]
            try input.require(
                starts.first == 0 && zip(starts, starts.dropFirst()).allSatisfy { $0 <= $1 },
                "the row starts of a table do not fit")
            return starts.map { Int($0) }
        }
    }

    private static func tables(
        _ input: CheckedFile, _ starts: [[Int]], symbols: UInt32
    ) throws -> [EventTable] {
        let names = try input.names("tables")
        let attributes = try input.names("attributes", as: [[String]].self)
        var times = try input.read("times", as: Int64.self)[...]
        var values = try input.read("values", as: UInt32.self)[...]
        let counts = starts.map { $0.last ?? 0 }
        try input.require(
            names.count == starts.count && attributes.count == starts.count
                && counts.allSatisfy { $0 <= times.count } && times.count == counts.reduce(0, +)
                && values.count == zip(counts, attributes).reduce(0) { $0 + $1.0 * $1.1.count },
            "the tables have columns of different lengths")
        try input.require(
            values.allSatisfy { $0 < symbols || $0 == EventTable.missingSymbol },
            "a column exceeds the dictionary")
        return names.indices.map { table in
            EventTable(
                name: names[table], attributes: attributes[table], times: times.take(counts[table]),
                columns: attributes[table].map { _ in values.take(counts[table]) })
        }
    }
}

extension ArraySlice {
    /// Takes the first `count` elements off.
    mutating func take(_ count: Int) -> [Element] {
        defer { removeFirst(count) }
        return Array(prefix(count))
    }
}
