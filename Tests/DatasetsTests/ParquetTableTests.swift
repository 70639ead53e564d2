import Datasets
import Foundation
import Groundwork
import Parquet
import TestSupport
import Testing

/// Tables in Parquet files give the events that text files of the same rows give.
@Suite struct ParquetTableTests {
    /// Two rows of pid (int64), Skip (list), code, kind: (2, [1], `"q" x`, "a\r"), (2, [2], "b,c\nd", NULL).
    ///
    /// Written by pyarrow 26: `write_table(table, use_dictionary=False, write_statistics=False, compression="none",
    /// store_schema=False)`.
    static let rows = """
        UEFSMRUAFSwVLCwVBBUAFQYVBhwAAAACAAAABAECAAAAAAAAAAIAAAAAAAAAFQAVOBU4LBUEFQAVBhUGHAAAAAIAAAAEAAIAAAAEAwEAAAAAAAAA
        AgAAAAAAAAAVABUwFTAsFQQVABUGFQYcAAAAAgAAAAQBBQAAACJxIiB4BQAAAGIsYwpkFQAVGBUYLBUEFQAVBhUGHAAAAAIAAAADAQIAAABhDRUE
        GXw1ABgGc2NoZW1hFQgAFQQlAhgDcGlkADUCGARTa2lwFQIVBkw8AAAANQQYBGxpc3QVAgAVBCUCGAdlbGVtZW50ABUMJQIYBGNvZGUlAEwcAAAA
        FQwlAhgEa2luZCUATBwAAAAWBBkcGUwmABwVBBklBgAZGANwaWQVABYEFlIWUiYISRwVABUAFQIAPCkGGSYABAAAACYAHBUEGSUGABk4BFNraXAE
        bGlzdAdlbGVtZW50FQAWBBZeFl4mWkkcFQAVABUCADwpJgQAGUYAAAAEAAAAJgAcFQwZJQYAGRgEY29kZRUAFgQWVhZWJrgBSRwVABUAFQIAPBYU
        GQYZJgAEAAAAJgAcFQwZJQYAGRgEa2luZBUAFgQWPhY+Jo4CSRwVABUAFQIAPBYEGQYZJgICAAAAFsQCFgQmCBbEAgAoIHBhcnF1ZXQtY3BwLWFy
        cm93IHZlcnNpb24gMjYuMC4xGUwcAAAcAAAcAAAcAAAAcwEAAFBBUjE=
        """

