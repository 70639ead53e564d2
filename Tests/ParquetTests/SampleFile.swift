import Foundation
import Parquet
import TestSupport

/// A Parquet file put together by hand: also such as no sound writer makes.
struct SampleFile {
    var columns: [Column]
    var rows: Int
    /// Row groups, each with all the columns' pages again.
    var groups = 1
    /// What is written into the metadata besides.
    var extra: (inout ThriftWriter) -> Void = { _ in }

    struct Column {
        var name = "c"
        /// Physical type's number; nil for a group.
        var type: Int?
        var length: Int?
        /// 0 required, 1 optional, 2 repeated.
        var repetition = 0
        var children = 0
        var converted: Int?
        var scale: Int?
        var precision: Int?
        var logical: ((inout ThriftWriter) -> Void)?
        var codec = 0
        var pages: [Page] = []
        /// Fields of the column's chunk and metadata besides or instead.
        var chunkExtra: (inout ThriftWriter) -> Void = { _ in }
        var metadataExtra: (inout ThriftWriter) -> Void = { _ in }
    }

    struct Page {
        /// 0 data, 2 dictionary, 3 data of version 2.
        var kind = 0
        var count: Int
        var encoding = 0
        /// Which rows have a value; nil for a required column.
        var present: [Bool]?
        var content: [UInt8]
        var hasChecksum = false
        /// In place of the true ones.
        var uncompressedSize: Int?
        var frame: [UInt8]?
        var crc: UInt32?
    }

    /// The file's bytes; `footerStart` is where the metadata begin.
    func bytes() -> (all: [UInt8], footerStart: Int) {
        var all = Array("PAR1".utf8)
        var chunks: [(column: Column, start: Int, data: Int, end: Int)] = []
        for _ in 0..<groups {
            for column in columns where column.type != nil {
                let start = all.count
                var data = start
                for page in column.pages {
                    if page.kind == 2 { data = all.count + page.bytes(codec: column.codec).count }
                    all += page.bytes(codec: column.codec)
                }
                chunks.append((column, start, data, all.count))
            }
        }
        let footer = footer(chunks)
        return (all + footer + Packing.little(UInt32(footer.count)) + Array("PAR1".utf8), all.count)
    }

    /// Writes the file into `folder` and opens it.
    func open(in folder: TemporaryFolder, name: String = "t.parquet") throws -> ParquetFile {
        let path = folder.file(name)
        try Data(bytes().all).write(to: URL(fileURLWithPath: path))
        return try ParquetFile(path: path)
    }

    private func footer(_ chunks: [(column: Column, start: Int, data: Int, end: Int)]) -> [UInt8] {
        var writer = ThriftWriter()
        writer.element { writer in
            writer.integer32(1, 2)
            writer.list(2, count: columns.count + 1)
            writer.element {
                $0.string(4, "schema")
                $0.integer32(5, topLevel)
            }
            for column in columns { writer.element(column.schema) }
            writer.integer64(3, rows * groups)
            writer.list(4, count: groups)
            let width = chunks.count / max(groups, 1)
            for group in 0..<groups {
                writer.element { writer in
                    writer.list(1, count: width)
                    for chunk in chunks[(group * width)..<((group + 1) * width)] {
                        writer.element { write(chunk, &$0) }
                    }
                    writer.integer64(2, chunks.reduce(0) { $0 + $1.end - $1.start })
                    writer.integer64(3, rows)
                }
            }
            extra(&writer)
        }
        return writer.bytes
    }

    /// Columns that are not below a group.
    private var topLevel: Int {
        var (count, below) = (0, 0)
        for column in columns {
            if below > 0 { below -= 1 } else { count += 1 }
            below += column.children
        }
        return count
    }

    private func write(
        _ chunk: (column: Column, start: Int, data: Int, end: Int), _ writer: inout ThriftWriter
    ) {
        chunk.column.chunkExtra(&writer)
        writer.integer64(2, chunk.start)
        writer.structure(3) { writer in
            writer.integer32(1, chunk.column.type ?? 0)
            writer.list(2, count: 1, kind: 5)
            writer.varint(0)
            writer.list(3, count: 1, kind: 8)
            writer.varint(UInt64(chunk.column.name.utf8.count))
            for byte in chunk.column.name.utf8 { writer.raw(byte) }
            writer.integer32(4, chunk.column.codec)
            writer.integer64(5, rows)
            writer.integer64(6, chunk.end - chunk.start)
            writer.integer64(7, chunk.end - chunk.start)
            writer.integer64(9, chunk.data)
            if chunk.data > chunk.start { writer.integer64(11, chunk.start) }
            chunk.column.metadataExtra(&writer)
        }
    }
}

extension SampleFile.Column {
    /// The element of the schema.
    func schema(_ writer: inout ThriftWriter) {
        if let type { writer.integer32(1, type) }
        if let length { writer.integer32(2, length) }
        writer.integer32(3, repetition)
        writer.string(4, name)
        if children > 0 { writer.integer32(5, children) }
        if let converted { writer.integer32(6, converted) }
        if let scale { writer.integer32(7, scale) }
        if let precision { writer.integer32(8, precision) }
        if let logical { writer.structure(10, logical) }
    }
}

extension SampleFile.Page {
    /// Header and content as they stand in the file.
    func bytes(codec: Int) -> [UInt8] {
        let isV2 = kind == 3
        let runs = present.map { Packing.hybrid($0.map { $0 ? 1 : 0 }, width: 1) } ?? []
        let levels = isV2 || present == nil ? [] : Packing.little(UInt32(runs.count)) + runs
        let body = levels + content
        let framed = frame ?? Compression.frame(body, codec: codec)
        let stored = (isV2 ? runs : []) + framed
        var writer = ThriftWriter()
        writer.element { writer in
            writer.integer32(1, kind)
            writer.integer32(2, uncompressedSize ?? body.count + (isV2 ? runs.count : 0))
            writer.integer32(3, stored.count)
            if hasChecksum {
                writer.integer32(4, Int(Int32(bitPattern: crc ?? Compression.crc32(stored))))
            }
            writer.structure(kind == 0 ? 5 : kind == 2 ? 7 : 8) { writer in
                writer.integer32(1, count)
                if isV2 {
                    writer.integer32(2, present?.filter { !$0 }.count ?? 0)
                    writer.integer32(3, count)
                    writer.integer32(4, encoding)
                    writer.integer32(5, runs.count)
                    writer.integer32(6, 0)
                } else {
                    writer.integer32(2, encoding)
                    if kind == 0 {
                        writer.integer32(3, 3)
                        writer.integer32(4, 3)
                    }
                }
            }
        }
        return writer.bytes + stored
    }
}
