import ClinicalData
import Foundation
import TestSupport
import Testing

@testable import Tasks

/// Tasks over the laboratory values of MIMIC-IV.
@Suite struct LaboratoryTaskTests {
    private func adult(age: String? = "40") -> HandMadeEvents {
        var events = HandMadeEvents()
        events.add("patients", "1", age.map { ["anchor_age": $0] } ?? [:])
        return events
    }

    @Test func hasTwentySevenItemsInTenGroups() {
        #expect(LabItems.groups.count == 10)
        #expect(Set(LabItems.groups.joined()).count == 27)
        #expect(!LabItems.groups.joined().contains("50882") && !LabItems.groups.joined().contains("50893"))
    }

    @Test func inHospitalMortalityReadsTheFirst48HoursAsTheyWereKnown() throws {
        var events = adult()
        events.addMIMIC4Visit("1", "11", from: "2150-01-01 00:00:00", to: "2150-01-03 00:00:01", died: "1")
        events.addLab("1", "50983", "140", at: "2150-01-01 00:00:00")
        events.addLab("1", "50983", "141", at: "2150-01-01 00:00:00")
        events.addLab("1", "50971", nil, at: "2150-01-01 00:00:00")
        events.addLab("1", "50971", "4.5", at: "2150-01-01 00:00:00")
        events.addLab("1", "50824", "139.5", at: "2150-01-03 00:00:00")
        events.addLab("1", "50824", "1", at: "2150-01-03 00:00:01")
        events.addLab("1", "50824", "2", at: "2150-01-02 00:00:00", stored: "2150-01-03 00:00:01")
        events.addLab("1", "50882", "3", at: "2150-01-02 01:00:00")
        events.addLab("1", "50824", "4", at: "2149-12-31 23:59:59")
        let sample = try #require(try events.extraction(InHospitalMortalityMIMIC4()).samples.first)
        let rows = sample.values["labs"]?.items.last?.items.map(\.items) ?? []
        #expect(sample.values["labs"]?.items.first?.items.count == 2)
        #expect(rows.map(\.count) == [27, 27])
        #expect(rows.first?[2] == .number(140))
        #expect(rows.first?[6].number?.isNaN == true)
        #expect(rows.last?[0] == .number(139.5))
        #expect(rows.last?.count { $0.number?.isNaN == false } == 1)
        #expect(sample.labels["mortality"] == 1)
        #expect(sample.visit == "11")
    }

    @Test func inHospitalMortalityLeavesOutShortStaysAndPatientsWithoutOneRow() throws {
        var events = adult()
        events.addMIMIC4Visit("1", "11", from: "2150-01-01 00:00:00", to: "2150-01-03 00:00:00")
        events.addLab("1", "50983", "140", at: "2150-01-01 00:00:00")
        let short = try events.extraction(InHospitalMortalityMIMIC4())
        #expect(short.attrition.exclusions.first { $0.rule == ExclusionRule.shortStay }?.visits == 1)
        events.addMIMIC4Visit("1", "12", from: "2150-02-01", to: "2150-03-01")
        let without = try events.extraction(InHospitalMortalityMIMIC4())
        #expect(without.attrition.exclusions.first { $0.rule == ExclusionRule.missingLabs }?.visits == 1)
        events.add("patients", "1", ["anchor_age": "40"])
        let twice = try events.extraction(InHospitalMortalityMIMIC4())
        #expect(twice.samples.isEmpty)
        #expect(twice.attrition.exclusions.first { $0.rule == ExclusionRule.notOneRow }?.patients == 1)
    }

