/// Where the values of a page come from.
enum PageValues {
    /// A page without values.
    case none
    case words(any WordDecoder)
    case slices(any SliceDecoder)
    /// Positions in the column's dictionary.
    case indices(HybridDecoder)

    /// The values in `content`, written in `encoding`.
    init(_ content: ByteReader, _ encoding: PageEncoding, _ type: PhysicalType, hasDictionary: Bool) throws {
        guard content.left > 0 else {
            self = .none
            return
        }
        switch (encoding, type) {
        case (.plainDictionary, _), (.rleDictionary, _):
            guard hasDictionary else {
                throw Fault.damaged("a page refers to a dictionary that is not there")
            }
            var content = content
            let width = Int(try content.byte())
            self = .indices(try HybridDecoder(content.part(content.left), width: width))
        case (.plain, _): self = Self.plain(content, type)
        case (.rle, .boolean): self = .words(try RunBooleans(content))
        case (.deltaBinaryPacked, .int32): self = .words(try DeltaWords(content, width: 4))
        case (.deltaBinaryPacked, .int64): self = .words(try DeltaWords(content, width: 8))
        case (.deltaLengthByteArray, .bytes): self = .slices(try DeltaLengthSlices(content))
        case (.deltaByteArray, .bytes): self = .slices(try DeltaSlices(content, width: nil))
        case (.deltaByteArray, .fixed(let width)): self = .slices(try DeltaSlices(content, width: width))
        case (.byteStreamSplit, .int32), (.byteStreamSplit, .float):
            self = .words(try SplitWords(content, width: 4))
        case (.byteStreamSplit, .int64), (.byteStreamSplit, .double):
            self = .words(try SplitWords(content, width: 8))
        case (.byteStreamSplit, .fixed(let width)): self = .slices(try SplitSlices(content, width: width))
        default: throw Fault.unsupported("encoding \(encoding.name) of a column of this type")
        }
    }

    /// Values in PLAIN.
    static func plain(_ content: ByteReader, _ type: PhysicalType) -> PageValues {
        switch type {
        case .boolean: .words(PlainBooleans(content))
        case .int32, .float: .words(PlainWords(bytes: content, width: 4))
        case .int64, .double: .words(PlainWords(bytes: content, width: 8))
        case .int96: .slices(FixedSlices(bytes: content, width: 12))
        case .fixed(let width): .slices(FixedSlices(bytes: content, width: width))
        case .bytes: .slices(PlainSlices(bytes: content))
        case .none: .none
        }
    }

    /// The next `count` values (not of a dictionary) as texts in the page or in `arena`.
    mutating func read(
        _ count: Int, as form: TextForm, into output: UnsafeMutablePointer<FieldBytes>, _ arena: TextArena
    ) throws {
        guard count > 0 else { return }
        switch self {
        case .none, .indices: throw Fault.ended
        case .words(var decoder):
            self = .none
            try withUnsafeTemporaryAllocation(of: UInt64.self, capacity: count) { words in
                guard let base = words.baseAddress else { return }
                try decoder.next(count, into: base)
                for i in 0..<count {
                    let room = arena.room(TextForm.width)
                    var writer = TextWriter(room)
                    form.write(base[i], &writer)
                    output[i] = arena.take(writer.count, of: room)
                }
            }
            self = .words(decoder)
        case .slices(var decoder):
            self = .none
            try decoder.next(count, into: output, arena)
            if !form.isRaw {
                for i in 0..<count {
                    let room = arena.room(TextForm.width)
                    var writer = TextWriter(room)
                    try form.write(output[i], &writer)
                    output[i] = arena.take(writer.count, of: room)
                }
            }
            self = .slices(decoder)
        }
    }
}

/// The texts of a dictionary's values.
struct TextDictionary {
    let texts: [FieldBytes]
    private let memory: PaddedBuffer
    private let arena = TextArena()

    /// Decodes the `count` values of a dictionary page, which are in PLAIN.
    init(_ content: ByteReader, count: Int, _ type: PhysicalType, _ form: TextForm) throws {
        guard type != .boolean else { throw Fault.damaged("a boolean column has a dictionary") }
        guard count <= Limits.dictionary else {
            throw Fault.tooLarge("a dictionary has more than \(Limits.dictionary) values")
        }
        guard count <= content.count / (type.width ?? 4) else { throw Fault.ended }
        memory = PaddedBuffer(content.count)
        memory.base.update(from: content.base, count: content.count)
        var values = PageValues.plain(ByteReader(memory.base, count: content.count), type)
        let arena = arena
        texts = try Array(unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count, let base = buffer.baseAddress {
                let length = min(count - filled, Limits.blockRows)
                try values.read(length, as: form, into: base + filled, arena)
                filled += length
            }
        }
    }
}
