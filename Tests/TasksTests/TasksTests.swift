import ClinicalData
import Groundwork
import Testing

@testable import Tasks

@Suite struct TasksTests {
    @Test func labelsEachVisitButTheLastByTheNextOnesDeath() throws {
        var events = HandMadeEvents()
        events.addVisit("1", "11", from: "2101-01-01 10:00:00", to: "2101-01-03 10:00:00")
        events.addVisit("1", "12", from: "2102-01-01 10:00:00", to: "2102-01-03 10:00:00", died: "x")
        events.addVisit("1", "13", from: "2103-01-01 10:00:00", to: "2103-01-03 10:00:00", died: "1")
        let found = try Extraction(MortalityPredictionMIMIC3(), [events.shard()])
        #expect(found.samples.map(\.visit) == ["11", "12"])
        #expect(found.samples.map { $0.labels["mortality"] } == [0, 1])
        #expect(found.attrition.labels.map(\.value) == ["0", "1"])
    }

    @Test func keepsNullConditionsDropsNullDrugsAndKeepsZeroDrugs() throws {
        var events = HandMadeEvents()
        events.addVisit("1", "11", from: "2101-01-01", to: "2101-01-03")
        events.addVisit("1", "12", from: "2102-01-01", to: "2102-01-03")
        events.add("diagnoses_icd", "1", ["hadm_id": "11"])
        events.add("prescriptions", "1", ["hadm_id": "11"])
        events.add("prescriptions", "1", ["hadm_id": "11", "ndc": "0"])
        let mortality = try #require(
            try Extraction(MortalityPredictionMIMIC3(), [events.shard()]).samples.first)
        #expect(mortality.codes["conditions"] == ["4019", nil])
        #expect(mortality.codes["drugs"] == ["00074407532", "0"])
        let stay = try #require(
            try Extraction(LengthOfStayPredictionMIMIC(.mimic3), [events.shard()]).samples.first)
        #expect(stay.codes["drugs"] == ["00074407532", nil, "0"])
    }

    @Test func leavesOutVisitsWithoutAllThreeKindsOfCodes() throws {
        var events = HandMadeEvents()
        events.addVisit("1", "11", from: "2101-01-01", to: "2101-01-03")
        events.add("admissions", "1", at: "2101-06-01", ["hadm_id": "12"])
        events.add("prescriptions", "1", ["hadm_id": "12", "ndc": "5"])
        events.addVisit("1", "13", from: "2102-01-01", to: "2102-01-03")
        let found = try Extraction(MortalityPredictionMIMIC3(), [events.shard()])
        #expect(found.samples.map(\.visit) == ["11"])
        #expect(found.attrition.exclusions.map(\.visits) == [0, 1, 1, 0])
        #expect(found.attrition.isBalanced)
    }

    @Test func countsAGapEqualToTheWindowAsNoReadmissionAndANegativeGapAsOne() throws {
        var events = HandMadeEvents()
        events.addVisit("1", "11", from: "2101-01-01 00:00:00", to: "2101-01-02 00:00:00")
        events.addVisit("1", "12", from: "2101-01-17 00:00:00", to: "2101-01-20")
        events.addVisit("1", "13", from: "2101-02-03 23:59:59", to: "2101-03-30")
        events.addVisit("1", "14", from: "2101-03-01 00:00:00", to: "2101-03-02 00:00:00")
        let found = try Extraction(ReadmissionPredictionMIMIC(.mimic3), [events.shard()])
        #expect(found.samples.map { $0.labels["readmission"] } == [0, 1, 1])
        let wide = try Extraction(ReadmissionPredictionMIMIC(.mimic3, window: 15.001), [events.shard()])
        #expect(wide.samples.map { $0.labels["readmission"] } == [1, 1, 1])
    }

    @Test func leavesOutVisitsBeforeTheEighteenthBirthdayUnlessToldOtherwise() throws {
        var events = HandMadeEvents()
        events.add("patients", "1", ["dob": "2083-05-02 00:00:00"])
        events.addVisit("1", "11", from: "2101-05-01 23:00:00", to: "2101-05-03 10:00:00")
        events.addVisit("1", "12", from: "2101-05-02 00:00:00", to: "2101-05-04 10:00:00")
        events.addVisit("1", "13", from: "2101-06-02 00:00:00", to: "2101-06-04 10:00:00")
        let adults = try Extraction(ReadmissionPredictionMIMIC(.mimic3), [events.shard()])
        #expect(adults.samples.map(\.visit) == ["12"])
        #expect(adults.attrition.exclusions.first { $0.rule == ExclusionRule.minor }?.visits == 1)
        let all = try Extraction(ReadmissionPredictionMIMIC(.mimic3, excludeMinors: false), [events.shard()])
        #expect(all.samples.map(\.visit) == ["11", "12"])
    }

    @Test(arguments: [
        (-1, 0), (0, 0), (86_399_999, 0), (86_400_000, 1), (7 * 86_400_000, 7), (8 * 86_400_000 - 1, 7),
        (8 * 86_400_000, 8), (15 * 86_400_000 - 1, 8), (15 * 86_400_000, 9), (400 * 86_400_000, 9),
        (-86_400_000, 0),
    ])
    func sortsStaysIntoTenClasses(milliseconds: Int, category: Int) {
        #expect(
            LengthOfStayClass.of(
                days: Timestamp(milliseconds: Int64(milliseconds)).days(since: Timestamp(milliseconds: 0)))
                == category)
    }

    @Test func excludesVisitsWithoutTimesAndCountsThem() throws {
        var events = HandMadeEvents()
        events.addVisit("1", "11", from: nil, to: "2101-01-03")
        events.addVisit("1", "12", from: "2101-02-01", to: nil)
        events.addVisit("1", "13", from: "2101-03-01", to: "2101-03-04")
        let stays = try Extraction(LengthOfStayPredictionMIMIC(.mimic3), [events.shard()])
        #expect(stays.samples.map(\.visit) == ["13"])
        #expect(stays.attrition.exclusions.first { $0.rule == ExclusionRule.missingTime }?.visits == 2)
        #expect(stays.attrition.isBalanced)
    }

    @Test(arguments: ["LengthOfStayPredictionMIMIC3", "ReadmissionPredictionMIMIC3"])
    func refusesAnUnparsableTimeWithoutShowingIt(name: String) throws {
        var events = HandMadeEvents()
        events.addVisit("1", "11", from: "2101-01-01", to: "the 3rd")
        events.addVisit("1", "12", from: "2101-02-01", to: "2101-02-02")
        let task = try makeTask("name: \(name)")
        let error = #expect(throws: TaskError.self) { try Extraction(task, [events.shard()]) }
        #expect(error == .unparsableTime(table: "admissions", column: "dischtime"))
        #expect(error?.code == "task.unparsable-time")
        #expect(error?.message.contains("the 3rd") == false)
    }

    @Test func refusesAnUnparsableBirthOnlyWhereItIsNeeded() throws {
        var events = HandMadeEvents()
        events.add("patients", "1", ["dob": "unknown"])
        events.addVisit("1", "11", from: "2101-01-01", to: "2101-01-03")
        events.addVisit("1", "12", from: "2101-02-01", to: "2101-02-02")
        #expect(throws: TaskError.unparsableTime(table: "patients", column: "dob")) {
            try Extraction(ReadmissionPredictionMIMIC(.mimic3), [events.shard()])
        }
        #expect(
            try Extraction(ReadmissionPredictionMIMIC(.mimic3, excludeMinors: false), [events.shard()])
                .samples.count
                == 1)
    }

    @Test func keepsTheOrderOfTheFileForAdmissionsOfTheSameTime() throws {
        var events = HandMadeEvents()
        for visit in ["13", "11", "12"] { events.addVisit("1", visit, from: "2101-01-01", to: "2101-01-02") }
        let found = try Extraction(LengthOfStayPredictionMIMIC(.mimic3), [events.shard()])
        #expect(found.samples.map(\.visit) == ["13", "11", "12"])
    }

    @Test func aStayIsToldFromVisitsThatWereOverWhereAsked() throws {
        var events = HandMadeEvents()
        for (visit, from, to) in [
            ("11", "2101-01-01", "2101-01-03"), ("12", "2101-01-02", "2101-01-05"),
            ("13", "2101-01-05", nil), ("14", "2101-02-01", "2101-02-04"),
        ] as [(String, String, String?)] {
            events.addVisit("1", visit, from: from, to: to)
            events.add("diagnoses_icd", "1", ["hadm_id": visit, "icd9_code": "c\(visit)"])
        }
        let own = try Extraction(LengthOfStayPredictionMIMIC(.mimic3), [events.shard()])
        #expect(own.samples.map(\.visit) == ["11", "12", "14"])
        #expect(own.samples.last?.codes["conditions"] == ["4019", "c14"])
        #expect(own.attrition.lateInputs == 3)
        let task = try makeTask("{name: LengthOfStayPredictionMIMIC3, prior_visits_only: true}")
        let found = try Extraction(task, [events.shard()])
        // 12 begins while 11 lasts, 13 has no length and no end.
        #expect(found.samples.map(\.visit) == ["14"])
        #expect(found.samples.first?.codes["conditions"] == ["4019", "c11", "4019", "c12"])
        #expect(found.samples.first?.labels["los"] == 3)
        #expect(found.attrition.exclusions.map(\.visits) == [0, 2, 1, 0])
        #expect(found.attrition.lateInputs == 0 && found.attrition.isBalanced)
    }
}
