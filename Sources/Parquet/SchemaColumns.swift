/// The columns that a footer's schema describes: one per field below the root.
struct SchemaColumns {
    private(set) var columns: [ParquetColumn] = []
    /// How many column chunks every row group has.
    private(set) var leafCount = 0

    init(_ elements: [SchemaElement]) throws {
        guard let root = elements.first, root.type == nil else {
            throw Fault.damaged("the schema has no root")
        }
        var next = 1
        while next < elements.count {
            let firstLeaf = leafCount
            let element = elements[next]
            let isGroup = try goOver(elements, &next)
            columns.append(try Self.column(element, isGroup: isGroup, leaf: firstLeaf))
        }
        guard columns.count == Int(root.childCount ?? 0) else {
            throw Fault.damaged("the schema's elements contradict their numbers of children")
        }
    }

    /// Goes over a field with all below it, counting its leaves; tells whether it is a group.
    private mutating func goOver(_ elements: [SchemaElement], _ next: inout Int) throws -> Bool {
        let start = next
        var open = 1
        while open > 0 {
            guard next < elements.count else { throw Fault.damaged("the schema ends within a group") }
            let children = Int(elements[next].childCount ?? 0)
            guard children >= 0, (elements[next].type == nil) == (children > 0) else {
                throw Fault.damaged("an element of the schema is neither a column nor a group")
            }
            if children == 0 { leafCount += 1 }
            open += children - 1
            next += 1
        }
        return next - start > 1
    }

    private static func column(_ element: SchemaElement, isGroup: Bool, leaf: Int) throws -> ParquetColumn {
        func make(_ kind: ParquetColumn.Kind, _ physical: PhysicalType) -> ParquetColumn {
            ParquetColumn(
                name: element.name, kind: kind, isOptional: element.repetition == 1, physical: physical,
                leaf: leaf)
        }
        if isGroup { return make(.unsupported("a nested column (list, map or struct)"), .none) }
        if element.repetition == 2 { return make(.unsupported("a repeated column"), .none) }
        guard element.repetition == 0 || element.repetition == 1 else {
            throw Fault.damaged("a column is neither required nor optional")
        }
        guard let type = element.type, let physical = PhysicalType(number: type, length: element.typeLength)
        else { throw Fault.damaged("a column's type is not one of the format's") }
        let kind = try kind(element, physical)
        if case .unsupported = kind { return make(kind, .none) }
        return make(kind, physical)
    }

    private static func kind(_ element: SchemaElement, _ physical: PhysicalType) throws -> ParquetColumn.Kind
    {
        if let logical = element.logicalType, let kind = try kind(logical, physical) { return kind }
        if let converted = element.convertedType, let kind = try kind(converted, element, physical) {
            return kind
        }
        return switch physical {
        case .boolean: .boolean
        case .int32: .integer(bits: 32, isSigned: true)
        case .int64: .integer(bits: 64, isSigned: true)
        case .int96: .timestamp96
        case .float: .float(bits: 32)
        case .double: .float(bits: 64)
        case .bytes, .fixed: .bytes
        case .none: .unsupported("this type")
        }
    }

    /// nil where the physical type says all.
    private static func kind(_ logical: LogicalType, _ physical: PhysicalType) throws -> ParquetColumn.Kind? {
        switch (logical.number, physical) {
        case (LogicalType.string, .bytes), (LogicalType.enumeration, .bytes), (LogicalType.json, .bytes):
            return .text
        case (LogicalType.decimal, _): return try decimal(logical.precision, logical.scale, physical)
        case (LogicalType.date, .int32): return .date
        case (LogicalType.time, .int32) where logical.unit == 1: return .time(.milliseconds)
        case (LogicalType.time, .int64): return .time(try unit(logical.unit))
        case (LogicalType.timestamp, .int64): return .timestamp(try unit(logical.unit), isUTC: logical.isUTC)
        case (LogicalType.integer, .int32) where [8, 16, 32].contains(logical.bitWidth),
            (LogicalType.integer, .int64) where logical.bitWidth == 64:
            return .integer(bits: Int(logical.bitWidth), isSigned: logical.isSigned)
        case (LogicalType.uuid, .fixed(16)): return .uuid
        case (LogicalType.float16, .fixed(2)): return .float(bits: 16)
        case (LogicalType.unknown, .int32): return .nothing
        case (LogicalType.string...LogicalType.integer, _), (LogicalType.json, _), (LogicalType.uuid, _),
            (LogicalType.float16, _):
            throw Fault.damaged("a column's meaning does not fit its type")
        default: return nil
        }
    }

    /// The older form of logical types.
    private static func kind(
        _ converted: Int32, _ element: SchemaElement, _ physical: PhysicalType
    ) throws -> ParquetColumn.Kind? {
        switch (converted, physical) {
        case (0, .bytes), (4, .bytes), (19, .bytes): return .text
        case (5, _): return try decimal(element.precision, element.scale, physical)
        case (6, .int32): return .date
        case (7, .int32): return .time(.milliseconds)
        case (8, .int64): return .time(.microseconds)
        case (9, .int64): return .timestamp(.milliseconds, isUTC: true)
        case (10, .int64): return .timestamp(.microseconds, isUTC: true)
        case (11...13, .int32): return .integer(bits: 8 << Int(converted - 11), isSigned: false)
        case (14, .int64): return .integer(bits: 64, isSigned: false)
        case (15...17, .int32): return .integer(bits: 8 << Int(converted - 15), isSigned: true)
        case (18, .int64): return .integer(bits: 64, isSigned: true)
        case (21, _): return .unsupported("type INTERVAL")
        case (20, .bytes): return nil
        case (0...20, _): throw Fault.damaged("a column's meaning does not fit its type")
        default: return nil
        }
    }

    private static func unit(_ number: Int) throws -> ParquetColumn.TimeUnit {
        switch number {
        case 1: .milliseconds
        case 2: .microseconds
        case 3: .nanoseconds
        default: throw Fault.unsupported("a time in unit \(number)")
        }
    }

    private static func decimal(
        _ precision: Int32?, _ scale: Int32?, _ physical: PhysicalType
    ) throws -> ParquetColumn.Kind {
        let (precision, scale) = (Int(precision ?? 0), Int(scale ?? 0))
        switch physical {
        case .int32, .int64, .bytes: break
        case .fixed(let length) where length <= 16: break
        case .fixed: return .unsupported("a decimal of more than 16 bytes")
        default: throw Fault.damaged("a column's meaning does not fit its type")
        }
        guard precision <= 38 else { return .unsupported("a decimal of more than 38 digits") }
        guard precision > 0, (0...precision).contains(scale) else {
            throw Fault.damaged("a decimal's digits are out of range")
        }
        return .decimal(precision: precision, scale: scale)
    }
}
