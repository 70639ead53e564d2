import Datasets
import Foundation
import Groundwork
import TestSupport
import Testing

/// Which files decide whether stored events are those of the tables, and whom an inspection knows.
@Suite struct SourceStateTests {
    private func lines(_ own: SmallDataset, _ root: String) throws -> [String] {
        let definition = try own.definition()
        return try SourceState.lines(of: definition.tables, in: definition, root: root)
    }

    @Test func filesBehindLinksCountAndOthersDoNot() throws {
        let own = try SmallDataset()
        let linked = try TemporaryFolder("links")
        for name in ["visits.csv", "codes.csv"] {
            try FileManager.default.createSymbolicLink(
                atPath: linked.file(name), withDestinationPath: own.folder.file(name))
        }
        let root = linked.file("root")
        try FileManager.default.createSymbolicLink(atPath: root, withDestinationPath: linked.path)
        let before = try lines(own, root)
        #expect(before.count == 2)
        try own.write("notes.txt", "no table")
        #expect(try lines(own, root) == before)
        try own.write("codes.csv", SmallDataset.codes + "\n10,12,C,\n")
        #expect(try lines(own, root) != before)
    }

    @Test func partsOfAFolderOfParquetFilesMayBeLinks() throws {
        let folder = try TemporaryFolder("parquet")
        try Files.createFolder(folder.file("elsewhere"))
        try Files.createFolder(folder.file("data/train"))
        _ = FileManager.default.createFile(atPath: folder.file("data/train/0.parquet"), contents: nil)
        _ = FileManager.default.createFile(atPath: folder.file("elsewhere/1.parquet"), contents: nil)
        try FileManager.default.createSymbolicLink(
            atPath: folder.file("data/held_out"), withDestinationPath: folder.file("elsewhere"))
        let text = """
            version: "1"
            tables: {events: {file_path: "data/**.parquet", patient_id: pid, attributes: [code]}}
            """
        let definition = try DatasetDefinition(ConfigurationNode.parse(text, file: "own.yaml"), name: "own")
        #expect(try SourceState.lines(of: definition.tables, in: definition, root: folder.path).count == 2)
    }

    private static let people = """
        version: "1"
        default_tables: [deaths, people, patients]
        tables:
          deaths: {file_path: deaths.csv, patient_id: pid, attributes: [day]}
          people: {file_path: patients.csv, patient_id: pid, attributes: [sex]}
          patients: {file_path: patients.csv, patient_id: pid, attributes: [sex]}
        """

    /// The table of patients knows them all; the smallest may know but a few.
    @Test(arguments: [true, false]) func whoIsKeptDoesNotFollowFromTheSmallestTable(isNamed: Bool) throws {
        var own = try SmallDataset()
        own.definitionText =
            isNamed
            ? Self.people
            : Self.people.replacing("patients:", with: "persons:")
                .replacing("people, patients]", with: "people, persons]")
        try own.write("deaths.csv", "pid,day\nc,1\n")
        try own.write("patients.csv", "pid,sex\na,f\nb,m\nc,f\nd,m\n")
        let definition = try own.definition()
        let plan = try Inspector(definition: definition, root: own.folder.path).plan(
            tables: definition.tableOrder(requested: []), needs: [:], shardSize: 1, pieceBytes: 1 << 20,
            limit: 2)
        #expect(plan.splitters == ["b"] && plan.endID == "c")
        #expect(plan.reads("b") && !plan.reads("c"))
    }

    /// The first patients of all tables are kept, whether or not they have a row in the table of patients.
    @Test func whoHasNoRowAmongThePatientsCountsToo() throws {
        var own = try SmallDataset()
        own.definitionText = Self.people
        try own.write("deaths.csv", "pid,day\na,1\nb,1\nc,1\nd,1\n")
        try own.write("patients.csv", "pid,sex\nb,m\n")
        let definition = try own.definition()
        let plan = try Inspector(definition: definition, root: own.folder.path).plan(
            tables: definition.tableOrder(requested: []), needs: [:], shardSize: 1, pieceBytes: 1 << 20,
            limit: 2)
        #expect(plan.splitters == ["b"] && plan.endID == "c")
    }

    @Test func aTableThatIsOnlyOfferedMayBeMissingButNotDamaged() throws {
        let own = try SmallDataset()
        let definition = try own.definition()
        func tables() throws -> [String] {
            try Inspector(definition: definition, root: own.folder.path).plan(
                tables: definition.tableOrder(requested: ["codes"]), needs: ["visits": ["visit"]],
                offered: ["codes": ["code"]], shardSize: 10, pieceBytes: 1 << 20
            ).tables.map(\.name)
        }
        #expect(try tables() == ["visits", "codes"])
        try FileManager.default.removeItem(atPath: own.folder.file("codes.csv"))
        #expect(try tables() == ["visits"])
        try Data([0x1F, 0x8B, 8, 0]).write(to: URL(fileURLWithPath: own.folder.file("codes.csv.gz")))
        #expect(throws: (any Error).self) { try tables() }
    }
}
