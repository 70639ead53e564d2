/// The footer of a file as it is stored. Field numbers: `parquet.thrift` of apache/parquet-format 2.11.
struct FileMetadata {
    /// The schema's elements, depth first; the first is the root.
    var schema: [SchemaElement] = []
    /// The number of rows, if told.
    var rowCount: Int64?
    var rowGroups: [StoredRowGroup] = []

    init(_ reader: inout ThriftReader) throws {
        try reader.structure { number, kind, reader in
            switch number {
            case 2: try reader.list(kind) { try schema.append(SchemaElement(&$1, $0)) }
            case 3: rowCount = try reader.integer(kind)
            case 4: try reader.list(kind) { try rowGroups.append(StoredRowGroup(&$1, $0)) }
            default: return false
            }
            return true
        }
    }
}

/// A node of the schema.
struct SchemaElement {
    var name = ""
    /// Physical type; nil for a group.
    var type: Int32?
    var typeLength: Int32?
    /// 0 required, 1 optional, 2 repeated.
    var repetition: Int32?
    var childCount: Int32?
    var convertedType: Int32?
    var scale: Int32?
    var precision: Int32?
    var logicalType: LogicalType?

    init(_ reader: inout ThriftReader, _ kind: ThriftReader.Kind) throws {
        try reader.structure(kind) { number, kind, reader in
            switch number {
            case 1: type = try reader.integer32(kind)
            case 2: typeLength = try reader.integer32(kind)
            case 3: repetition = try reader.integer32(kind)
            case 4: name = try reader.string(kind)
            case 5: childCount = try reader.integer32(kind)
            case 6: convertedType = try reader.integer32(kind)
            case 7: scale = try reader.integer32(kind)
            case 8: precision = try reader.integer32(kind)
            case 10: logicalType = try LogicalType(&reader, kind)
            default: return false
            }
            return true
        }
    }
}

/// What a column means; the number of the union's field and the content of those that have some.
struct LogicalType {
    var number = 0
    var scale: Int32?
    var precision: Int32?
    var isUTC = false
    /// 1 milli-, 2 micro-, 3 nanoseconds.
    var unit = 0
    var bitWidth: Int64 = 0
    var isSigned = true

    static let string = 1, map = 2, list = 3, enumeration = 4, decimal = 5, date = 6, time = 7, timestamp = 8
    static let integer = 10, unknown = 11, json = 12, uuid = 14, float16 = 15

    init(_ reader: inout ThriftReader, _ kind: ThriftReader.Kind) throws {
        try reader.structure(kind) { number, kind, reader in
            self.number = number
            switch number {
            case Self.decimal: try readDecimal(&reader, kind)
            case Self.time, Self.timestamp: try readTime(&reader, kind)
            case Self.integer: try readInteger(&reader, kind)
            default: return false
            }
            return true
        }
    }

    private mutating func readDecimal(_ reader: inout ThriftReader, _ kind: ThriftReader.Kind) throws {
        try reader.structure(kind) { number, kind, reader in
            switch number {
            case 1: scale = try reader.integer32(kind)
            case 2: precision = try reader.integer32(kind)
            default: return false
            }
            return true
        }
    }

    private mutating func readTime(_ reader: inout ThriftReader, _ kind: ThriftReader.Kind) throws {
        try reader.structure(kind) { number, kind, reader in
            switch number {
            case 1: isUTC = try reader.boolean(kind)
            case 2:
                try reader.structure(kind) { number, _, _ in
                    unit = number
                    return false
                }
            default: return false
            }
            return true
        }
    }

    private mutating func readInteger(_ reader: inout ThriftReader, _ kind: ThriftReader.Kind) throws {
        try reader.structure(kind) { number, kind, reader in
            switch number {
            case 1: bitWidth = try reader.integer(kind)
            case 2: isSigned = try reader.boolean(kind)
            default: return false
            }
            return true
        }
    }
}

/// A row group as it is stored.
struct StoredRowGroup {
    var chunks: [StoredChunk] = []
    var rowCount: Int64 = -1

    init(_ reader: inout ThriftReader, _ kind: ThriftReader.Kind) throws {
        try reader.structure(kind) { number, kind, reader in
            switch number {
            case 1: try reader.list(kind) { try chunks.append(StoredChunk(&$1, $0)) }
            case 3: rowCount = try reader.integer(kind)
            default: return false
            }
            return true
        }
    }
}

/// The values of one column in one row group.
struct StoredChunk {
    var type: Int32 = -1
    var codec: Int32 = -1
    var valueCount: Int64 = -1
    var compressedSize: Int64 = -1
    var dataOffset: Int64 = -1
    var dictionaryOffset: Int64?
    var hasMetadata = false
    var isElsewhere = false
    var isEncrypted = false

    init(_ reader: inout ThriftReader, _ kind: ThriftReader.Kind) throws {
        try reader.structure(kind) { number, kind, reader in
            switch number {
            case 1: isElsewhere = try !reader.string(kind).isEmpty
            case 3: try readMetadata(&reader, kind)
            case 8, 9:
                isEncrypted = true
                return false
            default: return false
            }
            return true
        }
        guard hasMetadata || isEncrypted else {
            throw Fault.damaged("a column of a row group has no metadata")
        }
    }

    private mutating func readMetadata(_ reader: inout ThriftReader, _ kind: ThriftReader.Kind) throws {
        hasMetadata = true
        try reader.structure(kind) { number, kind, reader in
            switch number {
            case 1: type = try reader.integer32(kind)
            case 4: codec = try reader.integer32(kind)
            case 5: valueCount = try reader.integer(kind)
            case 7: compressedSize = try reader.integer(kind)
            case 9: dataOffset = try reader.integer(kind)
            case 11: dictionaryOffset = try reader.integer(kind)
            default: return false
            }
            return true
        }
    }
}
