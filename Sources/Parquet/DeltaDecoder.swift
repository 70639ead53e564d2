/// Reads whole numbers in DELTA_BINARY_PACKED.
///
/// Header: values per block, miniblocks per block, number of values (varints), first value (zigzag). Block: least difference
/// (zigzag), one byte with the bits per difference for every miniblock, the miniblocks' packed differences.
struct DeltaDecoder {
    private var bytes: ByteReader
    private let miniblockCount: Int
    private let miniblockSize: Int
    /// Values not handed out yet.
    private(set) var left: Int
    private var isFirst = true
    private var value: Int64
    private var least: Int64 = 0
    private var widths: UnsafePointer<UInt8>
    private var miniblock: Int
    private var inMiniblock = 0
    private var packed: UnsafePointer<UInt8>
    private var width = 0
    private var bit = 0

    init(_ bytes: ByteReader) throws {
        var bytes = bytes
        let block = try bytes.length(limit: Limits.deltaBlock)
        miniblockCount = try bytes.length(limit: Limits.deltaBlock)
        left = try bytes.length(limit: Int(Int32.max))
        value = try bytes.zigzag()
        guard block > 0, miniblockCount > 0, block % miniblockCount == 0, block / miniblockCount % 8 == 0
        else {
            throw Fault.damaged("a block of differences has a size that the format does not allow")
        }
        miniblockSize = block / miniblockCount
        miniblock = miniblockCount
        widths = bytes.base
        packed = bytes.base
        self.bytes = bytes
    }

    /// The next `count` values.
    mutating func next(_ count: Int, into output: UnsafeMutablePointer<Int64>) throws {
        guard count <= left else { throw Fault.damaged("there are fewer numbers than values") }
        left -= count
        var done = 0
        if isFirst, count > 0 {
            output[0] = value
            isFirst = false
            done = 1
        }
        while done < count {
            if inMiniblock == 0 { try nextMiniblock() }
            let length = min(inMiniblock, count - done)
            unpack(length, into: output + done)
            inMiniblock -= length
            done += length
        }
    }

    /// Goes over all values without decoding them and returns what follows.
    mutating func rest() throws -> ByteReader {
        var more = left - (isFirst ? 1 : 0)
        while more > 0 {
            try nextMiniblock()
            more -= miniblockSize
        }
        left = 0
        return bytes
    }

    private mutating func nextMiniblock() throws {
        if miniblock == miniblockCount {
            least = try bytes.zigzag()
            widths = try bytes.take(miniblockCount)
            miniblock = 0
        }
        width = Int(widths[miniblock])
        guard width <= 64 else { throw Fault.damaged("a difference has more than 64 bits") }
        packed = try bytes.take(miniblockSize / 8 * width)
        bit = 0
        miniblock += 1
        inMiniblock = miniblockSize
    }

    private mutating func unpack(_ count: Int, into output: UnsafeMutablePointer<Int64>) {
        let mask = width == 64 ? UInt64.max : (UInt64(1) << UInt64(width)) - 1
        for i in 0..<count {
            let start = UnsafeRawPointer(packed + bit >> 3)
            let shift = UInt64(bit & 7)
            var bits = UInt64(littleEndian: start.loadUnaligned(as: UInt64.self)) >> shift
            if shift > 0, Int(shift) + width > 64 {
                bits |= UInt64(start.load(fromByteOffset: 8, as: UInt8.self)) << (64 - shift)
            }
            value = value &+ least &+ Int64(bitPattern: bits & mask)
            output[i] = value
            bit += width
        }
    }
}
