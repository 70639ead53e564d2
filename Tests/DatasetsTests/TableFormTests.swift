import ClinicalData
import Datasets
import DelimitedText
import Foundation
import Groundwork
import TestSupport
import Testing

/// Forms of tables that a definition can name: dates in place of times, times in several columns, rows as patients.
@Suite struct TableFormTests {
    private static let canary = "CANARY5512"

    /// A folder with the given files and a definition of their tables (YAML, indented by two blanks).
    private func load(
        _ tables: String, _ files: [String: String], request: [String], shardSize: Int = 1000
    ) throws -> [LoadedEvents.ReadableEvent] {
        let folder = try TemporaryFolder("tables")
        for (name, text) in files {
            try text.write(toFile: folder.file(name), atomically: true, encoding: .utf8)
        }
        let definition = try DatasetDefinition(
            ConfigurationNode.parse("version: \"1\"\ntables:\n\(tables)", file: "own.yaml"), name: "own")
        return try LoadedEvents(definition, tables: request, root: folder.path, shardSize: shardSize).events
    }

    private func milliseconds(_ text: String) -> Int64? { Timestamp(text)?.milliseconds }

    @Test func aNoteWithoutATimeHasItsDate() throws {
        let table =
            "  notes: {file_path: n.csv, patient_id: pid, timestamp: charttime, attributes: [text], preprocess: chartdate_fallback}"
        let rows =
            "pid,chartdate,charttime,text\n1,2101-01-02,,a\n1,2101-01-01,2101-01-01 08:00:00,b\n1,,,c\n"
        let events = try load(table, ["n.csv": rows], request: ["notes"])
        #expect(events.map { $0.attributes["text"] } == ["c", "b", "a"])
        #expect(
            events.map(\.milliseconds) == [
                nil, milliseconds("2101-01-01 08:00:00"), milliseconds("2101-01-02"),
            ])
        let bad = "pid,chartdate,charttime,text\n1,\(Self.canary),,a\n"
        let error = #expect(throws: DatasetError.self) {
            try load(table, ["n.csv": bad], request: ["notes"])
        }
        #expect(error?.code == "data.unparsable-time")
        #expect(error?.message.contains("line 2") == true && error?.message.contains(Self.canary) == false)
    }

    @Test func timesInSeveralColumnsAreReadTogether() throws {
        let table = """
              parts: {file_path: p.csv, patient_id: pid, timestamp: [y, m, d], timestamp_format: "%Y%m%d", attributes: [x]}
            """
        let rows = "pid,y,m,d,x\n1,2101,02,03,a\n1,2100,02,29,b\n"
        #expect(throws: DatasetError.self) { try load(table, ["p.csv": rows], request: ["parts"]) }
        let good = "pid,y,m,d,x\n1,2101,02,03,a\n1,2101,,03,b\n1,2096,02,29,c\n"
        let events = try load(table, ["p.csv": good], request: ["parts"])
        #expect(events.map { $0.attributes["x"] } == ["b", "c", "a"])
        #expect(events.map(\.milliseconds) == [nil, milliseconds("2096-02-29"), milliseconds("2101-02-03")])
    }

    @Test(arguments: [1, 3, 1000]) func withoutAPatientColumnEveryRowIsAPatient(shardSize: Int) throws {
        let rows = "x\n" + (0..<12).map { "r\($0)" }.joined(separator: "\n") + "\n"
        let events = try load(
            "  rows: {file_path: r.csv, attributes: [x]}", ["r.csv": rows], request: ["rows"],
            shardSize: shardSize)
        let expected = (0..<12).map { "\($0)" }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        #expect(events.map(\.patient) == expected)
        #expect(events.map { $0.attributes["x"] } == expected.map { "r\($0)" })
    }

    @Test func joinsFollowEachOtherAndKeepQuotesAndNulls() throws {
        let table = """
              labs:
                file_path: labs.csv
                patient_id: pid
                attributes: [item, label, place]
                join:
                  - {file_path: items.csv, on: item, how: inner, columns: [label]}
                  - {file_path: places.csv, on: ward, how: left, columns: [place]}
            """
        let files = [
            "labs.csv": "pid,item,ward\n1,7,w\n1,8,v\n1,9,w\n1,7,\n",
            "items.csv": "item,label\n7,\"say \"\"a\"\"\"\n8,\n7,b\n",
            "places.csv": "ward,place\nw,north\nw,south\n",
        ]
        let found = try load(table, files, request: ["labs"]).map {
            [$0.attributes["item"], $0.attributes["label"], $0.attributes["place"]]
        }
        #expect(
            found == [
                ["7", "say \"a\"", "north"], ["7", "say \"a\"", "south"], ["7", "b", "north"],
                ["7", "b", "south"], ["8", nil, nil], ["7", "say \"a\"", nil], ["7", "b", nil],
            ])
    }

    /// Every row is a patient, whose id is its number.
    @Test func aTableThatCountsItsRowsIsCutAndLimitedAsOthersAre() throws {
        let folder = try TemporaryFolder("tables")
        let rows = "x\n" + (0..<25).map { "r\($0)\n" }.joined()
        try rows.write(toFile: folder.file("r.csv"), atomically: true, encoding: .utf8)
        let definition = try DatasetDefinition(
            ConfigurationNode.parse(
                "version: \"1\"\ntables: {rows: {file_path: r.csv, attributes: [x]}}", file: "own.yaml"),
            name: "own")
        let plan = try Inspector(definition: definition, root: folder.path).plan(
            tables: definition.tables, needs: [:], shardSize: 4, pieceBytes: 50, limit: 10)
        let all = (0..<25).map { "\($0)" }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        #expect(plan.splitters == [all[4], all[8]] && plan.endID == all[10])
        func events(shardSize: Int) throws -> [String] {
            try LoadedEvents(
                definition, tables: ["rows"], root: folder.path, shardSize: shardSize, pieceBytes: 50,
                memoryBudget: 16 << 20
            ).events.map { "\($0.attributes)" }
        }
        let whole = try events(shardSize: 1000)
        #expect(try whole.count == 25 && events(shardSize: 4) == whole)
    }

    @Test func theFirstPatientsAloneAreReadInDevelopment() throws {
        let folder = try TemporaryFolder("tables")
        let rows = "pid,x\n" + (0..<50).map { "\($0 % 25),r\($0)\n" }.joined()
        try rows.write(toFile: folder.file("r.csv"), atomically: true, encoding: .utf8)
        let definition = try DatasetDefinition(
            ConfigurationNode.parse(
                "version: \"1\"\ntables: {rows: {file_path: r.csv, patient_id: pid, attributes: [x]}}",
                file: "own.yaml"), name: "own")
        let plan = try Inspector(definition: definition, root: folder.path).plan(
            tables: definition.tables, needs: [:], shardSize: 4, pieceBytes: 50, limit: 10)
        let all = (0..<25).map { "\($0)" }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        #expect(plan.splitters == [all[4], all[8]])
        #expect(plan.endID == all[10])
        #expect(plan.mapTasks.count > 1)
        let joins = JoinCache()
        let files = try plan.mapTasks.indices.map { index in
            let path = folder.file("\(index).shuffle")
            _ = try ScanTask(definition: definition, root: folder.path, plan: plan, index: index)
                .run(to: path, joins: joins)
            return path
        }
        let patients = try (0..<plan.rangeCount).flatMap { range in
            let shard = try EventGatherer.gather(range: range, plan: plan, shuffleFiles: files)
            return shard.patientIDs.map { shard.symbols[$0] }
        }
        #expect(patients == Array(all.prefix(10)))
    }

    @Test func unknownTablesAndAttributesNameTheNearest() throws {
        let data = try SmallDataset()
        let table = #expect(throws: ConfigurationError.self) {
            try data.definition().tableOrder(requested: ["code"])
        }
        #expect(table?.code == "config.unknown-table" && table?.message.contains("\"codes\"?") == true)
        let attribute = #expect(throws: ConfigurationError.self) {
            try LoadedEvents(
                data.definition(), tables: ["codes"], needs: ["codes": ["cod"]], root: data.folder.path)
        }
        #expect(attribute?.code == "config.unknown-attribute")
        #expect(attribute?.message.contains("\"code\"?") == true)
        let name = #expect(throws: ConfigurationError.self) { try DatasetDefinition.builtIn("mimic2") }
        #expect(name?.code == "config.unknown-dataset" && name?.message.contains("mimic3") == true)
    }

    @Test func aKeyThatStandsTwiceIsNamedWithItsLine() {
        let text = "version: \"1\"\ntables:\n  a:\n    file_path: a.csv\n    file_path: b.csv\n"
        let error = #expect(throws: ConfigurationError.self) {
            try DatasetDefinition(ConfigurationNode.parse(text, file: "own.yaml"), name: "own")
        }
        #expect(error?.code == "config.duplicate-key")
        #expect(error?.message.contains("own.yaml") == true && error?.message.contains("line 4") == true)
        #expect(error?.message.contains("\"file_path\"") == true)
    }

    @Test func onlyTheNeededAttributesAreRead() throws {
        let data = try SmallDataset()
        let events = try LoadedEvents(
            data.definition(), tables: ["codes"], needs: ["visits": [], "codes": ["code"]],
            root: data.folder.path
        ).events
        #expect(events.map { $0.attributes.keys.sorted() } == [[], [], ["code"], ["code"], [], ["code"]])
    }
}
