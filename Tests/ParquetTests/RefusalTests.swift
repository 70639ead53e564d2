import Groundwork
import Parquet
import TestSupport
import Testing

@Suite struct RefusalTests {
    /// The error that reading `file` gives.
    static func error(_ file: SampleFile) throws -> ParquetError? {
        let folder = try TemporaryFolder("parquet")
        do {
            _ = try Cells.rows(file.open(in: folder))
            return nil
        } catch let error as ParquetError { return error }
    }

    /// A file with one required INT64 column of two rows.
    static func file(_ change: (inout SampleFile.Column) -> Void) -> SampleFile {
        var column = SampleFile.Column(
            name: "dose", type: 2, pages: [.init(count: 2, content: Packing.little(1) + Packing.little(2))])
        change(&column)
        return SampleFile(columns: [column], rows: 2)
    }

    @Test(arguments: [(3, "LZO"), (4, "BROTLI"), (5, "LZ4"), (99, "99")])
    func namesTheCodec(codec: Int, name: String) throws {
        let error = try #require(try Self.error(Self.file { $0.codec = codec }))
        #expect(error.code == "data.unsupported-parquet")
        #expect(error.message.contains(name) && error.message.contains("\"dose\""))
        #expect(error.message.contains("t.parquet"))
    }

    @Test(arguments: [(4, "BIT_PACKED"), (7, "DELTA_BYTE_ARRAY"), (77, "77")])
    func namesTheEncoding(encoding: Int, name: String) throws {
        let error = try #require(try Self.error(Self.file { $0.pages[0].encoding = encoding }))
        #expect(error.code == "data.unsupported-parquet")
        #expect(error.message.contains(name) && error.message.contains("\"dose\""))
    }

    @Test func nestedAndRepeatedColumnsAreNamedAndOthersRead() throws {
        let folder = try TemporaryFolder("parquet")
        let list = SampleFile.Column(name: "parents", repetition: 1, children: 1)
        let inner = SampleFile.Column(name: "list", type: 2, repetition: 2)
        let repeated = SampleFile.Column(name: "again", type: 2, repetition: 2)
        let flat = Self.file { _ in }.columns[0]
        let file = try SampleFile(columns: [list, inner, repeated, flat], rows: 2).open(in: folder)
        #expect(file.header == ["parents", "again", "dose"])
        for (column, word) in [(0, "nested"), (1, "repeated")] {
            let error = #expect(throws: ParquetError.self) { _ = try file.rows(columns: [column]) }
            #expect(error?.code == "data.unsupported-parquet")
            #expect(error?.message.contains(word) == true)
            #expect(error?.message.contains(file.header[column]) == true)
        }
        let reader = try file.rows(columns: [2])
        let block = try #require(try reader.next())
        #expect(String(decoding: block.field(1, 2), as: UTF8.self) == "2")
        #expect(try reader.next() == nil)
    }

