/// The pages of one column in one row group, one after the other.
final class PageStream {
    private let bytes: ChunkBytes
    private let end: Int
    private let codec: Codec
    private let decompressor: Decompressor
    private let output = PaddedBuffer()
    /// The file's offset of the next page, and of the one read last for errors.
    private(set) var offset: Int
    private(set) var pageOffset: Int

    /// A page whose sizes and checksum are checked; its bytes are valid until the next one is read.
    struct Page {
        let header: PageHeader
        /// Definition levels of version 2.
        let levels: ByteReader?
        /// All other bytes, decompressed.
        let content: ByteReader
    }

    init(_ file: ParquetFile, _ chunk: ParquetFile.Chunk, _ decompressor: Decompressor) throws {
        bytes = ChunkBytes(file, chunk.range)
        (offset, pageOffset, end) = (chunk.range.lowerBound, chunk.range.lowerBound, chunk.range.upperBound)
        codec = try Codec(number: chunk.codec)
        self.decompressor = decompressor
    }

    /// The next page, nil at the chunk's end.
    func next() throws -> Page? {
        pageOffset = offset
        guard offset < end else { return nil }
        let (header, length) = try readHeader()
        guard header.compressedSize <= end - offset - length else {
            throw Fault.damaged("a page reaches beyond its column")
        }
        let stored = try bytes.peek(offset + length, header.compressedSize)
        offset += length + header.compressedSize
        if let crc = header.crc, crc != crc32(stored) { throw Fault.damaged("a page's checksum is wrong") }
        return try decompressed(header, stored)
    }

    /// The header at ``offset`` and its length, which is only known when it was read.
    private func readHeader() throws -> (PageHeader, Int) {
        var size = 1 << 10
        while true {
            let available = try bytes.peek(offset, size)
            guard let base = available.baseAddress else { throw Fault.ended }
            do {
                var reader = ThriftReader(ByteReader(base, count: available.count))
                let header = try PageHeader(&reader)
                return (header, reader.bytes.position)
            } catch Fault.ended where available.count == size {
                size *= 8
                guard size <= Limits.pageHeader else {
                    throw Fault.tooLarge("a page's header is longer than \(Limits.pageHeader >> 20) MiB")
                }
            }
        }
    }

    private func decompressed(_ header: PageHeader, _ stored: FieldBytes) throws -> Page {
        guard let base = stored.baseAddress else { throw Fault.ended }
        var whole = ByteReader(base, count: stored.count)
        var levels: ByteReader?
        var size = header.uncompressedSize
        var isCompressed = codec != .none
        if case .data(let page) = header.kind, let lengths = page.levels {
            guard lengths.repetition == 0 else {
                throw Fault.damaged("a page of a flat column has repetition levels")
            }
            levels = try whole.part(lengths.definition)
            size -= lengths.definition
            isCompressed = isCompressed && page.isCompressed
        }
        let rest = ByteReader(base + whole.position, count: whole.left)
        guard isCompressed else {
            guard size == rest.count else {
                throw Fault.damaged("an uncompressed page has two different sizes")
            }
            return Page(header: header, levels: levels, content: rest)
        }
        guard size >= 0 else { throw Fault.damaged("a page's levels are longer than the page") }
        try decompressor.decompress(
            FieldBytes(start: rest.base, count: rest.count), codec, to: output, size: size)
        return Page(header: header, levels: levels, content: ByteReader(output.base, count: size))
    }
}
