import ClinicalData
import Groundwork
import Testing

@testable import Tasks

@Suite struct OMOPTaskTests {
    /// Visits of one patient with one code of each kind.
    private func events(_ task: any ClinicalTask, _ visits: [(from: String?, to: String?)]) -> HandMadeEvents
    {
        var events = HandMadeEvents()
        for (number, visit) in visits.enumerated() {
            var values = ["visit_occurrence_id": "\(number)"]
            values["visit_end_datetime"] = visit.to
            events.add("visit_occurrence", "1", at: visit.from, values)
            for (table, code) in [
                ("condition_occurrence", "condition_concept_id"),
                ("procedure_occurrence", "procedure_concept_id"), ("drug_exposure", "drug_concept_id"),
            ] {
                events.add(table, "1", ["visit_occurrence_id": "\(number)", code: "77"])
            }
        }
        return events
    }

    @Test(arguments: [(nil, [1, 1, 1]), (10, [0, 1, 1]), (9, [0, 0, 1])] as [(Double?, [Int])])
    func countsADeathAtAnyTimeOrWithinTheOutcomeWindow(window: Double?, labels: [Int]) throws {
        let task = MortalityPredictionOMOP(outcomeWindow: window)
        var events = events(
            task,
            [
                ("2001-01-01", "2001-01-02"), ("2001-02-01", "2001-02-10"), ("2001-03-01", "2001-03-02"),
                ("2001-04-01", "2001-04-02"),
            ])
        events.add("death", "1", at: "2001-02-19 23:59:59")
        events.add("death", "1")
        let found = try events.extraction(task)
        #expect(found.samples.map { $0.labels["mortality"] } == labels)
    }

    @Test func takesNoDeathFromARecordWithoutATime() throws {
        let task = MortalityPredictionOMOP()
        var events = events(task, [("2001-01-01", nil), ("2001-02-01", nil)])
        events.add("death", "1")
        #expect(try events.extraction(task).samples.map { $0.labels["mortality"] } == [0])
    }

    @Test func keepsAVisitWithOneCodeForMortalityAndLeavesOutOneWithNone() throws {
        let task = try makeTask("{name: MortalityPredictionOMOP, outcome_window: 30}")
        var events = HandMadeEvents()
        for (id, end) in [("1", "2001-01-02"), ("2", "2001-02-02"), ("3", nil), ("4", "2001-05-01")] {
            var values = ["visit_occurrence_id": id]
            values["visit_end_datetime"] = end
            events.add("visit_occurrence", "1", at: "2001-01-0\(id)", values)
        }
        events.add("condition_occurrence", "1", ["visit_occurrence_id": "1"])
        events.add("drug_exposure", "1", ["visit_occurrence_id": "2", "drug_concept_id": "5"])
        events.add("drug_exposure", "1", ["visit_occurrence_id": "3", "drug_concept_id": "5"])
        let found = try events.extraction(task)
        #expect(found.samples.map(\.visit) == ["2"])
        #expect(found.samples.first?.codes["conditions"] == [])
        #expect(found.attrition.exclusions.map(\.visits) == [0, 1, 1, 1, 0])
    }

