import Datasets
import Foundation
import Groundwork
import TestSupport
import Testing

/// A job reads one part of a data set, by the file that tells every patient's part or by folder.
@Suite struct SubsetTests {
    private static let text = """
        version: "1"
        default_tables: [notes]
        subsets: {names: [train, test], file_path: parts.csv, column: Part, directory: data}
        tables:
          notes: {file_path: data/notes.csv, patient_id: pid, attributes: [note]}
          parts: {file_path: parts.csv, patient_id: pid, attributes: [part]}
          rows: {file_path: rows.csv, attributes: [row]}
        """

    private func definition(_ text: String = Self.text) throws -> DatasetDefinition {
        try DatasetDefinition(ConfigurationNode.parse(text, file: "own.yaml"), name: "own")
    }

    private func folder() throws -> TemporaryFolder {
        let folder = try TemporaryFolder("subset")
        try Files.createFolder(folder.file("data/train"))
        let files = [
            ("data/notes.csv", "pid,note\na,1\nb,2\na,3\nc,4\nd,5\n"),
            ("data/train/notes.csv", "pid,note\nc,4\n"),
            ("parts.csv", "pid,part\na,train\nb,test\nc,trainee\ne,train\n"), ("rows.csv", "row\nx\n"),
        ]
        for (name, text) in files {
            try text.write(toFile: folder.file(name), atomically: true, encoding: .utf8)
        }
        return folder
    }

    private func notes(_ definition: DatasetDefinition, _ root: String) throws -> [String?] {
        try LoadedEvents(definition, root: root).events.map { $0.attributes["note"] }
    }

