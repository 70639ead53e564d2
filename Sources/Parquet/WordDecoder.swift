/// Values of at most eight bytes from a page: integers sign-extended, floats and booleans as bits.
protocol WordDecoder {
    /// The next `count` values.
    mutating func next(_ count: Int, into output: UnsafeMutablePointer<UInt64>) throws
}

/// PLAIN integers and floats.
struct PlainWords: WordDecoder {
    var bytes: ByteReader
    let width: Int

    mutating func next(_ count: Int, into output: UnsafeMutablePointer<UInt64>) throws {
        let raw = UnsafeRawPointer(try bytes.take(count * width))
        if width == 8 {
            for i in 0..<count {
                output[i] = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: i * 8, as: UInt64.self))
            }
        } else {
            for i in 0..<count {
                let word = Int32(littleEndian: raw.loadUnaligned(fromByteOffset: i * 4, as: Int32.self))
                output[i] = UInt64(bitPattern: Int64(word))
            }
        }
    }
}

/// PLAIN booleans: one bit each, lowest first.
struct PlainBooleans: WordDecoder {
    private let bytes: ByteReader
    private var bit = 0

    init(_ bytes: ByteReader) { self.bytes = bytes }

    mutating func next(_ count: Int, into output: UnsafeMutablePointer<UInt64>) throws {
        guard count <= bytes.count * 8 - bit else { throw Fault.ended }
        for i in 0..<count {
            output[i] = UInt64(bytes.base[bit >> 3] >> UInt8(bit & 7) & 1)
            bit += 1
        }
    }
}

/// Booleans in RLE: length (4 bytes), runs.
struct RunBooleans: WordDecoder {
    private var runs: HybridDecoder
    private var scratch: [UInt32] = []

    init(_ bytes: ByteReader) throws {
        var bytes = bytes
        let length = Int(try bytes.word32())
        runs = try HybridDecoder(bytes.part(length), width: 1)
    }

    mutating func next(_ count: Int, into output: UnsafeMutablePointer<UInt64>) throws {
        if scratch.count < count { scratch = Array(repeating: 0, count: count) }
        try scratch.withUnsafeMutableBufferPointer { values in
            guard let base = values.baseAddress else { return }
            try runs.next(count, into: base)
            for i in 0..<count { output[i] = UInt64(base[i]) }
        }
    }
}

/// Integers in DELTA_BINARY_PACKED; those of 32 bits wrap around at 32.
struct DeltaWords: WordDecoder {
    private var differences: DeltaDecoder
    private let is32: Bool

    init(_ bytes: ByteReader, width: Int) throws {
        differences = try DeltaDecoder(bytes)
        is32 = width == 4
    }

    mutating func next(_ count: Int, into output: UnsafeMutablePointer<UInt64>) throws {
        try output.withMemoryRebound(to: Int64.self, capacity: count) {
            try differences.next(count, into: $0)
        }
        guard is32 else { return }
        for i in 0..<count {
            output[i] = UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: output[i])))
        }
    }
}

/// BYTE_STREAM_SPLIT: first all lowest bytes, then all second ones, and so on.
struct SplitWords: WordDecoder {
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

    mutating func next(_ count: Int, into output: UnsafeMutablePointer<UInt64>) throws {
        guard count <= total - position else { throw Fault.ended }
        for i in 0..<count {
            var word: UInt64 = 0
            for k in 0..<width { word |= UInt64(bytes.base[k * total + position + i]) << UInt64(8 * k) }
            output[i] = width == 4 ? UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: word))) : word
        }
        position += count
    }
}
