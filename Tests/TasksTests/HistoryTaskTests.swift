import ClinicalData
import Groundwork
import MedicalCodes
import TestSupport
import Testing

@testable import Tasks

/// Drug recommendation, generation, linkage and coding.
@Suite struct HistoryTaskTests {
    private let classes = CodeMap(
        source: "NDC", target: "ATC",
        pairs: [("1", "A01AA01"), ("1", "A01AA02"), ("2", "B01AC06"), ("0", "C01AA01"), ("nan", "D01AA01")])

    private func list(_ texts: [[String]]) -> JSONValue { .list(texts.map { .list($0.map { .text($0) }) }) }

    @Test func drugRecommendationKeepsHistoriesAndAnEmptyListAtTheVisit() throws {
        var events = HandMadeEvents()
        events.addMIMIC4Visit("1", "11", from: "2150-01-01", to: "2150-01-02", drugs: ["2", "1", "2", "9"])
        // Nothing but missing and unmapped drugs.
        events.addMIMIC4Visit(
            "1", "12", from: "2150-02-01", to: "2150-02-02", drugs: ["0", "NaN", "<NA>", "9"])
        events.addMIMIC4Visit("1", "13", from: "2150-03-01", to: "2150-03-02", drugs: ["1"])
        events.addMIMIC4Visit("2", "21", from: "2150-03-01", to: "2150-03-02", drugs: ["1"])
        events.addMIMIC4Visit("2", "22", from: "2150-04-01", to: "2150-04-02", drugs: [])
        let found = try events.extraction(DrugRecommendationMIMIC(.mimic4, classes: classes))
        #expect(found.samples.map(\.visit) == ["11", "13"])
        #expect(found.samples.map { $0.codes["drugs"] } == [["B01A", "A01A"], ["A01A"]])
        #expect(
            found.samples.map { $0.values["drugs_hist"] } == [list([[]]), list([["B01A", "A01A"], []])])
        #expect(found.samples.last?.values["conditions"] == list([["10_I10"], ["10_I10"]]))
        #expect(found.attrition.exclusions.map(\.visits) == [0, 2, 1])
    }

    @Test func drugRecommendationNeedsItsMap() throws {
        let error = #expect(throws: ConfigurationError.self) {
            try makeTask("name: DrugRecommendationMIMIC3")
        }
        #expect(error?.code == "config.missing-code-map")
        #expect(error?.message.contains("code_maps: {NDC_to_ATC: path.csv}") == true)
    }

    @Test func generationNeedsTwoVisitsWithCodes() throws {
        var events = HandMadeEvents()
        events.addMIMIC4Visit("1", "11", from: "2150-01-01", to: "2150-01-02", diagnoses: ["B", "A", "B"])
        events.addMIMIC4Visit("1", "12", from: "2150-02-01", to: "2150-02-02", diagnoses: [])
        events.addMIMIC4Visit("1", "13", from: "2150-03-01", to: "2150-03-02", diagnoses: ["A"])
        events.addMIMIC4Visit("2", "21", from: "2150-03-01", to: "2150-03-02")
        for form in [EHRGenerationMIMIC.Form.visits, .sequence] {
            let found = try events.extraction(EHRGenerationMIMIC(form, .mimic4))
            #expect(found.samples.map { $0.values["visits"] } == [list([["B", "A", "B"], ["A"]])])
            #expect(found.attrition.exclusions.map(\.patients) == [0, 0, 1])
            #expect(found.attrition.labels.isEmpty)
        }
        let set = try events.extraction(EHRGenerationMIMIC(.codeSet, .mimic4))
        #expect(set.samples.map { $0.codes["visits"] } == [["A", "B"]])
    }

    @Test func linkagePairsTheLastVisitWithEarlierOnes() throws {
        var events = HandMadeEvents()
        events.add("patients", "1", ["dob": "2080-06-01", "gender": "F"])
        events.addVisit("1", "10", from: "2098-05-31", to: "2098-06-10")  // still 17
        for (visit, day, insurance) in [
            ("11", "2101-01-01 10:00:00", "Medicare"), ("12", "2101-02-01 10:00:00", "Private"),
            ("13", "2101-03-01 09:00:00", "Medicaid"),
        ] {
            events.add("admissions", "1", at: day, ["hadm_id": visit, "insurance": insurance])
            events.add("diagnoses_icd", "1", at: day, ["hadm_id": visit, "icd9_code": "c\(visit)"])
            events.add("diagnoses_icd", "1", at: day, ["hadm_id": visit])
        }
        events.add("admissions", "1", at: "2101-02-15", ["hadm_id": "14"])  // without codes
        let found = try events.extraction(PatientLinkageMIMIC3Task())
        let sample = try #require(found.samples.first)
        #expect(sample.codes["conditions"] == ["", "c13"])
        #expect(sample.codes["d_conditions"] == ["", "c11", "[SEP]", "c12"])
        #expect(sample.values["identifiers"] == .text("F+Medicaid++++"))
        #expect(sample.values["d_identifiers"] == .text("F+Private++++"))
        #expect(sample.values["d_visit_ids"] == .text("11|12"))
        #expect(sample.values["timestamp"] == .text("2101-03-01 09:00:00"))
        #expect(sample.labels["time_gap_days"] == 27)
        #expect(sample.labels["age"] == 20)
        #expect(found.attrition.exclusions.map(\.visits) == [0, 0, 0, 1, 1, 0])
    }

    @Test func linkageGivesNoPairIfTheLastVisitHasNoCodes() throws {
        var events = HandMadeEvents()
        events.add("patients", "1", ["dob": "2060-06-01"])
        events.addVisit("1", "11", from: "2101-01-01", to: "2101-01-02")
        events.addVisit("1", "12", from: "2101-02-01", to: "2101-02-02")
        events.add("admissions", "1", at: "2101-03-01", ["hadm_id": "13"])
        let found = try events.extraction(PatientLinkageMIMIC3Task())
        #expect(found.samples.isEmpty)
        #expect(found.attrition.exclusions.last?.patients == 1)
    }

    @Test func codingJoinsNotesAndSortsDistinctCodes() throws {
        var events = HandMadeEvents()
        events.addVisit("1", "11", from: "2101-01-01", to: "2101-01-03")
        events.add("diagnoses_icd", "1", ["hadm_id": "11", "icd9_code": "0389"])
        events.add("diagnoses_icd", "1", ["hadm_id": "11", "icd9_code": "4019"])
        events.add("noteevents", "1", at: "2101-01-02", ["hadm_id": "11", "text": "one"])
        events.add("noteevents", "1", at: "2101-01-02", ["hadm_id": "11", "text": "two"])
        events.addVisit("1", "12", from: "2101-02-01", to: "2101-02-03")
        events.addVisit("2", "21", from: "2101-02-01", to: "2101-02-03")
        let found = try events.extraction(ICDCodingMIMIC(.mimic3ICD9))
        #expect(found.samples.map { $0.values["text"] } == [.text(" one two")])
        #expect(found.samples.first?.codes["icd_codes"] == ["0389", "4019", "9604"])
        #expect(found.attrition.exclusions.map(\.patients) == [0, 1, 0, 0, 0])
        #expect(found.attrition.exclusions.map(\.visits) == [0, 1, 1, 0, 0])
    }

    @Test func codingOfMIMIC4TakesOneVersion() throws {
        var events = HandMadeEvents()
        events.addMIMIC4Visit("1", "11", from: "2150-01-01", to: "2150-01-02", procedures: [])
        events.add(
            "diagnoses_icd", "1", at: "2150-01-02",
            ["hadm_id": "11", "icd_code": "4019", "icd_version": "9"])
        events.add("discharge", "1", at: "2150-01-02", ["hadm_id": "11", "text": "well"])
        let ten = try events.extraction(ICDCodingMIMIC(.mimic4ICD10))
        #expect(ten.samples.map { $0.codes["icd_codes"] } == [["I10"]])
        let nine = try events.extraction(ICDCodingMIMIC(.mimic4ICD9))
        #expect(nine.samples.map { $0.codes["icd_codes"] } == [["4019"]])
    }
}
