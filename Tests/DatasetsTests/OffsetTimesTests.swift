import ClinicalData
import Datasets
import Foundation
import Groundwork
import TestSupport
import Testing

/// A data set without times gets them from its offsets, on request.
@Suite struct OffsetTimesTests {
    private static let text = """
        version: "1"
        default_tables: [stays]
        offset_times: {file_path: stays.csv, stay: Stay, patient: pid, admission: adm, year: year, begin: admitted, end: left}
        tables:
          stays: {file_path: stays.csv, patient_id: pid, offset: 0, attributes: [stay]}
          labs: {file_path: labs.csv, patient_id: pid, offset: Minute, attributes: [value]}
          wards: {file_path: wards.csv, patient_id: pid, attributes: [ward]}
        """

    private static let stays = """
        pid,stay,adm,year,admitted,left
        a,1,11,2014,-60,1440
        a,2,11,2014,-1440,60
        a,3,12,2014,,600
        a,4,13,2013,0,1
        b,5,14,2014,-1,2
        """

    private static let labs = """
        pid,stay,minute,value
        a,1,-70,before
        a,1,30,in
        a,2,0,later
        a,3,0,second
        a,4,0,first
        a,1,,unknown
        a,9,0,nowhere
        b,5,0,other
        """

    private func folder(stays: String = Self.stays, labs: String = Self.labs) throws -> TemporaryFolder {
        let folder = try TemporaryFolder("offsets")
        let files = [("stays.csv", stays), ("labs.csv", labs), ("wards.csv", "pid,ward\na,north\n")]
        for (name, text) in files {
            try text.write(toFile: folder.file(name), atomically: true, encoding: .utf8)
        }
        return folder
    }

    private func definition(_ text: String = Self.text) throws -> DatasetDefinition {
        try DatasetDefinition(ConfigurationNode.parse(text, file: "own.yaml"), name: "own")
    }

    private func load(
        _ definition: DatasetDefinition, _ folder: TemporaryFolder
    ) throws -> [LoadedEvents.ReadableEvent] {
        try LoadedEvents(definition, tables: ["labs", "wards"], root: folder.path).events
    }

    private func time(_ text: String) -> Int64? { Timestamp(text)?.milliseconds }

    @Test func admissionsFollowEachOtherByYearAndRow() throws {
        let events = try load(try definition().timedByOffsets(), try folder())
        let values = Dictionary(
            uniqueKeysWithValues: events.filter { $0.type == "labs" }.map {
                ($0.attributes["value"] ?? "", $0.milliseconds)
            })
        // The admission of 2013 comes first although its row is the last one.
        #expect(values["first"] == time("2013-01-01 00:00:00"))
        // Both stays of admission 11 are counted from its beginning.
        #expect(values["before"] == time("2013-12-31 23:50:00"))
        #expect(values["in"] == time("2014-01-01 01:30:00"))
        #expect(values["later"] == time("2014-01-02 00:00:00"))
        // Admission 11 ends on 2 January at 01:00; the next one of that year begins on the second midnight after.
        #expect(values["second"] == time("2014-01-04 00:00:00"))
        // Patients do not share a calendar.
        #expect(values["other"] == time("2014-01-01 00:01:00"))
        #expect(values["unknown"] == .some(nil) && values["nowhere"] == .some(nil))
        let stays = events.filter { $0.type == "stays" }
        #expect(stays.map { $0.attributes["stay"] } == ["4", "1", "2", "3", "5"])
        #expect(stays[1].milliseconds == time("2014-01-01 01:00:00"))
        #expect(events.first { $0.type == "wards" }.map { $0.milliseconds == nil } == true)
    }

    @Test func withoutTheOptionThereAreNoTimes() throws {
        #expect(try load(definition(), folder()).allSatisfy { $0.milliseconds == nil })
    }

    @Test(arguments: [
        (stays, labs.replacing(",30,", with: ",3o,"), "labs.csv, line 3", "minute"),
        (stays, labs.replacing(",30,", with: ",999999999,"), "labs.csv, line 3", "minute"),
        (stays.replacing("2013", with: "x13"), labs, "stays.csv, line 5", "year"),
        (stays.replacing("-60", with: "1.5"), labs, "stays.csv, line 2", "admitted"),
    ]) func anOffsetThatIsNoWholeNumberIsNamedByItsPlace(
        stays: String, labs: String, place: String, column: String
    ) throws {
        let data = try folder(stays: stays, labs: labs)
        let timed = try definition().timedByOffsets()
        let error = #expect(throws: DatasetError.self) { try load(timed, data) }
        #expect(error?.code == "data.unparsable-time")
        let message = error?.message ?? ""
        #expect(message.contains(place) && message.contains("column \(column)"), "\(message)")
        for cell in ["3o", "999999999", "x13", "1.5"] { #expect(!message.contains(cell)) }
        #expect(throws: Never.self) { try load(definition(), data) }
    }

    @Test func aMissingColumnOfTheStaysIsFoundBeforeAnyWork() throws {
        let data = try folder(stays: Self.stays.replacing("admitted", with: "entered"))
        let timed = try definition().timedByOffsets()
        let error = #expect(throws: DatasetError.self) {
            try Inspector(definition: timed, root: data.path).check(timed.tables, needs: [:])
        }
        #expect(error?.code == "data.missing-column" && error?.message.contains("\"admitted\"") == true)
    }

    @Test func aDataSetWithTimesOfItsOwnRefusesTheOption() throws {
        let error = #expect(throws: ConfigurationError.self) {
            try DatasetDefinition.builtIn("mimic3").timedByOffsets()
        }
        #expect(error?.code == "config.no-offsets")
    }

    @Test(.enabled(if: References.dataFolder("eicu_demo_subset") != nil))
    func everyOffsetOfEICUIsTheTimeSinceItsStayBegan() throws {
        let root = try #require(References.dataFolder("eicu_demo_subset"))
        let definition = try DatasetDefinition.builtIn("eicu").timedByOffsets()
        let events = try LoadedEvents(
            definition, tables: ["lab", "diagnosis", "medication"], root: root.path
        ).events
        var begins: [String: Int64] = [:]
        var last: [String: Int64] = [:]
        for event in events where event.type == "patient" {
            let begin = try #require(event.milliseconds)
            begins[event.attributes["patientunitstayid"] ?? ""] = begin
            #expect(last[event.patient].map { $0 <= begin } ?? true, "stays are in order of time")
            last[event.patient] = begin
        }
        let offsets = [
            "lab": "labresultoffset", "diagnosis": "diagnosisoffset", "medication": "drugstartoffset",
        ]
        var compared = 0
        for event in events {
            guard let column = offsets[event.type], let minutes = Int64(event.attributes[column] ?? "") else {
                continue
            }
            let begin = try #require(begins[event.attributes["patientunitstayid"] ?? ""])
            #expect(event.milliseconds == begin + minutes * 60_000)
            compared += 1
        }
        #expect(compared > 0)
    }
}
