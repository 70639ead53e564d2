package import ClinicalData
import Groundwork

/// A shard of events in one HDF5 file.
///
/// Layout: `/dictionary/bytes` u8 and `/dictionary/offsets` i64 (all texts); `/patients` u32 (symbols, canonical order); per table
/// `/tables/<name>/time` i64 (milliseconds since 1970; the smallest i64: none), `/tables/<name>/row_starts` i64 (per patient, one
/// more at the end), `/tables/<name>/attributes/<attribute>` u32 (symbols; 0xFFFFFFFF null). Root attribute `tables`: JSON list of
/// names in order, likewise `attributes` of each table.
package enum EventPart {
    private static let format = "pyhealth-events-1"

    /// Writes a shard to a new file; throws `HDF5Error`.
    package static func write(_ shard: EventShard, to path: String) throws {
        let out = try CheckedFile.create(path, format: format)
        let (bytes, offsets) = shard.symbols.contents
        try out.write(bytes, to: "dictionary/bytes")
        try out.write(offsets.map { Int64($0) }, to: "dictionary/offsets")
        try out.write(shard.patientIDs.map(\.index), to: "patients")
        try out.setNames(shard.tables.map(\.name), as: "tables")
        for (table, starts) in zip(shard.tables, shard.rowStarts) {
            let group = "tables/\(table.name)"
            try out.write(table.times, to: "\(group)/time")
            try out.write(starts.map { Int64($0) }, to: "\(group)/row_starts")
            try out.setNames(table.attributes, as: "attributes", of: group)
            for (attribute, column) in zip(table.attributes, table.columns) {
                try out.write(column, to: "\(group)/attributes/\(attribute)")
            }
        }
        try out.file.close()
    }

    /// Reads a shard; throws `HDF5Error` and ``StorageError``.
    package static func read(_ path: String) throws -> EventShard {
        let input = try CheckedFile.open(path, format: format)
        let bytes: [UInt8] = try input.read("dictionary/bytes")
        let offsets = try input.read("dictionary/offsets", as: Int64.self).map { Int($0) }
        guard let symbols = SymbolTable(bytes: bytes, offsets: offsets) else {
            throw StorageError.inconsistent(path: path, what: "the dictionary's offsets do not fit its bytes")
        }
        let patients = try input.read("patients", as: UInt32.self)
        try input.require(
            patients.allSatisfy { $0 < symbols.count }, "the patients exceed the dictionary")
        var tables: [EventTable] = []
        var starts: [[Int]] = []
        for name in try input.names("tables") {
            let rowStarts = try input.readOffsets("tables/\(name)/row_starts", items: patients.count)
            let table = try table(name, input, symbols: UInt32(symbols.count))
            try input.require(
                rowStarts.last == table.count && table.columns.allSatisfy { $0.count == table.count },
                "table \(name) has columns of different lengths")
            tables.append(table)
            starts.append(rowStarts)
        }
        return EventShard(
            symbols: symbols, tables: tables, patientIDs: patients.map { Symbol(index: $0) },
            rowStarts: starts)
    }

    private static func table(_ name: String, _ input: CheckedFile, symbols: UInt32) throws -> EventTable {
        let group = "tables/\(name)"
        let attributes = try input.names("attributes", of: group)
        let columns = try attributes.map { attribute in
            let column = try input.read("\(group)/attributes/\(attribute)", as: UInt32.self)
            try input.require(
                column.allSatisfy { $0 < symbols || $0 == EventTable.missingSymbol },
                "a column of table \(name) exceeds the dictionary")
            return column
        }
        return EventTable(
            name: name, attributes: attributes, times: try input.read("\(group)/time"), columns: columns)
    }
}
