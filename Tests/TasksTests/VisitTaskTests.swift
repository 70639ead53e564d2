import ClinicalData
import Testing

@testable import Tasks

/// Tasks over MIMIC-IV with one sample per visit, and hospitalisation.
@Suite struct VisitTaskTests {
    private func adult(age: String? = "40") -> HandMadeEvents {
        var events = HandMadeEvents()
        events.add("patients", "1", age.map { ["anchor_age": $0] } ?? [:])
        return events
    }

    @Test func mortalityTakesCodesByTimeAndOthersByVisit() throws {
        var events = adult()
        events.addMIMIC4Visit("1", "11", from: "2150-01-01 10:00:00", to: "2150-01-05 10:00:00")
        events.addMIMIC4Visit("1", "12", from: "2150-03-01 10:00:00", to: "2150-03-05 10:00:00", died: "1")
        // Given before the admission for it, and within the admission for another one.
        events.add(
            "prescriptions", "1", at: "2150-01-01 09:59:59", ["hadm_id": "11", "ndc": "before"])
        events.add("prescriptions", "1", at: "2150-01-05 10:00:00", ["hadm_id": "12", "ndc": " within "])
        events.add("prescriptions", "1", at: "2150-01-02 10:00:00", ["hadm_id": "11", "ndc": "  "])
        events.add("prescriptions", "1", at: "2150-01-02 10:00:00", ["hadm_id": "11"])
        events.add("prescriptions", "1", at: "2150-01-02 10:00:00", ["hadm_id": "11", "ndc": "0"])
        let mortality = try events.extraction(MortalityPredictionMIMIC4()).samples
        #expect(mortality.map(\.visit) == ["11"])
        #expect(mortality.first?.codes["drugs"] == ["00074407532", "0", "within"])
        #expect(mortality.first?.codes["conditions"] == ["I10"])
        #expect(mortality.first?.labels["mortality"] == 1)
        let readmission = try events.extraction(ReadmissionPredictionMIMIC(.mimic4)).samples
        #expect(readmission.first?.codes["drugs"] == ["before", "00074407532", "  ", "0"])
        #expect(readmission.first?.codes["conditions"] == ["10_I10"])
        let stay = try events.extraction(LengthOfStayPredictionMIMIC(.mimic4)).samples
        #expect(stay.first?.codes["drugs"] == ["before", "00074407532", "  ", nil, "0"])
        #expect(stay.map { $0.labels["los"] } == [4, 4])
    }

    @Test(arguments: [("17", 0), ("18", 1), ("> 89", 1), ("", 1)])
    func leavesOutMinorsByAnchorAge(age: String, samples: Int) throws {
        var events = adult(age: age.isEmpty ? nil : age)
        events.addMIMIC4Visit("1", "11", from: "2150-01-01", to: "2150-01-05")
        events.addMIMIC4Visit("1", "12", from: "2150-03-01", to: "2150-03-05")
        #expect(try events.extraction(MortalityPredictionMIMIC4()).samples.count == samples)
        #expect(try events.extraction(ReadmissionPredictionMIMIC(.mimic4)).samples.count == samples)
        let all = ReadmissionPredictionMIMIC(.mimic4, excludeMinors: false)
        #expect(try events.extraction(all).samples.count == 1)
        #expect(try events.extraction(LengthOfStayPredictionMIMIC(.mimic4)).samples.count == 2)
    }

    @Test func mortalityLeavesOutADischargeThatIsNoTime() throws {
        var events = adult()
        events.addMIMIC4Visit("1", "11", from: "2150-01-01", to: "2150-01-05")
        events.add("admissions", "1", at: "2150-02-01", ["hadm_id": "12", "dischtime": "soon"])
        events.addMIMIC4Visit("1", "13", from: "2150-03-01", to: "2150-03-05")
        let found = try events.extraction(MortalityPredictionMIMIC4())
        #expect(found.samples.map(\.visit) == ["11"])
        #expect(found.attrition.exclusions.first { $0.rule == ExclusionRule.missingTime }?.visits == 1)
    }

