/// Reads structures in Thrift's compact protocol.
///
/// Field header: one byte, high half the step of the field's number (0: the number follows, zigzag), low half its kind.
/// Source: Apache Thrift, "Thrift compact protocol encoding".
struct ThriftReader {
    /// What is read.
    var bytes: ByteReader
    private var depth = 0

    /// The kinds of values.
    enum Kind: UInt8 {
        case yes = 1
        case no, byte, int16, int32, int64, double, binary, list, set, map, structure, uuid
    }

    init(_ bytes: ByteReader) { self.bytes = bytes }

    /// Reads a structure: calls `body` with every field's number and kind; a field for which it returns false, having
    /// read nothing, is skipped.
    mutating func structure(
        _ kind: Kind = .structure, _ body: (Int, Kind, inout ThriftReader) throws -> Bool
    ) throws {
        guard kind == .structure else { throw Self.wrongKind }
        try descend()
        var number = 0
        while true {
            let header = try bytes.byte()
            if header == 0 { break }
            let step = Int(header >> 4)
            number = step > 0 ? number + step : Int(try int16())
            let field = try Self.kind(header & 0x0F)
            if try !body(number, field, &self) { try skip(field, inList: false) }
        }
        depth -= 1
    }

    /// Reads a list: calls `body` for every element, which must read it.
    mutating func list(
        _ kind: Kind, reserve: (Int) -> Void = { _ in }, _ body: (Kind, inout ThriftReader) throws -> Void
    ) throws {
        guard kind == .list else { throw Self.wrongKind }
        let (count, element) = try listHeader()
        reserve(count)
        for _ in 0..<count { try body(element, &self) }
    }

    /// An integer of any width.
    mutating func integer(_ kind: Kind) throws -> Int64 {
        switch kind {
        case .byte: Int64(Int8(bitPattern: try bytes.byte()))
        case .int16, .int32, .int64: try bytes.zigzag()
        default: throw Self.wrongKind
        }
    }

    /// An integer of 32 bits.
    mutating func integer32(_ kind: Kind) throws -> Int32 {
        guard let value = Int32(exactly: try integer(kind)) else {
            throw Fault.damaged("a number is longer than 32 bits")
        }
        return value
    }

    /// A truth value, which its kind holds.
    func boolean(_ kind: Kind) throws -> Bool {
        guard kind == .yes || kind == .no else { throw Self.wrongKind }
        return kind == .yes
    }

    /// A text.
    mutating func string(_ kind: Kind) throws -> String {
        guard kind == .binary else { throw Self.wrongKind }
        let length = try bytes.length(limit: bytes.left)
        return String(
            decoding: UnsafeBufferPointer(start: try bytes.take(length), count: length), as: UTF8.self)
    }

    private static let wrongKind = Fault.damaged(
        "a field of a header has another kind than the format gives it")

    private static func kind(_ code: UInt8) throws -> Kind {
        guard let kind = Kind(rawValue: code) else {
            throw Fault.damaged("a field of a header has no known kind")
        }
        return kind
    }

    private mutating func int16() throws -> Int16 {
        guard let value = Int16(exactly: try bytes.zigzag()) else {
            throw Fault.damaged("a field's number is longer than 16 bits")
        }
        return value
    }

    private mutating func descend() throws {
        depth += 1
        guard depth <= Limits.depth else { throw Fault.damaged("a header is nested too deeply") }
    }

    /// The number of elements, which are at least one byte each, and their kind.
    private mutating func listHeader() throws -> (Int, Kind) {
        let header = try bytes.byte()
        let short = Int(header >> 4)
        let count = short < 15 ? short : try bytes.length(limit: bytes.left)
        guard count <= bytes.left else { throw Fault.ended }
        // Some writers give empty lists no kind.
        if count == 0 { return (0, .byte) }
        return (count, try Self.kind(header & 0x0F))
    }

    private mutating func skip(_ kind: Kind, inList: Bool) throws {
        switch kind {
        case .yes, .no: if inList { _ = try bytes.byte() }
        case .byte: _ = try bytes.byte()
        case .int16, .int32, .int64: _ = try bytes.varint()
        case .double: _ = try bytes.take(8)
        case .uuid: _ = try bytes.take(16)
        case .binary: _ = try bytes.take(try bytes.length(limit: bytes.left))
        case .list, .set: try skipList()
        case .map: try skipMap()
        case .structure: try structure { _, _, _ in false }
        }
    }

    private mutating func skipList() throws {
        try descend()
        let (count, element) = try listHeader()
        for _ in 0..<count { try skip(element, inList: true) }
        depth -= 1
    }

    private mutating func skipMap() throws {
        try descend()
        let count = try bytes.length(limit: bytes.left)
        if count > 0 {
            let kinds = try bytes.byte()
            let (key, value) = (try Self.kind(kinds >> 4), try Self.kind(kinds & 0x0F))
            for _ in 0..<count {
                try skip(key, inList: true)
                try skip(value, inList: true)
            }
        }
        depth -= 1
    }
}
