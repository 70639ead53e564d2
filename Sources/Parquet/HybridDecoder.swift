/// Reads small numbers in runs, either of one repeated value or of packed bits: definition levels, dictionary indices,
/// booleans.
///
/// Run header: varint; lowest bit 0: `header >> 1` times one value in ⌈width/8⌉ bytes; 1: `header >> 1` groups of eight
/// values of `width` bits, lowest bits first.
struct HybridDecoder {
    private var bytes: ByteReader
    private let width: Int
    private var repeatLeft = 0
    private var repeated: UInt32 = 0
    private var packedLeft = 0
    private var packed: UnsafePointer<UInt8>
    private var bit = 0

    init(_ bytes: ByteReader, width: Int) throws {
        guard width <= 32 else { throw Fault.damaged("packed numbers have \(width) bits, more than 32") }
        self.bytes = bytes
        self.width = width
        packed = bytes.base
    }

    /// The next `count` numbers.
    mutating func next(_ count: Int, into output: UnsafeMutablePointer<UInt32>) throws {
        var done = 0
        while done < count {
            if repeatLeft > 0 {
                let length = min(repeatLeft, count - done)
                (output + done).update(repeating: repeated, count: length)
                repeatLeft -= length
                done += length
            } else if packedLeft > 0 {
                let length = min(packedLeft, count - done)
                unpack(length, into: output + done)
                packedLeft -= length
                done += length
            } else {
                try nextRun()
            }
        }
    }

    private mutating func nextRun() throws {
        let header = try bytes.varint()
        guard header >> 1 <= UInt64(Int32.max) else { throw Fault.damaged("a run is too long") }
        let length = Int(header >> 1)
        guard header & 1 == 1 else {
            repeated = 0
            for shift in 0..<(width + 7) / 8 { repeated |= UInt32(try bytes.byte()) << UInt32(8 * shift) }
            guard width == 32 || repeated >> UInt32(width) == 0 else {
                throw Fault.damaged("a repeated number has more bits than told")
            }
            repeatLeft = length
            return
        }
        // Writers may leave away what the last group does not need.
        let needed = length * width
        let available = min(needed, bytes.left)
        packed = try bytes.take(available)
        packedLeft = available == needed ? length * 8 : available * 8 / width
        bit = 0
        if length > 0, packedLeft == 0 { throw Fault.ended }
    }

    private mutating func unpack(_ count: Int, into output: UnsafeMutablePointer<UInt32>) {
        let mask = (UInt64(1) << UInt64(width)) - 1
        for i in 0..<count {
            let word = UnsafeRawPointer(packed + bit >> 3).loadUnaligned(as: UInt64.self)
            output[i] = UInt32(truncatingIfNeeded: (UInt64(littleEndian: word) >> UInt64(bit & 7)) & mask)
            bit += width
        }
    }
}