    @Test func stageNetCountsHoursBetweenAdmissionsThatAreUsed() throws {
        var events = adult()
        events.addMIMIC4Visit("1", "11", from: "2150-01-01 00:00:00", to: "2150-01-02 00:00:00")
        // Ends before it begins: neither its death nor its time counts.
        events.addMIMIC4Visit("1", "12", from: "2150-01-03 00:00:00", to: "2150-01-02 00:00:00", died: "1")
        events.addMIMIC4Visit(
            "1", "13", from: "2150-01-05 00:00:00", to: "2150-01-06 00:00:00", diagnoses: [],
            procedures: [])
        events.addMIMIC4Visit(
            "1", "14", from: "2150-01-05 12:30:00", to: "2150-01-15 12:30:00", diagnoses: ["A", "A"])
        events.addLab("1", "50983", "140", at: "2150-01-05 13:00:00")
        let task = StageNetMIMIC4(.mortality)
        let sample = try #require(try events.extraction(task).samples.first)
        #expect(
            sample.values["icd_codes"]
                == .list([
                    .list([.number(0), .number(12.5)]),
                    .list([
                        .list([.text("I10"), .text("0BH17EZ")]),
                        .list([.text("A"), .text("A"), .text("0BH17EZ")]),
                    ]),
                ]))
        // Taken during two admissions: once in each.
        #expect(sample.values["labs"]?.items.first == .list([.number(13), .number(0.5)]))
        #expect(sample.labels["mortality"] == 0)
        #expect(sample.visit.isEmpty)
        let stay = try events.extraction(StageNetMIMIC4(.lengthOfStay, padding: 3))
        #expect(stay.samples.first?.labels["los"] == 8)
        #expect(stay.attrition.exclusions.first { $0.rule == ExclusionRule.endsBeforeBegin }?.visits == 1)
    }

    @Test func stageNetTakesTheFirstItemWithARowEvenIfItIsNull() throws {
        var events = adult()
        events.addMIMIC4Visit("1", "11", from: "2150-01-01", to: "2150-01-02", died: "1")
        events.addLab("1", "52455", "139", at: "2150-01-01 10:00:00")
        events.addLab("1", "50824", nil, at: "2150-01-01 10:00:00")
        events.addLab("1", "50824", "140", at: "2150-01-01 10:00:00")
        events.addLab("1", "50971", "4", at: "2150-01-01 10:00:00")
        events.addLab("1", "50822", "5", at: "2150-01-01 10:00:00")
        events.addLab("1", "50822", "6", at: "2150-01-01 10:00:00")
        let sample = try #require(try events.extraction(StageNetMIMIC4(.mortality)).samples.first)
        let vector = sample.values["labs"]?.items.last?.items.first?.items ?? []
        #expect(vector == [.null, .number(5)] + Array(repeating: .null, count: 8))
        #expect(sample.labels["mortality"] == 1)
    }

    @Test(arguments: [("17", 0), ("18", 1), ("old", 0), ("", 0)])
    func stageNetNeedsAKnownAdult(age: String, samples: Int) throws {
        var events = adult(age: age.isEmpty ? nil : age)
        events.addMIMIC4Visit("1", "11", from: "2150-01-01", to: "2150-01-02")
        events.addLab("1", "50983", "140", at: "2150-01-01 10:00:00")
        #expect(try events.extraction(StageNetMIMIC4(.mortality)).samples.count == samples)
    }

    @Test func stageNetNeedsCodesAndValues() throws {
        var events = adult()
        events.addMIMIC4Visit("1", "11", from: "2150-01-01", to: "2150-01-02")
        let found = try events.extraction(StageNetMIMIC4(.mortality))
        #expect(found.attrition.exclusions.last?.patients == 1)
        #expect(found.samples.isEmpty)
    }

    @Test(arguments: [("valuenum", "task.unparsable-number"), ("storetime", "task.unparsable-time")])
    func refusesBadCellsWithoutShowingThem(column: String, code: String) throws {
        var events = adult()
        events.addMIMIC4Visit("1", "11", from: "2150-01-01", to: "2150-01-10")
        events.add(
            "labevents", "1", at: "2150-01-01 10:00:00",
            ["itemid": "50983", "valuenum": "140", "storetime": "2150-01-01"]
                .merging([column: "secret"]) { $1 })
        for task in [InHospitalMortalityMIMIC4(), StageNetMIMIC4(.mortality)] as [any ClinicalTask] {
            let error = #expect(throws: TaskError.self) { try events.extraction(task) }
            #expect(error?.code == code)
            #expect(error?.message.contains("\"labevents\", column \"\(column)\"") == true)
            #expect(error?.message.contains("secret") == false)
        }
    }

    @Test func multimodalMortalityEndsBeforeDeathAndReadsNoLaterXRay() throws {
        var events = HandMadeEvents()
        events.addMIMIC4Visit("1", "11", from: "2150-01-01 00:00:00", to: "2150-01-03 00:00:00")
        events.addMIMIC4Visit("1", "12", from: "2150-02-01 00:00:00", to: "2150-02-03 00:00:00", died: "1")
        events.addLab("1", "50983", "140", at: "2150-01-01 10:00:00")
        events.addLab("1", "50983", "120", at: "2150-02-01 10:00:00")
        events.add("radiology", "1", at: "2150-01-01", ["hadm_id": "11", "text": "clear"])
        events.add("metadata", "1", at: "2150-01-02", ["image_path": "a.jpg"])
        events.add("metadata", "1", at: "2150-02-01", ["image_path": "b.jpg"])
        events.add("negbio", "1", at: "2150-01-02", ["edema": "1.0", "fracture": "-1.0", "no finding": "0"])
        let task = MultimodalMortalityPredictionMIMIC4()
        let sample = try #require(try events.extraction(task).samples.first)
        #expect(sample.values["image_path"] == .text("a.jpg"))
        #expect(sample.codes["negbio_findings"] == ["edema"])
        #expect(sample.codes["radiology"] == ["clear"])
        #expect(sample.codes["discharge"] == [])
        #expect(sample.values["lab_times"] == .list([.number(10)]))
        #expect(sample.values["drugs"]?.items.count == 1)
        #expect(sample.labels["mortality"] == 1)
        var without = HandMadeEvents()
        without.addMIMIC4Visit("1", "11", from: "2150-01-01 00:00:00", to: "2150-01-03 00:00:00")
        #expect(try without.extraction(task).attrition.exclusions.last?.patients == 1)
    }

    @Test func stageNetTellsTheLastStayFromEarlierOnesWhereAsked() throws {
        var events = adult()
        for (visit, from, to, died) in [
            ("11", "2150-01-01", "2150-01-03", "1"), ("12", "2150-01-02", "2150-01-20", "0"),
            ("13", "2150-01-10", "2150-01-12", "0"),
        ] {
            events.addMIMIC4Visit(
                "1", visit, from: from, to: to, died: died, diagnoses: ["d\(visit)"], procedures: [])
            events.addLab("1", "50983", "140", at: "\(from) 10:00:00")
        }
        let all = try events.extraction(StageNetMIMIC4(.mortality))
        #expect(all.samples.first?.labels["mortality"] == 1 && all.attrition.lateInputs == 1)
        for (name, label) in [("Mortality", 0), ("LengthOfStay", 2)] {
            let task =
                name == "Mortality" ? "MortalityPredictionStageNetMIMIC4" : "LengthOfStayStageNetMIMIC4"
            let found = try events.extraction(try makeTask("{name: \(task), prior_visits_only: true}"))
            let sample = try #require(found.samples.first)
            #expect(
                sample.values["icd_codes"]
                    == .list([.list([.number(0)]), .list([.list([.text("d11")])])]))
            #expect(Array(sample.labels.values) == [label])
            #expect(found.attrition.lateInputs == 0 && found.attrition.isBalanced)
        }
    }
}