    @Test func encryptedAndExternalColumnsAreRefused() throws {
        let external = try Self.error(Self.file { $0.chunkExtra = { $0.string(1, "other.parquet") } })
        #expect(external?.message.contains("another file") == true)
        let encrypted = try Self.error(Self.file { $0.chunkExtra = { $0.structure(8) { _ in } } })
        #expect(encrypted?.message.contains("encrypted") == true)
        #expect(
            [external?.code, encrypted?.code] == ["data.unsupported-parquet", "data.unsupported-parquet"])
    }

    @Test func aTypeWithoutATextIsRefused() throws {
        let error = try Self.error(
            Self.file {
                ($0.type, $0.length, $0.converted) = (7, 12, 21)
            })
        #expect(error?.code == "data.unsupported-parquet")
        #expect(error?.message.contains("INTERVAL") == true)
    }

    /// Changes of a sound column, and the code of the error that each must give.
    static let faults: [(name: String, code: String, change: @Sendable (inout SampleFile.Column) -> Void)] = [
        (
            "a page that is shorter than its values", "data.damaged-parquet",
            { $0.pages[0].content.removeLast() }
        ),
        ("fewer values than rows", "data.damaged-parquet", { $0.pages[0].count = 1 }),
        ("more values than rows", "data.damaged-parquet", { $0.pages[0].count = 3 }),
        ("a negative number of values", "data.damaged-parquet", { $0.pages[0].count = -1 }),
        ("no page", "data.damaged-parquet", { $0.pages = [] }),
        ("an unknown dictionary", "data.damaged-parquet", { $0.pages[0].encoding = 8 }),
        ("a negative size", "data.damaged-parquet", { $0.pages[0].uncompressedSize = -1 }),
        ("two sizes", "data.damaged-parquet", { $0.pages[0].uncompressedSize = 17 }),
        ("a huge size", "data.parquet-too-large", { $0.pages[0].uncompressedSize = Int(Int32.max) }),
        (
            "a wrong checksum", "data.damaged-parquet",
            {
                $0.pages[0].hasChecksum = true
                $0.pages[0].crc = 1
            }
        ),
        (
            "a snappy bomb", "data.parquet-too-large",
            {
                $0.codec = 1
                $0.pages[0].uncompressedSize = 200 << 20
                $0.pages[0].frame = Packing.varint(200 << 20) + [0, 0]
            }
        ),
        (
            "a zstd bomb", "data.parquet-too-large",
            {
                $0.codec = 6
                $0.pages[0].uncompressedSize = 250 << 20
                $0.pages[0].frame = Compression.zstdRun(0, count: 1 << 17)
            }
        ),
        (
            "more data than told", "data.damaged-parquet",
            {
                $0.codec = 2
                $0.pages[0].uncompressedSize = 16
                $0.pages[0].frame = Compression.gzip([UInt8](repeating: 0, count: 17))
            }
        ),
        (
            "less data than told", "data.damaged-parquet",
            {
                $0.codec = 7
                $0.pages[0].frame = Compression.lz4([UInt8](repeating: 0, count: 15))
            }
        ),
        ("a chunk before the file", "data.damaged-parquet", { $0.metadataExtra = { $0.integer64(9, -4) } }),
        (
            "a chunk behind the data", "data.damaged-parquet",
            { $0.metadataExtra = { $0.integer64(9, 1 << 40) } }
        ),
        (
            "a chunk that is too long", "data.damaged-parquet",
            { $0.metadataExtra = { $0.integer64(7, Int.max) } }
        ),
        (
            "another type than the schema", "data.damaged-parquet",
            { $0.metadataExtra = { $0.integer32(1, 6) } }
        ),
        (
            "a decimal beyond its digits", "data.damaged-parquet",
            { ($0.converted, $0.scale, $0.precision) = (5, 9, 2) }
        ),
        ("a text of whole numbers", "data.damaged-parquet", { $0.converted = 0 }),
        ("an unknown type", "data.damaged-parquet", { $0.type = 9 }),
        ("a fixed length of zero", "data.damaged-parquet", { ($0.type, $0.length) = (7, 0) }),
        (
            "delta blocks of no size", "data.damaged-parquet",
            {
                $0.pages[0].encoding = 5
                $0.pages[0].content = [0, 4, 2, 0]
            }
        ),
        (
            "huge delta blocks", "data.damaged-parquet",
            {
                $0.pages[0].encoding = 5
                $0.pages[0].content = Packing.varint(1 << 40) + [1, 2, 0]
            }
        ),
        (
            "differences of 65 bits", "data.damaged-parquet",
            {
                $0.pages[0].encoding = 5
                $0.pages[0].content =
                    Packing.varint(128) + [4, 2, 0, 0, 65, 0, 0, 0] + [UInt8](repeating: 0, count: 260)
            }
        ),
        (
            "a dictionary that is too small", "data.damaged-parquet",
            {
                $0.pages[0].encoding = 8
                $0.pages[0].content = [8, 4, 1]
                $0.pages.insert(.init(kind: 2, count: 1, content: Packing.little(5)), at: 0)
            }
        ),
        (
            "indices of 33 bits", "data.damaged-parquet",
            {
                $0.pages[0].encoding = 8
                $0.pages[0].content = [33, 4, 1, 0, 0, 0, 0]
                $0.pages.insert(.init(kind: 2, count: 1, content: Packing.little(5)), at: 0)
            }
        ),
        (
            "a dictionary with more values than bytes", "data.damaged-parquet",
            {
                $0.pages.insert(.init(kind: 2, count: 2, content: Packing.little(5)), at: 0)
            }
        ),
        (
            "two dictionaries", "data.damaged-parquet",
            {
                let page = SampleFile.Page(kind: 2, count: 1, content: Packing.little(5))
                $0.pages.insert(contentsOf: [page, page], at: 0)
            }
        ),
    ]

    @Test(arguments: faults.indices) func refuses(fault: Int) throws {
        let (name, code, change) = Self.faults[fault]
        let error = try Self.error(Self.file(change))
        #expect(error?.code == code, "\(name): \(error?.message ?? "no error")")
    }

    @Test func aTextThatGrowsWithEveryValueIsBounded() throws {
        // Every value shares all of the one before and adds nothing: a few KiB of page, 280 MB of text.
        let (rows, size) = (70_000, 4096)
        let prefixes = Packing.delta([0] + [Int64](repeating: Int64(size), count: rows - 1))
        let rests = Packing.delta([Int64(size)] + [Int64](repeating: 0, count: rows - 1))
        let content = prefixes + rests + [UInt8](repeating: 0x61, count: size)
        #expect(content.count < 16 << 10)
        let column = SampleFile.Column(
            name: "note", type: 6, pages: [.init(count: rows, encoding: 7, content: content)])
        let error = try Self.error(SampleFile(columns: [column], rows: rows))
        #expect(error?.code == "data.parquet-too-large", "\(error?.message ?? "no error")")
    }

    @Test func deepAndLongHeadersAreRefused() throws {
        let deep = SampleFile(columns: Self.file { _ in }.columns, rows: 2) { writer in
            func nest(_ writer: inout ThriftWriter, _ depth: Int) {
                if depth > 0 { writer.structure(20) { nest(&$0, depth - 1) } }
            }
            nest(&writer, 100)
        }
        #expect(try Self.error(deep)?.message.contains("nested too deeply") == true)
        let long = SampleFile(columns: Self.file { _ in }.columns, rows: 2) {
            $0.list(21, count: 1 << 30)
        }
        #expect(try Self.error(long)?.code == "data.damaged-parquet")
    }

    @Test func otherFilesAreNotParquet() throws {
        let folder = try TemporaryFolder("parquet")
        let path = folder.file("t.parquet")
        for (bytes, code) in [
            ("", "data.not-parquet"), ("subject_id,time\n1,2\n", "data.not-parquet"),
            ("PAR1----PAR1", "data.damaged-parquet"),
            ("PARE\0\0\0\0\0\0\0\0PARE", "data.unsupported-parquet"),
        ] {
            try bytes.write(toFile: path, atomically: false, encoding: .utf8)
            #expect(throws: ParquetError.self) { _ = try ParquetFile(path: path) }
            do { _ = try ParquetFile(path: path) } catch let error as ParquetError {
                #expect(error.code == code)
            }
        }
        let missing = #expect(throws: FileError.self) {
            _ = try ParquetFile(path: folder.file("none.parquet"))
        }
        #expect(missing?.code == "file.open")
    }

    @Test func messagesHoldNoCells() throws {
        let secret = "patient-4711"
        var column = SampleFile.Column(name: "dose", type: 6)
        column.pages = [.init(count: 2, content: Packing.plain([Array(secret.utf8)]))]
        let error = try #require(try Self.error(SampleFile(columns: [column], rows: 2)))
        #expect(!error.message.contains(secret))
    }
}