    @Test func theFileOfPartsTellsWhoIsRead() throws {
        let folder = try folder()
        let own = try definition()
        #expect(try notes(own, folder.path) == ["1", "3", "2", "4", "5"])
        #expect(try notes(own.limited(to: "train", by: .metadata), folder.path) == ["1", "3"])
        #expect(try notes(own.limited(to: "test", by: .metadata), folder.path) == ["2"])
        let limited = try own.limited(to: "train", by: .metadata)
        let parts = try LoadedEvents(limited, tables: ["parts", "rows"], root: folder.path).events
        #expect(
            parts.map { "\($0.patient) \($0.type)" } == [
                "0 rows", "a notes", "a notes", "a parts", "e parts",
            ])
    }

    @Test func aPatientWhoStandsTwiceInTheFileOfPartsIsReadOnce() throws {
        let folder = try folder()
        try "pid,part\na,train\nb,test\na,train\na,train\n".write(
            toFile: folder.file("parts.csv"), atomically: true, encoding: .utf8)
        let limited = try definition().limited(to: "train", by: .metadata)
        #expect(try notes(limited, folder.path) == ["1", "3"])
        // Rows of the other parts are not orphans.
        let plan = try Inspector(definition: limited, root: folder.path).plan(
            tables: limited.tableOrder(requested: []), needs: [:], shardSize: 10, pieceBytes: 1 << 20)
        #expect(try LocalEvents(limited, root: folder.path, plan: plan).dropped.values.allSatisfy { $0 == 0 })
    }

    @Test func patientsAreCountedWithinThePart() throws {
        let folder = try folder()
        let limited = try definition().limited(to: "test", by: .metadata)
        let plan = try Inspector(definition: limited, root: folder.path).plan(
            tables: limited.tableOrder(requested: []), needs: [:], shardSize: 1, pieceBytes: 1 << 20, limit: 1
        )
        #expect(plan.splitters.isEmpty && plan.endID == nil)
    }

    @Test func aFolderOfItsOwnIsReadInstead() throws {
        let folder = try folder()
        #expect(try notes(definition().limited(to: "train", by: .directory), folder.path) == ["4"])
        let error = #expect(throws: DatasetError.self) {
            try notes(definition().limited(to: "test", by: .directory), folder.path)
        }
        #expect(error?.code == "data.missing-table" && error?.message.contains("data/test") == true)
    }

    @Test func otherPartsAndDataSetsWithoutPartsAreRefused() throws {
        let unknown = #expect(throws: ConfigurationError.self) {
            try definition().limited(to: "trian", by: .metadata)
        }
        #expect(unknown?.code == "config.unknown-value")
        #expect(unknown?.message.contains("Did you mean \"train\"?") == true)
        let none = #expect(throws: ConfigurationError.self) {
            try DatasetDefinition.builtIn("mimic3").limited(to: "train", by: .metadata)
        }
        #expect(none?.code == "config.no-subset")
    }

    @Test func aMissingColumnOfPartsIsFoundBeforeAnyWork() throws {
        let folder = try folder()
        let limited = try definition(Self.text.replacing("Part,", with: "portion,")).limited(
            to: "train", by: .metadata)
        let error = #expect(throws: DatasetError.self) {
            try Inspector(definition: limited, root: folder.path).check(limited.tables, needs: [:])
        }
        #expect(error?.code == "data.missing-column" && error?.message.contains("portion") == true)
    }

    @Test(.enabled(if: References.dataFolder("meds_mimic4_demo") != nil, "the MEDS demo is not there"))
    func partsOfMEDSAreTheSameByFileAndByFolderAndMakeUpAll() throws {
        let root = try #require(References.dataFolder("meds_mimic4_demo")).path
        let all = try DatasetDefinition.builtIn("meds")
        var count = 0
        var patients = Set<String>()
        for part in ["train", "tuning", "held_out"] {
            let byFile = try LoadedEvents(all.limited(to: part, by: .metadata), root: root).events
            let byFolder = try LoadedEvents(all.limited(to: part, by: .directory), root: root).events
            #expect(!byFile.isEmpty && byFile == byFolder)
            count += byFile.count
            let own = Set(byFile.map(\.patient))
            #expect(patients.isDisjoint(with: own))
            patients.formUnion(own)
        }
        #expect(try LoadedEvents(all, root: root).events.count == count)
    }

    /// subject_id (int64), time (timestamp in microseconds, no zone): (1, 0), (2, 60000000); written by pyarrow 26 as the
    /// rows of ``ParquetTableTests``. The marked bytes are `isAdjustedToUTC`.
    private static let moments = """
        UEFSMRUAFSwVLCwVBBUAFQYVBhwAAAACAAAABAEBAAAAAAAAAAIAAAAAAAAAFQAVLBUsLBUEFQAVBhUGHAAAAAIAAAAEAQAAAAAAAAAAAIeTAw
        AAAAAVBBk8NQAYBnNjaGVtYRUEABUEJQIYCnN1YmplY3RfaWQAFQQlAhgEdGltZSUUTIwSHCwAAAAAABYEGRwZLCYAHBUEGSUGABkYCnN1Ympl
        Y3RfaWQVABYEFlIWUiYISRwVABUAFQIAPCkGGSYABAAAACYAHBUEGSUGABkYBHRpbWUVABYEFlIWUiZaSRwVABUAFQIAPCkGGSYABAAAABakAR
        YEJggWpAEAKCBwYXJxdWV0LWNwcC1hcnJvdyB2ZXJzaW9uIDI2LjAuMRksHAAAHAAAANQAAABQQVIx
        """

    @Test func aTimeWithAZoneIsRefusedWhereNoneIsMeant() throws {
        let folder = try TemporaryFolder("zone")
        let zoned = Self.moments.replacing("TIwSHCw", with: "TIwRHCw")
        #expect(zoned != Self.moments)
        func problem(_ file: String, time: String, zoneless: Bool) throws -> DatasetError? {
            let data = try #require(Data(base64Encoded: file, options: .ignoreUnknownCharacters))
            try data.write(to: URL(fileURLWithPath: folder.file("own.parquet")))
            let text = """
                version: "1"
                tables:
                  own: {file_path: own.parquet, patient_id: subject_id, timestamp: \(time), zoneless: \(zoneless)}
                """
            let own = try definition(text)
            do {
                try Inspector(definition: own, root: folder.path).check(own.tables, needs: [:])
                return nil
            } catch let error as DatasetError { return error }
        }
        #expect(try problem(Self.moments, time: "time", zoneless: true) == nil)
        #expect(try problem(zoned, time: "time", zoneless: false) == nil)
        for (file, column) in [(zoned, "time"), (Self.moments, "subject_id")] {
            let error = try #require(try problem(file, time: column, zoneless: true))
            #expect(error.code == "data.zoned-time")
            #expect(error.message.contains("own.parquet") && error.message.contains("\"\(column)\""))
        }
    }

    @Test func theMEDSDefinitionWantsTimesWithoutAZone() throws {
        #expect(try DatasetDefinition.builtIn("meds").tables.first { $0.name == "meds" }?.isZoneless == true)
    }
}
