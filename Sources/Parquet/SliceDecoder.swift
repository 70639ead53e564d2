/// Values that are bytes, from a page.
protocol SliceDecoder {
    /// The next `count` values: slices of the page or of memory from `arena`.
    mutating func next(_ count: Int, into output: UnsafeMutablePointer<FieldBytes>, _ arena: TextArena) throws
}

/// PLAIN: length (4 bytes), bytes.
struct PlainSlices: SliceDecoder {
    var bytes: ByteReader

    mutating func next(_ count: Int, into output: UnsafeMutablePointer<FieldBytes>, _: TextArena) throws {
        for i in 0..<count {
            let length = Int(try bytes.word32())
            output[i] = FieldBytes(start: try bytes.take(length), count: length)
        }
    }
}

/// PLAIN of a fixed length.
struct FixedSlices: SliceDecoder {
    var bytes: ByteReader
    let width: Int

    mutating func next(_ count: Int, into output: UnsafeMutablePointer<FieldBytes>, _: TextArena) throws {
        for i in 0..<count { output[i] = FieldBytes(start: try bytes.take(width), count: width) }
    }
}

/// DELTA_LENGTH_BYTE_ARRAY: lengths as differences, then all bytes.
struct DeltaLengthSlices: SliceDecoder {
    private var lengths: DeltaDecoder
    private var bytes: ByteReader
    private var scratch: [Int64] = []

    init(_ bytes: ByteReader) throws {
        lengths = try DeltaDecoder(bytes)
        var whole = lengths
        self.bytes = try whole.rest()
    }

    mutating func next(_ count: Int, into output: UnsafeMutablePointer<FieldBytes>, _: TextArena) throws {
        try decode(&lengths, count, &scratch)
        for i in 0..<count {
            guard let length = Int32(exactly: scratch[i]) else {
                throw Fault.damaged("a length is out of range")
            }
            output[i] = FieldBytes(start: try bytes.take(Int(length)), count: Int(length))
        }
    }
}

/// DELTA_BYTE_ARRAY: lengths of what is shared with the value before, then the rests as ``DeltaLengthSlices``.
struct DeltaSlices: SliceDecoder {
    private var prefixes: DeltaDecoder
    private var suffixes: DeltaLengthSlices
    private var previous: [UInt8] = []
    private var scratch: [Int64] = []
    private var total = 0
    /// The length that every value must have, nil for any.
    private let width: Int?

    init(_ bytes: ByteReader, width: Int?) throws {
        prefixes = try DeltaDecoder(bytes)
        var whole = prefixes
        let rest = try whole.rest()
        suffixes = try DeltaLengthSlices(ByteReader(rest.base + rest.position, count: rest.left))
        self.width = width
    }

    mutating func next(_ count: Int, into output: UnsafeMutablePointer<FieldBytes>, _ arena: TextArena) throws
    {
        try decode(&prefixes, count, &scratch)
        try suffixes.next(count, into: output, arena)
        for i in 0..<count {
            guard let shared = Int(exactly: scratch[i]), (0...previous.count).contains(shared) else {
                throw Fault.damaged("a value shares more with the one before than that has")
            }
            let length = shared + output[i].count
            guard width == nil || width == length else {
                throw Fault.damaged("a value has another length than its type")
            }
            total += length
            guard total <= Limits.page else {
                throw Fault.tooLarge(
                    "a page's texts are larger than \(Limits.page >> 20) MiB when written out")
            }
            previous.removeLast(previous.count - shared)
            previous.append(contentsOf: output[i])
            let room = arena.room(length)
            previous.withUnsafeBufferPointer { bytes in
                if let base = bytes.baseAddress { room.update(from: base, count: length) }
            }
            output[i] = arena.take(length, of: room)
        }
    }
}

/// BYTE_STREAM_SPLIT of a fixed length.
struct SplitSlices: SliceDecoder {
    private let bytes: ByteReader
    private let width: Int
    private let total: Int
    private var position = 0

    init(_ bytes: ByteReader, width: Int) throws {
        guard bytes.count % width == 0 else { throw Fault.damaged("split streams have unequal lengths") }
        self.bytes = bytes
        self.width = width
        total = bytes.count / width
    }

    mutating func next(_ count: Int, into output: UnsafeMutablePointer<FieldBytes>, _ arena: TextArena) throws
    {
        guard count <= total - position else { throw Fault.ended }
        for i in 0..<count {
            let room = arena.room(width)
            for k in 0..<width { room[k] = bytes.base[k * total + position + i] }
            output[i] = arena.take(width, of: room)
        }
        position += count
    }
}

/// The next `count` numbers into `scratch`, which grows as needed.
private func decode(_ numbers: inout DeltaDecoder, _ count: Int, _ scratch: inout [Int64]) throws {
    if scratch.count < count { scratch = Array(repeating: 0, count: count) }
    try scratch.withUnsafeMutableBufferPointer { values in
        if let base = values.baseAddress { try numbers.next(count, into: base) }
    }
}
