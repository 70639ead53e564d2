/// What stands before a page.
struct PageHeader {
    /// What a page holds.
    enum Kind {
        case data(DataPage)
        case dictionary(valueCount: Int, encoding: Int32)
        /// Index pages and those of later versions.
        case other
    }

    /// The header of a data page of either version.
    struct DataPage {
        var valueCount = -1
        var encoding: Int32 = -1
        /// Version 1: the encoding of definition levels.
        var levelEncoding: Int32 = PageEncoding.rle.rawValue
        /// Version 2: bytes of definition and repetition levels, which stand uncompressed before the values.
        var levels: (definition: Int, repetition: Int)?
        /// Version 2: whether the values are compressed.
        var isCompressed = true
    }

    var kind = Kind.other
    var compressedSize = -1
    var uncompressedSize = -1
    var crc: UInt32?

    init(_ reader: inout ThriftReader) throws {
        var type: Int32 = -1
        try reader.structure { number, kind, reader in
            switch number {
            case 1: type = try reader.integer32(kind)
            case 2: uncompressedSize = Int(try reader.integer32(kind))
            case 3: compressedSize = Int(try reader.integer32(kind))
            case 4: crc = UInt32(bitPattern: try reader.integer32(kind))
            case 5: self.kind = .data(try Self.dataPage(&reader, kind))
            case 7: self.kind = try Self.dictionaryPage(&reader, kind)
            case 8: self.kind = .data(try Self.dataPageV2(&reader, kind))
            default: return false
            }
            return true
        }
        let expected: Int32? =
            switch kind {
            case .data(let page): page.levels == nil ? 0 : 3
            case .dictionary: 2
            case .other: [0, 2, 3].contains(type) ? nil : type
            }
        guard type == expected else { throw Fault.damaged("a page's kind contradicts its header") }
        guard compressedSize >= 0, uncompressedSize >= 0 else {
            throw Fault.damaged("a page's header has no sizes")
        }
        guard compressedSize <= Limits.page, uncompressedSize <= Limits.page else {
            throw Fault.tooLarge("a page is larger than \(Limits.page >> 20) MiB")
        }
    }

    private static func dataPage(_ reader: inout ThriftReader, _ kind: ThriftReader.Kind) throws -> DataPage {
        var page = DataPage()
        try reader.structure(kind) { number, kind, reader in
            switch number {
            case 1: page.valueCount = Int(try reader.integer32(kind))
            case 2: page.encoding = try reader.integer32(kind)
            case 3: page.levelEncoding = try reader.integer32(kind)
            default: return false
            }
            return true
        }
        return try checked(page)
    }

    private static func dataPageV2(_ reader: inout ThriftReader, _ kind: ThriftReader.Kind) throws -> DataPage
    {
        var page = DataPage()
        var (definition, repetition) = (-1, -1)
        try reader.structure(kind) { number, kind, reader in
            switch number {
            case 1: page.valueCount = Int(try reader.integer32(kind))
            case 4: page.encoding = try reader.integer32(kind)
            case 5: definition = Int(try reader.integer32(kind))
            case 6: repetition = Int(try reader.integer32(kind))
            case 7: page.isCompressed = try reader.boolean(kind)
            default: return false
            }
            return true
        }
        guard definition >= 0, repetition >= 0 else {
            throw Fault.damaged("a page's header has no sizes of its levels")
        }
        page.levels = (definition, repetition)
        return try checked(page)
    }

    private static func checked(_ page: DataPage) throws -> DataPage {
        guard page.valueCount >= 0 else { throw Fault.damaged("a page's header has no number of values") }
        return page
    }

    private static func dictionaryPage(_ reader: inout ThriftReader, _ kind: ThriftReader.Kind) throws -> Kind
    {
        var (count, encoding) = (-1, Int32(-1))
        try reader.structure(kind) { number, kind, reader in
            switch number {
            case 1: count = Int(try reader.integer32(kind))
            case 2: encoding = try reader.integer32(kind)
            default: return false
            }
            return true
        }
        guard count >= 0 else { throw Fault.damaged("a dictionary's header has no number of values") }
        return .dictionary(valueCount: count, encoding: encoding)
    }
}

/// How the values of a page are written.
enum PageEncoding: Int32 {
    case plain = 0
    case plainDictionary = 2
    case rle, bitPacked, deltaBinaryPacked, deltaLengthByteArray, deltaByteArray, rleDictionary,
        byteStreamSplit

    init(number: Int32) throws {
        guard let known = PageEncoding(rawValue: number) else {
            throw Fault.unsupported("encoding \(number)")
        }
        self = known
    }

    /// The name in the format's description.
    var name: String {
        switch self {
        case .plain: "PLAIN"
        case .plainDictionary: "PLAIN_DICTIONARY"
        case .rle: "RLE"
        case .bitPacked: "BIT_PACKED"
        case .deltaBinaryPacked: "DELTA_BINARY_PACKED"
        case .deltaLengthByteArray: "DELTA_LENGTH_BYTE_ARRAY"
        case .deltaByteArray: "DELTA_BYTE_ARRAY"
        case .rleDictionary: "RLE_DICTIONARY"
        case .byteStreamSplit: "BYTE_STREAM_SPLIT"
        }
    }
}