    /// pid (int64) and k (int32): (1, 7), (2, 8); written as ``rows``.
    static let wholeNumbers = """
        UEFSMRUAFSwVLCwVBBUAFQYVBhwAAAACAAAABAEBAAAAAAAAAAIAAAAAAAAAFQAVHBUcLBUEFQAVBhUGHAAAAAIAAAAEAQcAAAAIAAAAFQQZPDUA
        GAZzY2hlbWEVBAAVBCUCGANwaWQAFQIlAhgBawAWBBkcGSwmABwVBBklBgAZGANwaWQVABYEFlIWUiYISRwVABUAFQIAPCkGGSYABAAAACYAHBUC
        GSUGABkYAWsVABYEFkIWQiZaSRwVABUAFQIAPCkGGSYABAAAABaUARYEJggWlAEAKCBwYXJxdWV0LWNwcC1hcnJvdyB2ZXJzaW9uIDI2LjAuMRks
        HAAAHAAAALUAAABQQVIx
        """
    /// pid (double) and k (int64): (1.0, 7), (NULL, 8), as pandas writes a shard with a gap.
    static let floatingNumbers = """
        UEFSMRUAFRwVHCwVBBUAFQYVBhwAAAACAAAAAwEAAAAAAADwPxUAFSwVLCwVBBUAFQYVBhwAAAACAAAABAEHAAAAAAAAAAgAAAAAAAAAFQQZPDUA
        GAZzY2hlbWEVBAAVCiUCGANwaWQAFQQlAhgBawAWBBkcGSwmABwVChklBgAZGANwaWQVABYEFkIWQiYISRwVABUAFQIAPCkGGSYCAgAAACYAHBUE
        GSUGABkYAWsVABYEFlIWUiZKSRwVABUAFQIAPCkGGSYABAAAABaUARYEJggWlAEAKCBwYXJxdWV0LWNwcC1hcnJvdyB2ZXJzaW9uIDI2LjAuMRks
        HAAAHAAAALUAAABQQVIx
        """
    /// pid, day (date32), k: (1, 2101-02-03, 7).
    static let dates = """
        UEFSMRUAFRwVHCwVAhUAFQYVBhwAAAACAAAAAgEBAAAAAAAAABUAFRQVFCwVAhUAFQYVBhwAAAACAAAAAgEIuwAAFQAVFBUULBUCFQAVBhUGHAAA
        AAIAAAACAQcAAAAVBBlMNQAYBnNjaGVtYRUGABUEJQIYA3BpZAAVAiUCGANkYXklDExsAAAAFQIlAhgBawAWAhkcGTwmABwVBBklBgAZGANwaWQV
        ABYCFkIWQiYISRwVABUAFQIAPCkGGSYAAgAAACYAHBUCGSUGABkYA2RheRUAFgIWOhY6JkpJHBUAFQAVAgA8KQYZJgACAAAAJgAcFQIZJQYAGRgB
        axUAFgIWOhY6JoQBSRwVABUAFQIAPCkGGSYAAgAAABa2ARYCJggWtgEAKCBwYXJxdWV0LWNwcC1hcnJvdyB2ZXJzaW9uIDI2LjAuMRk8HAAAHAAA
        HAAAAPUAAABQQVIx
        """

    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder("parquet-table") }

    /// Writes the two rows, with another name of the last column if told.
    func write(_ name: String, lastColumn: String = "kind") throws {
        var data = try #require(Data(base64Encoded: Self.rows, options: .ignoreUnknownCharacters))
        while let found = data.range(of: Data("kind".utf8)), lastColumn != "kind" {
            data.replaceSubrange(found, with: Data(lastColumn.utf8))
        }
        let url = URL(fileURLWithPath: folder.file(name))
        try Files.createFolder(url.deletingLastPathComponent().path)
        try data.write(to: url)
    }

    /// The events of one table.
    func load(_ table: String) throws -> [LoadedEvents.ReadableEvent] {
        try Self.load("own: {\(table)}", root: folder.path)
    }

    static func load(
        _ tables: String, root: String, shardSize: Int = 1000, pieceBytes: Int = 64 << 20
    ) throws -> [LoadedEvents.ReadableEvent] {
        let text = "version: \"1\"\ndefault_tables: [own]\ntables:\n  \(tables)\n"
        let definition = try DatasetDefinition(ConfigurationNode.parse(text, file: "own.yaml"), name: "own")
        return try LoadedEvents(
            definition, tables: ["own"], root: root, shardSize: shardSize, pieceBytes: pieceBytes
        ).events
    }

    @Test func textsAreThoseOfTheFileWhateverTheyHold() throws {
        try write("rows.parquet")
        let events = try load("file_path: rows.parquet, patient_id: pid, attributes: [code, kind]")
        #expect(events.map(\.patient) == ["2", "2"])
        #expect(events.map(\.attributes) == [["code": "\"q\" x", "kind": "a\r"], ["code": "b,c\nd"]])
    }

    @Test(arguments: [
        ("data", 4), ("data/**.parquet", 4), ("data/**/*.parquet", 4), ("data/*.parquet", 2),
        ("data/a.parquet", 2),
    ])
    func filesBelowAFolderAreOneTable(path: String, count: Int) throws {
        for name in ["data/a.parquet", "data/b/c.parquet", "data/_temporary/d.parquet"] { try write(name) }
        // Rows are the patients: their numbers go on from file to file.
        let events = try load("file_path: \"\(path)\", attributes: [code]")
        #expect(events.map(\.patient) == (0..<count).map(String.init))
        #expect(
            events.map { $0.attributes["code"] } == (0..<count).map { $0 % 2 == 0 ? "\"q\" x" : "b,c\nd" })
    }

    /// Two tables may share a folder.
    @Test(arguments: [("data/a*.parquet", 4), ("data/*[bc].parquet", 2), ("data/b*.parquet", 2)])
    func aPatternChoosesByName(path: String, count: Int) throws {
        for name in ["data/a1.parquet", "data/a2.parquet", "data/b1.parquet", "data/c/b.parquet"] {
            try write(name)
        }
        try write("data/xc.PARQUET")
        #expect(try load("file_path: \"\(path)\", attributes: [code]").count == count)
        #expect(throws: DatasetError.self) { try load("file_path: \"data/x*y.parquet\", attributes: [code]") }
    }

    @Test func aStarInAFoldersNameIsALetter() throws {
        try write("w*/d/a.parquet")
        #expect(try load("file_path: \"w*/d/*.parquet\", attributes: [code]").count == 2)
        #expect(throws: DatasetError.self) { try load("file_path: \"*/d/a.parquet\", attributes: [code]") }
    }

    @Test func aTextFileMayJoinAParquetFile() throws {
        try write("right.parquet")
        try "pid,x\n1,one\n2,two\n".write(toFile: folder.file("left.csv"), atomically: true, encoding: .utf8)
        let events = try load(
            "file_path: left.csv, patient_id: pid, attributes: [x, code], "
                + "join: [{file_path: right.parquet, on: pid, how: left, columns: [code]}]")
        #expect(events.map { $0.attributes["x"] } == ["one", "two", "two"])
        #expect(events.map { $0.attributes["code"] } == [nil, "\"q\" x", "b,c\nd"])
    }

    @Test func aFileWithOtherColumnsIsRefused() throws {
        try write("data/a.parquet")
        try write("data/b.parquet", lastColumn: "mind")
        let error = #expect(throws: DatasetError.self) {
            _ = try load("file_path: data, patient_id: pid, attributes: [code]")
        }
        #expect(error?.code == "data.different-columns")
        #expect(error?.message.contains("b.parquet") == true)
    }

    private func write(_ name: String, base64: String) throws {
        try Files.createFolder(folder.file("data"))
        try #require(Data(base64Encoded: base64, options: .ignoreUnknownCharacters)).write(
            to: URL(fileURLWithPath: folder.file(name)))
    }

    /// 1 and 1.0 are different ids.
    @Test func aFileWithOtherTypesIsRefusedWhereTheyAreRead() throws {
        try write("data/a.parquet", base64: Self.wholeNumbers)
        try write("data/b.parquet", base64: Self.floatingNumbers)
        let error = #expect(throws: DatasetError.self) {
            _ = try load("file_path: data, patient_id: pid, attributes: [k]")
        }
        #expect(error?.code == "data.different-types")
        #expect(error?.message.contains("b.parquet: column \"pid\"") == true, "\(error?.message ?? "")")
        // Whole numbers of other widths are the same texts.
        #expect(
            try load("file_path: data, attributes: [k]").map { $0.attributes["k"] } == ["7", "8", "7", "8"])
    }

    @Test func datesOfTheFileNeedNoFormat() throws {
        try write("data/d.parquet", base64: Self.dates)
        for format in ["\"%Y-%m-%d %H:%M:%S\"", "\"%d/%m/%Y\""] {
            let events = try load(
                "file_path: data, patient_id: pid, timestamp: day, timestamp_format: \(format), attributes: [k]"
            )
            #expect(events.map(\.attributes) == [["k": "7"]])
            // 2101-02-03 in milliseconds since 1970.
            #expect(events.map(\.milliseconds) == [4_136_832_000_000])
        }
    }

    @Test func keysWithQuotesJoinWhateverTheFiles() throws {
        try write("rows.parquet")
        try "code,extra\n\"\"\"q\"\" x\",yes\n".write(
            toFile: folder.file("right.csv"), atomically: true, encoding: .utf8)
        let events = try load(
            "file_path: rows.parquet, patient_id: pid, attributes: [extra], "
                + "join: [{file_path: right.csv, on: code, how: inner, columns: [extra]}]")
        #expect(events.map { $0.attributes["extra"] } == ["yes"])
    }

    @Test func aNestedColumnIsRefusedOnlyIfItIsNeeded() throws {
        try write("rows.parquet")
        let error = #expect(throws: ParquetError.self) {
            _ = try load("file_path: rows.parquet, patient_id: pid, attributes: [skip]")
        }
        #expect(error?.code == "data.unsupported-parquet")
        #expect(error?.message.contains("Skip") == true)
    }

    @Test(arguments: ["data/**.parquet", "rows.parquet"]) func missingFilesAreAMissingTable(path: String)
        throws
    {
        try Files.createFolder(folder.file("data"))
        let error = #expect(throws: DatasetError.self) {
            _ = try load("file_path: \"\(path)\", patient_id: pid, attributes: [code]")
        }
        #expect(error?.code == "data.missing-table")
    }

    @Test(.enabled(if: References.dataFolder("meds_mimic4_demo") != nil, "the MEDS demo is not there"))
    func shardsGiveTheEventsOfTheirTextFile() throws {
        let root = try #require(References.dataFolder("meds_mimic4_demo")).path
        let rest = "patient_id: subject_id, timestamp: time, attributes: [code, numeric_value]}"
        let expected = try Self.load("own: {file_path: events_as_csv.csv.gz, \(rest)", root: root)
        #expect(expected.count > 1000)
        for (shardSize, pieceBytes) in [(1000, 64 << 20), (7, 1)] {
            let events = try Self.load(
                "own: {file_path: data/**.parquet, \(rest)", root: root, shardSize: shardSize,
                pieceBytes: pieceBytes)
            #expect(events == expected)
        }
    }
}
