import ClinicalData
import TestSupport
import Testing

@testable import Tasks

@Suite struct DiabetesTaskTests {
    private func visit(
        _ events: inout HandMadeEvents, _ id: String, _ day: String, _ diagnoses: [String],
        version: String = "10",
        to end: String? = nil
    ) {
        events.addMIMIC4Visit(
            "1", id, from: "\(day) 00:00:00", to: "\(end ?? day) 12:00:00", diagnoses: [],
            procedures: [])
        for code in diagnoses {
            events.add(
                "diagnoses_icd", "1", at: "\(end ?? day) 12:00:00",
                ["hadm_id": id, "icd_code": code, "icd_version": version])
        }
    }

    private func codes(_ sample: ReadableSample?) -> JSONValue? { sample?.values["icd_codes"] }

    @Test func walksUntilTheFirstKetoacidosis() throws {
        var events = HandMadeEvents()
        visit(&events, "11", "2150-01-01", ["i10", "I10 ", "E11.9  "])
        events.add(
            "procedures_icd", "1", at: "2150-01-01 12:00:00",
            ["hadm_id": "11", "icd_code": "00.1", "icd_version": "9"])
        visit(&events, "12", "2150-01-02", [])
        visit(&events, "13", "2150-01-04", ["25010"])  // not this version's code
        visit(&events, "14", "2150-01-05", ["E13.10"])
        visit(&events, "15", "2150-01-06", ["I10"])
        events.addLab("1", "50983", "140", at: "2150-01-04 01:00:00", visit: "13")
        events.addLab("1", "50824", "141", at: "2150-01-04 02:00:00", visit: "13")
        events.addLab("1", "50983", nil, at: "2150-01-04 03:00:00", visit: "13")
        events.addLab("1", "50983", "1", at: "2150-01-04 03:00:00")
        let found = try events.extraction(DKAPredictionMIMIC4())
        let sample = try #require(found.samples.first)
        #expect(
            codes(sample)
                == .list([
                    .list([.number(0), .number(48)]),
                    .list([
                        .list([.text("D_I10"), .text("D_E119"), .text("P_001")]), .list([.text("D_25010")]),
                    ]),
                ]))
        let labs = sample.values["labs"]?.items ?? []
        #expect(labs.first == .list([.number(48)]))
        #expect(labs.last?.items.first?.items.first == .number(140.5))
        #expect(labs.last?.items.first?.items.last?.number?.isNaN == true)
        #expect(sample.labels["label"] == 1)
        #expect(sample.visit == "1")
        #expect(found.attrition.exclusions.map(\.visits) == [0, 0, 2, 0])
    }

    @Test func leavesOutAPatientWithoutCodesBeforeKetoacidosis() throws {
        var events = HandMadeEvents()
        visit(&events, "11", "2150-01-01", ["25012"], version: "9")
        visit(&events, "12", "2150-02-01", ["4019"], version: "9")
        let found = try events.extraction(DKAPredictionMIMIC4())
        #expect(found.samples.isEmpty)
        #expect(found.attrition.exclusions.last?.patients == 1)
    }

    @Test func hasOneVectorOfNaNWithoutAnyLaboratoryValue() throws {
        var events = HandMadeEvents()
        visit(&events, "11", "2150-01-01", ["I10"])
        let sample = try #require(try events.extraction(DKAPredictionMIMIC4()).samples.first)
        let labs = sample.values["labs"]?.items ?? []
        #expect(labs.first == .list([.number(0)]))
        #expect(labs.last?.items.first?.items.count { $0.number?.isNaN == true } == 10)
        #expect(sample.labels["label"] == 0)
    }

    @Test(arguments: [
        ("E109", "10", true), ("E119", "10", false), ("25001", "9", true), ("25093", "9", true),
        ("25002", "9", false), ("250", "9", false), ("25001", "10", false), ("E109", "9", false),
    ])
    func knowsTypeOneDiabetesByVersion(code: String, version: String, known: Bool) throws {
        var events = HandMadeEvents()
        visit(&events, "11", "2150-01-01", [code], version: version)
        let found = try events.extraction(T1DDKAPredictionMIMIC4())
        #expect(found.samples.count == (known ? 1 : 0))
        let rule = found.attrition.exclusions.first { $0.rule == ExclusionRule.noTypeOneDiabetes }
        #expect(rule?.patients == (known ? 0 : 1))
    }

    @Test(arguments: [
        // The window begins with the discharge on 1 January at noon: its 90 days end on 1 April at noon.
        ("2150-04-01", "E1010", 1), ("2150-04-01", "25013", 0), ("2150-04-01", "E1110", 0),
    ])
    func asksForKetoacidosisOfTypeOneInTheWindow(day: String, code: String, label: Int) throws {
        var events = HandMadeEvents()
        visit(&events, "11", "2150-01-01", ["E109"])
        visit(&events, "12", day, [code])
        let found = try events.extraction(T1DDKAPredictionMIMIC4())
        #expect(found.samples.map { $0.labels["label"] } == [label])
    }

    @Test func stopsAtTheEndOfTheWindow() throws {
        var events = HandMadeEvents()
        visit(&events, "11", "2150-01-01", ["E109"])
        visit(&events, "12", "2150-03-01", ["I10"])
        // Begins in the window, but its codes have the time of a discharge after it.
        visit(&events, "13", "2150-03-31", ["E1010"], to: "2150-04-02")
        visit(&events, "14", "2150-04-03", ["I11"])
        let found = try events.extraction(T1DDKAPredictionMIMIC4())
        #expect(found.samples.map { $0.labels["label"] } == [0])
        #expect(codes(found.samples.first)?.items.last?.items.count == 2)
        let short = try events.extraction(T1DDKAPredictionMIMIC4(dkaWindowDays: 30))
        #expect(codes(short.samples.first)?.items.last?.items.count == 1)
        #expect(short.attrition.exclusions.first { $0.rule == ExclusionRule.afterWindow }?.visits == 3)
        let long = try events.extraction(T1DDKAPredictionMIMIC4(dkaWindowDays: 91))
        #expect(long.samples.map { $0.labels["label"] } == [1])
    }
}
