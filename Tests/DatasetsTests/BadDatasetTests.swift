import Datasets
import DelimitedText
import Foundation
import Groundwork
import TestSupport
import Testing

/// What is wrong with a data set is said with file, line and column, without any cell's content.
@Suite struct BadDatasetTests {
    private static let canary = "CANARY7731"

    @Test(arguments: [
        ("version: \"1\"\n", "", "config.missing-key", "version"),
        ("attributes: [visit, kind]", "atributes: [visit, kind]", "config.unknown-key", "attributes"),
        ("default_tables: [visits]", "default_tables: [visit]", "config.unknown-value", "visits"),
        ("how: inner", "how: outer", "config.unknown-value", "inner"),
        ("timestamp: start", "timestamp: start, timestamp: stop", "config.duplicate-key", "timestamp"),
        ("timestamp: start", "timestamp: start, timestamp_format: \"%j\"", "config", "timestamp_format"),
        (
            "attributes: [visit, kind]", "attributes: [visit, KIND, kind]", "config.duplicate-attribute",
            "kind"
        ),
        ("tables:\n", "tables:\n  VISITS: {file_path: v.csv}\n", "config.duplicate-table", "tables.visits"),
        ("tables:\n", "tabels:\n", "config.unknown-key", "tables"),
    ])
    func aDefinitionIsReadStrictly(from: String, to: String, code: String, word: String) throws {
        var data = try SmallDataset()
        #expect(data.definitionText.contains(from))
        data.definitionText = data.definitionText.replacing(from, with: to)
        let found = failure { _ = try data.definition() }
        #expect(found.code.hasPrefix(code), "\(found)")
        #expect(found.message.contains("own.yaml") && found.message.contains(word), "\(found)")
    }

    @Test(arguments: [
        (
            "10,11,2101-01-01 10:00:00,2101-01-03 10:00:00,", "10,11,CANARY7731,2101-01-03,",
            "data.unparsable-time", "line 3"
        ),
        ("10,12,,2101-02-03 10:00:00,long", "10,12,,CANARY7731", "data.ragged-row", "line 4"),
        ("10,12,,2101-02-03 10:00:00,long", "10,12,,,long,CANARY7731", "data.ragged-row", "line 4"),
        ("10,12,,2101-02-03 10:00:00,long", "10,12,,\"CANARY7731,long", "data.unclosed-quote", "line 4"),
        ("10,12,,2101-02-03 10:00:00,long", ",12,,,CANARY7731", "data.missing-patient-id", "line 4"),
        ("2101-01-03 10:00:00", "CANARY7731", "data.unparsable-time", "visits.csv, line 3"),
        ("PID,visit", "subject,visit", "data.missing-column", "\"pid\""),
    ])
    func aTableIsReadStrictly(from: String, to: String, code: String, place: String) throws {
        #expect(SmallDataset.visits.contains(from))
        let data = try SmallDataset(visits: SmallDataset.visits.replacing(from, with: to))
        let found = failure { _ = try data.load() }
        #expect(found.code == code, "\(found)")
        #expect(found.message.contains("visits.csv") && found.message.contains(place), "\(found)")
        #expect(!found.message.contains(Self.canary), "\(found)")
    }

    @Test func anUnparsableJoinedTimeThatNobodyUsesIsNoError() throws {
        let visits = SmallDataset.visits + "\n3,77,2101-01-01,\(Self.canary),x\n"
        #expect(try SmallDataset(visits: visits).load().contains { $0.patient == "3" })
    }

    @Test func aMissingTableNamesItsFile() throws {
        let data = try SmallDataset()
        try FileManager.default.removeItem(atPath: data.folder.file("codes.csv"))
        let found = failure { _ = try data.load() }
        #expect(found.code == "data.missing-table")
        #expect(found.message.contains("codes.csv") && found.message.contains("\"codes\""), "\(found)")
    }

    @Test(arguments: [0, 1, 9, 18, 60, 100]) func cutGzipDataAreNoticed(bytes: Int) throws {
        let data = try SmallDataset()
        #expect(
            try Commands.runTool("gzip", [data.folder.file("codes.csv")], folder: data.folder).status == 0)
        let path = data.folder.file("codes.csv.gz")
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        try whole.prefix(bytes).write(to: URL(fileURLWithPath: path))
        let found = failure { _ = try data.load() }
        #expect(
            ["data.truncated-gz", "data.no-header", "data.corrupt-gz"].contains(found.code),
            "\(bytes): \(found)")
    }

    @Test(arguments: 1...40) func changedGzipBytesAreNoticed(seed: UInt64) throws {
        let data = try SmallDataset()
        #expect(
            try Commands.runTool("gzip", ["-n", data.folder.file("codes.csv")], folder: data.folder).status
                == 0)
        let path = data.folder.file("codes.csv.gz")
        var whole = try Data(contentsOf: URL(fileURLWithPath: path))
        var stream = RandomStream(seed: seed, purpose: .test)
        // The header's flags, time and system may hold anything.
        let place = 10 + stream.nextInt(below: whole.count - 10)
        whole[place] ^= UInt8(1 << stream.nextInt(below: 8))
        try whole.write(to: URL(fileURLWithPath: path))
        let found = failure { _ = try data.load() }
        #expect(
            ["data.truncated-gz", "data.corrupt-gz"].contains(found.code),
            "seed \(seed), byte \(place): \(found)")
    }
}
