import Datasets
import Foundation
import Groundwork
import TestSupport
import Testing

/// A pair of files of notes, with and without identifying texts, is one table; what is not as it should be is refused with
/// file and line, never with text.
@Suite struct NoteTableTests {
    private static let canary = "CANARY6107"
    private static let plain = """
        START_OF_RECORD=2||||10||||
        Seen by Dr Ann Roe.
        ||||END_OF_RECORD

        START_OF_RECORD=2||||9||||
          He is "well",\ttoday.

        Call 555-1234
        ||||END_OF_RECORD
        START_OF_RECORD=10||||1||||no names||||END_OF_RECORD

        """
    private static let hidden =
        plain.replacing("Dr Ann Roe", with: "[**Doctor Name 1**]").replacing(
            "555-1234", with: "[**Phone 2**]")

    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder("notes") }

    private func write(_ name: String, _ bytes: some Sequence<UInt8>) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: folder.file(name)))
    }

    private func load(
        _ plain: String = Self.plain, _ hidden: String = Self.hidden, shardSize: Int = 1000
    ) throws -> [LoadedEvents.ReadableEvent] {
        try write("id.text", plain.utf8)
        try write("id.res", hidden.utf8)
        return try read(shardSize: shardSize)
    }

    private func read(shardSize: Int = 1000) throws -> [LoadedEvents.ReadableEvent] {
        try LoadedEvents(DatasetDefinition.builtIn("physionetdeid"), root: folder.path, shardSize: shardSize)
            .events
    }

    @Test(arguments: [1, 1000]) func everyNoteIsARowInOrderOfItsNumber(shardSize: Int) throws {
        let events = try load(shardSize: shardSize)
        #expect(events.map(\.patient) == ["10", "2", "2"])
        #expect(events.map { $0.attributes["note_id"] } == ["1", "9", "10"])
        #expect(
            events.map { $0.attributes["text"] } == [
                "no names", "He is \"well\", today. Call 555-1234", "Seen by Dr Ann Roe.",
            ])
        #expect(
            events.map { $0.attributes["labels"] } == [
                "O O", "O O O O O B-CONTACT", "O O B-PROFESSION I-PROFESSION I-PROFESSION",
            ])
        #expect(events.allSatisfy { $0.milliseconds == nil && $0.type == "physionet_deid" })
    }

    @Test func formsOfTheSameFilesGiveTheSameRows() throws {
        let expected = try load()
        let reversed = Self.hidden.components(separatedBy: "||||END_OF_RECORD").dropLast().reversed().map {
            $0 + "||||END_OF_RECORD"
        }
        #expect(try load(Self.plain, reversed.joined(separator: "\n")) == expected)
        let windows = Self.hidden.replacing("\n", with: "\r\n")
        #expect(try load(Self.plain, windows) == expected)
        #expect(try load("\u{FEFF}" + Self.plain, "\u{FEFF}" + windows) == expected)
        for name in ["id.text", "id.res"] {
            #expect(try Commands.runTool("gzip", [folder.file(name)], folder: folder).status == 0)
            #expect(try read() == expected, "\(name)")
        }
    }

    @Test func aNoteThatBeginsWithAQuoteKeepsIt() throws {
        let note = "START_OF_RECORD=1||||1||||\"a\" said, \"\"b||||END_OF_RECORD"
        #expect(try load(note, note).first?.attributes["text"] == "\"a\" said, \"\"b")
    }

    @Test func anEmptyNoteHasNoText() throws {
        let note = "START_OF_RECORD=1||||1||||\n \n||||END_OF_RECORD"
        #expect(try load(note, note).map(\.attributes) == [["note_id": "1"]])
    }

    @Test func aLongNoteIsRead() throws {
        let words = (0..<60_000).map { "w\($0 % 977)" }.joined(separator: " ")
        func note(_ name: String) -> String {
            "START_OF_RECORD=1||||1||||\(words) \(name) \(words)||||END_OF_RECORD"
        }
        let labels = try load(note("Roe"), note("[**Name**]")).first?.attributes["labels"] ?? ""
        #expect(labels.split(separator: " ").count == 120_001)
        #expect(labels.split(separator: " ").firstIndex(of: "B-NAME") == 60_000)
        let longer =
            "START_OF_RECORD=1||||1||||" + String(repeating: "a", count: 33 << 20) + "||||END_OF_RECORD"
        let found = failure(hiding: Self.canary) { _ = try load(longer, longer) }
        #expect(found.code == "data.bad-record" && found.message.contains("id.text, line 1"), "\(found)")
    }

    /// Faults: what is put in place of a text of the file, and what the message must say.
    @Test(arguments: [
        ("||||END_OF_RECORD\n\n", "\n", "line 1: ", "before the next, in line 4"),
        ("no names||||END_OF_RECORD\n", canary, "line 10: ", "no ||||END_OF_RECORD"),
        ("START_OF_RECORD=2||||9||||\n", canary, "line 5: ", "expected START_OF_RECORD"),
        ("START_OF_RECORD=2||||10||||", "", "line 2: ", "expected START_OF_RECORD"),
        ("\n\nSTART", "\n\(canary)\nSTART", "line 4: ", "expected START_OF_RECORD"),
        ("D\nSTART", "D\n||||END_OF_RECORD\nSTART", "line 10: ", "expected START_OF_RECORD"),
        ("=2||||9||||", "=2||||10||||", "line 5: ", "of the record in line 1"),
        ("=2||||9||||", "=2|||9||||", "line 5: ", "expected START_OF_RECORD"),
        ("=2||||9||||", "=a||||9||||", "line 5: ", "expected START_OF_RECORD"),
        ("=2||||9||||", "=||||9||||", "line 5: ", "expected START_OF_RECORD"),
    ])
    func aBadRecordIsNamedByFileAndLine(text: String, fault: String, line: String, words: String) throws {
        for (file, other) in [("id.text", "id.res"), ("id.res", "id.text")] {
            func bad(_ whole: String) -> String { whole.replacing(text, with: fault, maxReplacements: 1) }
            let found = failure(hiding: Self.canary) {
                _ = try load(
                    file == "id.text" ? bad(Self.plain) : Self.plain,
                    file == "id.res" ? bad(Self.hidden) : Self.hidden)
            }
            #expect(found.code == "data.bad-record", "\(file): \(found)")
            #expect(
                found.message.contains("/\(file), \(line)") && found.message.contains(words)
                    && !found.message.contains(other), "\(found)")
        }
    }

    @Test func aNoteThatIsInOneFileOnlyIsNamed() throws {
        let two =
            "START_OF_RECORD=1||||1||||a||||END_OF_RECORD\nSTART_OF_RECORD=1||||2||||\(Self.canary)||||END_OF_RECORD"
        let one = String(two.prefix { $0 != "\n" })
        for (texts, file, other) in [((two, one), "id.text", "id.res"), ((one, two), "id.res", "id.text")] {
            let found = failure(hiding: Self.canary) { _ = try load(texts.0, texts.1) }
            #expect(found.code == "data.bad-record", "\(found)")
            #expect(
                found.message.contains("/\(file), line 2")
                    && found.message.contains("/\(other) has no record"),
                "\(found)")
        }
    }

    @Test(arguments: ["id.text", "id.res"]) func aFileWithoutRecordsIsRefused(file: String) throws {
        let found = failure(hiding: Self.canary) {
            _ = try load(file == "id.text" ? "\n" : Self.plain, file == "id.res" ? "" : Self.hidden)
        }
        #expect(found.code == "data.bad-record" && found.message.contains(file), "\(found)")
    }

    @Test(arguments: ["id.text", "id.res"]) func aMissingFileIsNamed(file: String) throws {
        _ = try load()
        try FileManager.default.removeItem(atPath: folder.file(file))
        let found = failure(hiding: Self.canary) { _ = try read() }
        #expect(found.code == "data.missing-table" && found.message.contains(file), "\(found)")
    }

    @Test(arguments: ["id.text", "id.res"]) func bytesThatAreNoUTF8AreNamedByTheirLine(file: String) throws {
        _ = try load()
        let text = file == "id.text" ? Self.plain : Self.hidden
        try write(file, text.utf8.map { $0 == UInt8(ascii: ",") ? 0xE9 : $0 })
        let found = failure(hiding: Self.canary) { _ = try read() }
        #expect(found.code == "data.not-utf8" && found.message.contains("\(file), line 6"), "\(found)")
    }

    @Test(arguments: 1...40) func anyCutOrChangeIsReadOrRefused(seed: UInt64) throws {
        var stream = RandomStream(seed: seed, purpose: .test)
        var bytes = Array(Self.hidden.utf8)
        if seed % 2 == 0 {
            bytes.removeLast(1 + stream.nextInt(below: bytes.count))
        } else {
            bytes[stream.nextInt(below: bytes.count)] = UInt8(stream.nextInt(below: 256))
        }
        try write("id.text", Self.plain.utf8)
        try write("id.res", bytes)
        var count = 3
        let found = failure(hiding: Self.canary) { count = try read().count }
        #expect(count == 3, "seed \(seed)")
        #expect(["", "data.bad-record", "data.not-utf8"].contains(found.code), "seed \(seed): \(found)")
    }
}
