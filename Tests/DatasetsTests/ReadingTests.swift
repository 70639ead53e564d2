import ClinicalData
import Datasets
import DelimitedText
import Foundation
import Groundwork
import TestSupport
import Testing

/// Tables become events as the definition says, whatever their form and however the work is cut.
@Suite struct ReadingTests {
    @Test func eventsAreInCanonicalOrderWithTheirTexts() throws {
        let events = try SmallDataset().load()
        #expect(events.map(\.patient) == ["10", "10", "10", "10", "2", "2"])
        #expect(events.map(\.type) == ["visits", "visits", "codes", "codes", "visits", "codes"])
        #expect(events[0].milliseconds == nil && events[0].attributes == ["visit": "12", "kind": "long"])
        #expect(events[1].attributes == ["visit": "11"])
        #expect(events[2].attributes == ["visit": "11", "code": "0010", "note": "two\nlines"])
        #expect(events[3].attributes["note"] == "a \"word\"")
        #expect(events[2].milliseconds == Timestamp("2101-01-03 10:00:00")?.milliseconds)
        #expect(events[4].attributes["kind"] == "short, planned")
        #expect(!events.contains { $0.attributes["note"] == "without partner" })
    }

    @Test func doubledQuotesOfAPatientsIdAreOne() throws {
        let id = "\"a\"\"b\""
        let events = try SmallDataset(
            visits: "pid,visit,start,stop,kind\n\(id),1,,,\nc,2,,,\n",
            codes: "pid,visit,code,note\n\(id),1,x,\n"
        ).load(shardSize: 1)
        #expect(events.map { "\($0.patient) \($0.type)" } == ["a\"b visits", "a\"b codes", "c visits"])
    }

    @Test func lineEndsBlankLinesAndTheByteOrderMarkDoNotMatter() throws {
        let plain = try SmallDataset().load()
        let windows = "\u{FEFF}" + SmallDataset.visits.replacing("\n", with: "\r\n") + "\r\n\r\n"
        #expect(try SmallDataset(visits: windows).load() == plain)
        #expect(try SmallDataset(visits: SmallDataset.visits.replacing("\n", with: "\n\n")).load() == plain)
    }

    @Test func tabsAndGzipGiveTheSameEvents() throws {
        let plain = try SmallDataset().load()
        var tabbed = try SmallDataset()
        tabbed.definitionText = tabbed.definitionText.replacing("visits.csv", with: "visits.tsv")
        let text = SmallDataset.visits.replacing("\"short, planned\"", with: "short; planned")
        try tabbed.write(
            "visits.tsv", text.replacing(",", with: "\t").replacing("short; planned", with: "short, planned"))
        #expect(try tabbed.load() == plain)
        let packed = try SmallDataset()
        for name in ["visits.csv", "codes.csv"] {
            let outcome = try Commands.runTool("gzip", [packed.folder.file(name)], folder: packed.folder)
            #expect(outcome.status == 0)
        }
        #expect(try packed.load() == plain)
    }

    @Test(arguments: 1...12) func cutsAndBudgetsChangeNothing(seed: UInt64) throws {
        var stream = RandomStream(seed: seed, purpose: .test)
        var visits = "pid,visit,start,stop,kind\n"
        var codes = "pid,visit,code,note\n"
        for visit in 0..<300 {
            let patient = stream.nextInt(below: 60)
            let day = 1 + stream.nextInt(below: 3)
            visits += "p\(patient),\(visit),2101-01-0\(day) 00:00:00,2101-01-0\(day) 12:00:00,k\(visit % 7)\n"
            for code in 0..<stream.nextInt(below: 6) {
                codes += "p\(patient),\(visit),c\(stream.nextInt(below: 40)),\"n,\n\(code)\"\n"
            }
        }
        let data = try SmallDataset(visits: visits, codes: codes)
        let expected = try data.load()
        #expect(expected.count > 300, "seed \(seed)")
        #expect(try data.load(shardSize: 7) == expected, "seed \(seed)")
        #expect(try data.load(memoryBudget: 1) == expected, "seed \(seed)")
        #expect(try data.load(shardSize: 13, memoryBudget: 2000, pieceBytes: 500) == expected, "seed \(seed)")
    }

    @Test func theDictionaryDoesNotDependOnHowFilesAreCut() throws {
        let codes =
            "pid,visit,code,note\n"
            + (0..<200).map { "\([2, 10, 10][$0 % 3]),\([20, 11, 12][$0 % 3]),c\($0 * 7 % 40),n\($0 % 11)\n" }
            .joined()
        let data = try SmallDataset(codes: codes)
        func shards(pieceBytes: Int, memoryBudget: Int) throws -> [EventShard] {
            try LoadedEvents(
                data.definition(), tables: ["codes"], root: data.folder.path, pieceBytes: pieceBytes,
                memoryBudget: memoryBudget
            ).shards
        }
        let whole = try shards(pieceBytes: 1 << 20, memoryBudget: 1 << 20)
        for (pieceBytes, memoryBudget) in [(300, 1 << 20), (1 << 20, 1), (100, 500)] {
            for (one, other) in zip(try shards(pieceBytes: pieceBytes, memoryBudget: memoryBudget), whole) {
                #expect(one.symbols.contents.bytes.elementsEqual(other.symbols.contents.bytes))
                #expect(one.patientIDs == other.patientIDs)
                #expect(one.tables.map(\.columns) == other.tables.map(\.columns))
            }
        }
    }

    @Test func aJoinedRowWithSeveralPartnersIsRepeatedInTheirOrder() throws {
        let visits = "pid,visit,start,stop,kind\n1,5,2101-01-01,2101-01-02,a\n1,5,2101-01-01,2101-01-03,b\n"
        let events = try SmallDataset(visits: visits, codes: "pid,visit,code,note\n1,5,X,\n").load()
        let times = events.filter { $0.type == "codes" }.map(\.milliseconds)
        #expect(times == [Timestamp("2101-01-02")?.milliseconds, Timestamp("2101-01-03")?.milliseconds])
    }

    @Test func rowsThatAJoinDropsAreCounted() throws {
        for pieceBytes in [1 << 20, 40] {
            var data = try SmallDataset()
            func dropped() throws -> [String: Int] {
                let definition = try data.definition()
                let plan = try Inspector(definition: definition, root: data.folder.path).plan(
                    tables: definition.tableOrder(requested: ["codes"]), needs: [:], shardSize: 10,
                    pieceBytes: pieceBytes)
                return try LocalEvents(definition, root: data.folder.path, plan: plan).dropped
            }
            #expect(try dropped() == ["visits": 0, "codes": 1])
            data.definitionText = data.definitionText.replacing("how: inner", with: "how: left")
            #expect(try dropped() == ["visits": 0, "codes": 0])
        }
    }

    @Test func aLeftJoinKeepsRowsWithoutPartner() throws {
        var data = try SmallDataset()
        data.definitionText = data.definitionText.replacing("how: inner", with: "how: left")
        let lone = try data.load().first { $0.attributes["note"] == "without partner" }
        #expect(lone != nil && lone?.milliseconds == nil)
    }

    @Test func timesOfAFormatAreReadByIt() throws {
        var data = try SmallDataset(visits: "pid,visit,start,stop,kind\n1,5,05.01.2101 10,2101-01-02,a\n")
        data.definitionText = data.definitionText.replacing(
            "timestamp: start", with: "timestamp: start, timestamp_format: \"%d.%m.%Y %H\"")
        #expect(try data.load().first?.milliseconds == Timestamp("2101-01-05 10:00:00")?.milliseconds)
    }
}
