import Foundation

/// A file's footer, checked against the file: `PAR1`, pages, metadata, its length (4 bytes), `PAR1`.
struct Footer {
    let columns: [ParquetColumn]
    let rowGroups: [ParquetFile.RowGroup]
    private static let magic: [UInt8] = Array("PAR1".utf8)
    private static let encryptedMagic: [UInt8] = Array("PARE".utf8)

    init(path: String, descriptor: Int32, size: Int) throws {
        let start = try Self.metadataStart(path, descriptor, size)
        let length = size - 8 - start
        let buffer = PaddedBuffer(length)
        let raw = UnsafeMutableRawBufferPointer(start: buffer.base, count: length)
        guard try readBytes(descriptor, path, raw, at: start) == length else { throw Fault.ended }
        var reader = ThriftReader(ByteReader(buffer.base, count: length))
        let metadata = try FileMetadata(&reader)
        let schema = try SchemaColumns(metadata.schema)
        columns = schema.columns
        rowGroups = try Self.rowGroups(metadata, leafCount: schema.leafCount, end: start)
    }

    /// Where the metadata begin.
    private static func metadataStart(_ path: String, _ descriptor: Int32, _ size: Int) throws -> Int {
        func bytes(at offset: Int, _ count: Int) throws -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: count)
            let got = try bytes.withUnsafeMutableBytes { try readBytes(descriptor, path, $0, at: offset) }
            guard got == count else { throw Fault.ended }
            return bytes
        }
        guard size >= 12 else {
            throw ParquetError.notParquet(file: path, reason: "it has only \(size) bytes")
        }
        let head = try bytes(at: 0, 4)
        let tail = try bytes(at: size - 8, 8)
        let end = Array(tail[4...])
        guard end != encryptedMagic, head != encryptedMagic else {
            throw Fault.unsupported("an encrypted file")
        }
        guard head == magic else {
            throw ParquetError.notParquet(file: path, reason: "it does not begin with PAR1")
        }
        guard end == magic else {
            throw ParquetError.notParquet(
                file: path, reason: "it does not end with PAR1, so it was not written or copied whole")
        }
        let length = tail[..<4].reversed().reduce(0) { $0 << 8 | Int($1) }
        guard length <= size - 12 else { throw Fault.damaged("the metadata are longer than the file") }
        guard length <= Limits.footer else {
            throw Fault.tooLarge("the metadata are longer than \(Limits.footer >> 20) MiB")
        }
        return size - 8 - length
    }

    /// The row groups, every chunk of which lies between the first magic and the metadata.
    private static func rowGroups(
        _ metadata: FileMetadata, leafCount: Int, end: Int
    ) throws -> [ParquetFile.RowGroup] {
        var groups: [ParquetFile.RowGroup] = []
        var firstRow = 0
        for stored in metadata.rowGroups {
            guard stored.chunks.count == leafCount else {
                throw Fault.damaged("a row group has \(stored.chunks.count) columns, the schema \(leafCount)")
            }
            guard (0...Int64(Limits.rows)).contains(stored.rowCount) else {
                throw Fault.damaged("a row group's number of rows is out of range")
            }
            let chunks = try stored.chunks.map { try chunk($0, isEmpty: stored.rowCount == 0, end: end) }
            groups.append(
                .init(
                    firstRow: firstRow, rowCount: Int(stored.rowCount),
                    byteCount: chunks.reduce(0) { $0 + $1.range.count }, chunks: chunks))
            firstRow += Int(stored.rowCount)
        }
        if let total = metadata.rowCount, total != Int64(firstRow) {
            throw Fault.damaged("the row groups have \(firstRow) rows, the file is said to have \(total)")
        }
        return groups
    }

    private static func chunk(_ stored: StoredChunk, isEmpty: Bool, end: Int) throws -> ParquetFile.Chunk {
        let refusal =
            stored.isEncrypted ? "an encrypted column" : stored.isElsewhere ? "a column in another file" : nil
        if isEmpty || refusal != nil {
            return .init(range: 0..<0, type: stored.type, codec: stored.codec, refusal: refusal)
        }
        var start = stored.dataOffset
        if let dictionary = stored.dictionaryOffset, dictionary > 0, dictionary < start { start = dictionary }
        guard stored.compressedSize >= 0, start >= 4, start <= Int64(end),
            stored.compressedSize <= Int64(end) - start
        else { throw Fault.damaged("a column lies outside the file's data") }
        return .init(
            range: Int(start)..<Int(start + stored.compressedSize), type: stored.type, codec: stored.codec,
            refusal: nil)
    }
}
