/// The bytes of a column chunk, read from the file piece by piece.
final class ChunkBytes {
    private let file: ParquetFile
    private let range: Range<Int>
    private let buffer = PaddedBuffer()
    /// The file's offset at which the buffer begins, and how many bytes it has.
    private var start = 0
    private var filled = 0

    init(_ file: ParquetFile, _ range: Range<Int>) {
        self.file = file
        self.range = range
    }

    /// The bytes from `offset` of the file on: `count`, fewer where the chunk ends; valid until the next call.
    func peek(_ offset: Int, _ count: Int) throws -> FieldBytes {
        let wanted = min(count, range.upperBound - offset)
        if offset < start || offset + wanted > start + filled {
            let size = min(max(wanted, Limits.window), range.upperBound - offset)
            buffer.reserve(size)
            filled = try file.read(UnsafeMutableRawBufferPointer(start: buffer.base, count: size), at: offset)
            start = offset
            guard filled >= wanted else { throw Fault.ended }
        }
        return FieldBytes(start: buffer.base + (offset - start), count: wanted)
    }
}