    @Test func refusesAnOutcomeWindowOutOfRange() {
        let error = #expect(throws: ConfigurationError.self) {
            try makeTask("{name: MortalityPredictionOMOP, outcome_window: -1}")
        }
        #expect(error?.code == "config.range")
    }

    @Test func countsAGapEqualToTheWindowAsNoReadmission() throws {
        let task = ReadmissionPredictionOMOP()
        let events = events(
            task,
            [
                ("2001-01-01", "2001-01-02 00:00:00"), ("2001-01-17 00:00:00", "2001-01-20"),
                ("2001-02-03 23:59:59", "2001-02-05"),
            ]
        )
        #expect(try events.extraction(task).samples.map { $0.labels["readmission"] } == [0, 1])
    }

    @Test func takesAMissingMonthOrDayOfBirthForTheFirst() throws {
        let task = ReadmissionPredictionOMOP()
        var events = events(
            task, [("2018-12-31", "2018-12-31"), ("2019-01-01", "2019-01-02"), ("2020-01-01", "2020-01-02")])
        events.add("person", "1", ["year_of_birth": "2001"])
        let found = try events.extraction(task)
        #expect(found.samples.map(\.visit) == ["1"])
        #expect(found.attrition.exclusions.first { $0.rule == ExclusionRule.minor }?.visits == 1)
        let all = try makeTask("{name: ReadmissionPredictionOMOP, exclude_minors: false}")
        #expect(try events.extraction(all).samples.count == 2)
    }

    @Test(arguments: [
        (["year_of_birth": "MCM"], TaskError.unparsableNumber(table: "person", column: "year_of_birth")),
        (
            ["year_of_birth": "1900", "month_of_birth": "2", "day_of_birth": "29"],
            .unparsableTime(table: "person", column: "day_of_birth")
        ),
        (
            ["year_of_birth": "1900", "month_of_birth": "13"],
            .unparsableTime(table: "person", column: "month_of_birth")
        ),
    ])
    func refusesABirthThatIsNoDateWithoutShowingIt(birth: [String: String], expected: TaskError) throws {
        let task = ReadmissionPredictionOMOP()
        var events = events(task, [("2018-12-31", "2018-12-31"), ("2019-01-01", "2019-01-02")])
        events.add("person", "1", birth)
        let error = #expect(throws: TaskError.self) { try events.extraction(task) }
        #expect(error == expected)
        #expect(birth.values.allSatisfy { error?.message.contains($0) == false })
    }

    @Test func keepsNullConceptsWhereAVisitIsJudged() throws {
        let task = LengthOfStayPredictionOMOP()
        var events = events(task, [("2001-01-01 12:00:00", "2001-01-08 11:59:59"), (nil, "2001-01-09")])
        events.add("visit_occurrence", "1", at: "2002-01-01", ["visit_occurrence_id": "x"])
        events.add("drug_exposure", "1", ["visit_occurrence_id": "0"])
        let found = try events.extraction(task)
        #expect(found.samples.map { $0.labels["los"] } == [6])
        #expect(found.samples.first?.codes["drugs"] == ["77", nil])
        #expect(found.attrition.exclusions.map(\.visits) == [0, 1, 1, 0])
    }

    @Test func leavesOutConceptsThatNameNothingFromDrugRecommendations() throws {
        let task = DrugRecommendationOMOP()
        var events = events(task, [("2001-01-01", nil), ("2002-01-01", nil)])
        for nothing in ["0", "nan", nil] {
            var row = ["visit_occurrence_id": "1"]
            row["drug_concept_id"] = nothing
            events.add("drug_exposure", "1", row)
        }
        let found = try events.extraction(task)
        #expect(found.samples.map { $0.codes["drugs"] } == [["77"], ["77"]])
        #expect(found.samples.last?.values["drugs_hist"] == .list([.list([.text("77")]), .list([])]))
    }

    @Test func aVisitIsToldFromVisitsThatWereOverWhereAsked() throws {
        let task = try makeTask("{name: LengthOfStayPredictionOMOP, prior_visits_only: true}")
        let visits = [
            ("2001-01-01", "2001-01-04"), ("2001-01-04", "2001-01-06"), ("2001-01-05", "2001-01-09"),
        ]
        let events = events(task, visits)
        let found = try events.extraction(task)
        #expect(found.samples.map(\.visit) == ["1", "2"])
        #expect(found.samples.map { $0.codes["drugs"] } == [["77"], ["77"]])
        #expect(found.attrition.lateInputs == 0)
        #expect(try events.extraction(LengthOfStayPredictionOMOP()).attrition.lateInputs == 3)
    }
}