    @Test(arguments: ["11", "nine", nil] as [String?])
    func refusesAnotherVersionOfICDWithoutShowingIt(version: String?) throws {
        var events = adult()
        events.addMIMIC4Visit("1", "77", from: "2150-01-01", to: "2150-01-05")
        events.addMIMIC4Visit("1", "78", from: "2150-03-01", to: "2150-03-05")
        var row = ["hadm_id": "77", "icd_code": "I11"]
        row["icd_version"] = version
        events.add("procedures_icd", "1", at: "2150-01-05", row)
        for task in [
            ReadmissionPredictionMIMIC(.mimic4), LengthOfStayPredictionMIMIC(.mimic4),
        ] as [any ClinicalTask] {
            let error = #expect(throws: TaskError.self) { try events.extraction(task) }
            #expect(error == .unknownCodeVersion(table: "procedures_icd", column: "icd_version"))
            #expect(error?.code == "task.unknown-code-version")
            #expect(error?.message.contains("nine") == false)
        }
        #expect(try events.extraction(MortalityPredictionMIMIC4()).samples.count == 1)
    }

    /// As the reference writes them; a row with neither code nor version has no code.
    @Test func aNullCodeOfAKnownVersionIsWrittenNone() throws {
        var events = adult()
        events.addMIMIC4Visit("1", "77", from: "2150-01-01", to: "2150-01-05", procedures: ["0BH17EZ"])
        events.addMIMIC4Visit("1", "78", from: "2150-03-01", to: "2150-03-05")
        events.add("procedures_icd", "1", at: "2150-01-05", ["hadm_id": "77", "icd_version": "9"])
        events.add("procedures_icd", "1", at: "2150-01-05", ["hadm_id": "77"])
        for task in [
            ReadmissionPredictionMIMIC(.mimic4), LengthOfStayPredictionMIMIC(.mimic4),
        ] as [any ClinicalTask] {
            let sample = try #require(try events.extraction(task).samples.first)
            #expect(sample.codes["procedures"] == ["10_0BH17EZ", "9_None", nil])
        }
    }

    @Test func hospitalisationAsksAlsoAfterTheLastVisitButNotAfterDeath() throws {
        var events = HandMadeEvents()
        events.addVisit("1", "11", from: "2101-01-01", to: "2101-01-03")
        events.addVisit("1", "12", from: "2102-01-02", to: "2102-01-03")
        events.addVisit("1", "13", from: "2103-01-03", to: "2103-01-05")
        events.addVisit("2", "21", from: "2101-01-01", to: "2101-01-03", died: "1")
        let found = try events.extraction(HospitalisationPredictionMIMIC(.mimic3))
        #expect(found.samples.map(\.visit) == ["11", "12", "13"])
        #expect(found.samples.map { $0.labels["hospitalisation"] } == [1, 0, 0])
        #expect(found.attrition.exclusions.first { $0.rule == ExclusionRule.died }?.visits == 1)
        let wide = try events.extraction(HospitalisationPredictionMIMIC(.mimic3, window: 366))
        #expect(wide.samples.map { $0.labels["hospitalisation"] } == [1, 1, 0])
    }

    @Test func multimodalMortalityKeepsVisitsThatLackCodesOrNotes() throws {
        var events = HandMadeEvents()
        events.addVisit("1", "11", from: "2101-01-01", to: "2101-01-03")
        events.add("noteevents", "1", at: "2101-01-02", ["hadm_id": "11", "text": "first,"])
        events.add("noteevents", "1", at: "2101-01-03", ["hadm_id": "11", "text": "second"])
        events.add("noteevents", "1", at: "2101-01-03", ["hadm_id": "11"])
        events.add("admissions", "1", at: "2101-06-01", ["hadm_id": "12"])
        events.addVisit("1", "13", from: "2102-01-01", to: "2102-01-03", died: "1")
        let found = try events.extraction(MultimodalMortalityPredictionMIMIC3()).samples
        #expect(found.map { $0.values["clinical_notes"] } == [.text("first,second"), .text("")])
        #expect(found.last?.codes["drugs"] == [])
        #expect(found.map { $0.labels["mortality"] } == [0, 1])
    }
}
