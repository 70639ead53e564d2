import ClinicalData
import Testing

@testable import Tasks

@Suite struct EICUTaskTests {
    /// Stays of one patient with one code of each kind; `numbers` are hospital stay and number of the visit.
    private func events(
        _ task: any ClinicalTask, stays: [(id: String, numbers: (String?, String?), other: [String: String])]
    ) -> HandMadeEvents {
        var events = HandMadeEvents()
        for stay in stays {
            var values = stay.other
            values["patientunitstayid"] = stay.id
            values["patienthealthsystemstayid"] = stay.numbers.0
            values["unitvisitnumber"] = stay.numbers.1
            events.add("patient", "002-1", values)
            for requirement in task.requirements.dropFirst() {
                var row = ["patientunitstayid": stay.id]
                for attribute in requirement.attributes.dropFirst() { row[attribute] = "\(attribute) 1" }
                events.add(requirement.table, "002-1", row)
            }
        }
        return events
    }

    @Test func labelsAStayByTheNextOneOfTheFileThatEndsWithExpired() throws {
        let task = MortalityPredictionEICU()
        let events = events(
            task,
            stays: [
                ("9", (nil, nil), [:]), ("3", (nil, nil), ["hospitaldischargestatus": "Expired"]),
                ("5", (nil, nil), ["hospitaldischargestatus": "expired"]),
            ]
        )
        let found = try events.extraction(task)
        #expect(found.samples.map(\.visit) == ["9", "3"])
        #expect(found.samples.map { $0.labels["mortality"] } == [1, 0])
    }

    @Test func leavesOutNullCodesAndStaysThatHaveNothingElse() throws {
        let task = MortalityPredictionEICU()
        var events = events(task, stays: [("1", (nil, nil), [:]), ("3", (nil, nil), [:])])
        events.add("diagnosis", "002-1", ["patientunitstayid": "1"])
        events.add("patient", "002-2", ["patientunitstayid": "4"])
        events.add("patient", "002-2", ["patientunitstayid": "5"])
        for table in ["diagnosis", "physicalexam", "medication"] {
            events.add(table, "002-2", ["patientunitstayid": "4"])
        }
        let found = try events.extraction(task)
        #expect(found.samples.map { $0.codes["conditions"] } == [["icd9code 1"]])
        #expect(found.attrition.exclusions.map(\.visits) == [0, 2, 1, 0])
        #expect(found.attrition.exclusions.map(\.patients) == [0, 0, 0, 1])
    }

    @Test func sortsTheSetOfDiagnosesBehindAdmissionDiagnosesAndKeepsEachOnce() throws {
        let task = MortalityPredictionEICU2()
        var events = events(task, stays: [("1", (nil, nil), [:]), ("2", (nil, nil), [:])])
        for text in ["renal|b", "Zoster", "renal|a", "renal|b"] {
            events.add("diagnosis", "002-1", ["patientunitstayid": "1", "diagnosisstring": text])
        }
        events.add("admissiondx", "002-1", ["patientunitstayid": "1", "admitdxpath": "z"])
        let sample = try #require(try events.extraction(task).samples.first)
        #expect(
            sample.codes["conditions"] == [
                "admitdxpath 1", "z", "Zoster", "diagnosisstring 1", "renal|a", "renal|b",
            ])
    }

    @Test func ordersStaysByNumberForReadmissionAndTakesAMissingNumberForZero() throws {
        let task = ReadmissionPredictionEICU()
        let events = events(
            task,
            stays: [
                ("a", ("100", "2"), [:]), ("b", ("99", "1"), [:]), ("c", ("100", "1"), [:]),
                ("d", ("100", nil), [:]), ("e", (nil, nil), [:]), ("f", (nil, "0"), [:]),
            ]
        )
        let found = try events.extraction(task)
        #expect(found.samples.map(\.visit) == ["e", "f", "b", "d", "c"])
        #expect(found.samples.map { $0.labels["readmission"] } == [1, 0, 0, 1, 1])
    }

    @Test func leavesOutMinorsOfWholeYearsOnly() throws {
        let stays = ["17", "18", "> 89", "17.5", "0"].enumerated().map {
            (id: "\($0)", numbers: (String?.some("1"), String?.some("\($0)")), other: ["age": $1])
        }
        let task = ReadmissionPredictionEICU()
        let adults = try events(task, stays: stays).extraction(task)
        #expect(adults.samples.map(\.visit) == ["1", "2", "3"])
        #expect(adults.attrition.exclusions.first { $0.rule == ExclusionRule.minor }?.visits == 1)
        let all = try makeTask("{name: ReadmissionPredictionEICU, exclude_minors: false}")
        #expect(try events(all, stays: stays).extraction(all).samples.count == 4)
    }

    @Test func refusesAStayNumberThatIsNoneWithoutShowingIt() throws {
        let task = ReadmissionPredictionEICU()
        let events = events(task, stays: [("1", ("12x", "1"), [:]), ("2", ("13", "1"), [:])])
        let error = #expect(throws: TaskError.self) { try events.extraction(task) }
        #expect(error == .unparsableNumber(table: "patient", column: "patienthealthsystemstayid"))
        #expect(error?.code == "task.unparsable-number")
        #expect(error?.message.contains("12x") == false)
    }

    @Test func countsWholeDaysOfStayAndLeavesOutOffsetsThatAreNone() throws {
        let task = LengthOfStayPredictioneICU()
        let stays = ["1439", "1440", "-1", "11519", "11520", "21600", "", "1.5"].enumerated().map {
            (id: "\($0)", numbers: (String?.none, String?.none), other: ["unitdischargeoffset": $1])
        }
        let found = try events(task, stays: stays).extraction(task)
        #expect(found.samples.map { $0.labels["los"] } == [0, 1, 0, 7, 8, 9])
        #expect(found.attrition.exclusions.first { $0.rule == ExclusionRule.missingOffset }?.visits == 2)
    }

    @Test func givesHistoriesOfStaysWithAllCodesAndAnEmptyListForTheStayItself() throws {
        let task = DrugRecommendationEICU()
        var events = events(task, stays: [("1", (nil, nil), [:])])
        for stay in ["2", "3"] { events.add("patient", "002-1", ["patientunitstayid": stay]) }
        for (table, attribute) in [
            ("diagnosis", "icd9code"), ("physicalexam", "physicalexampath"), ("medication", "drugname"),
            ("medication", "drugname"),
        ] {
            events.add(table, "002-1", ["patientunitstayid": "3", attribute: "x"])
        }
        events.add("patient", "002-3", ["patientunitstayid": "7"])
        let found = try events.extraction(task)
        #expect(found.samples.map(\.visit) == ["1", "3"])
        #expect(
            found.samples[1].values["conditions"]
                == .list([.list([.text("icd9code 1")]), .list([.text("x")])]))
        #expect(found.samples[1].values["drugs_hist"] == .list([.list([.text("drugname 1")]), .list([])]))
        #expect(found.samples[1].codes["drugs"] == ["x", "x"])
        #expect(found.samples[0].values["drugs_hist"] == .list([.list([])]))
        #expect(found.attrition.exclusions.map(\.visits) == [1, 1, 0])
    }

    @Test func givesNoDrugRecommendationForAPatientWithOneFullStay() throws {
        let task = DrugRecommendationEICU()
        var events = events(task, stays: [("1", (nil, nil), [:])])
        events.add("patient", "002-1", ["patientunitstayid": "2"])
        let found = try events.extraction(task)
        #expect(found.samples.isEmpty)
        #expect(found.attrition.exclusions.map(\.visits) == [0, 1, 1])
        #expect(found.attrition.exclusions.map(\.patients) == [0, 0, 1])
    }

    @Test func aStayIsToldFromTheStaysThatWereOverWhereAsked() throws {
        let task = try makeTask("{name: LengthOfStayPredictioneICU, prior_visits_only: true}")
        #expect(task.timedTables == ["patient"] && LengthOfStayPredictioneICU().timedTables.isEmpty)
        var events = HandMadeEvents()
        // In the file's order, not in that of time; 2 begins while 1 lasts.
        for (id, begin, minutes) in [
            ("3", "2014-01-20 00:00:00", "0"), ("2", "2014-01-02 00:00:00", "1440"),
            ("1", "2014-01-01 00:00:00", "2880"), ("4", "2014-01-21 00:00:00", "9223372036854775807"),
        ] {
            events.add(
                "patient", "002-1", at: begin, ["patientunitstayid": id, "unitdischargeoffset": minutes])
            for (table, attribute) in [
                ("diagnosis", "diagnosisstring"), ("physicalexam", "physicalexamvalue"),
                ("medication", "drugname"),
            ] {
                events.add(
                    table, "002-1", at: begin, ["patientunitstayid": id, attribute: "\(attribute) \(id)"])
            }
        }
        let own = try events.extraction(LengthOfStayPredictioneICU())
        #expect(own.attrition.lateInputs == 3)
        let found = try events.extraction(task)
        #expect(found.samples.map(\.visit) == ["3", "4"] && found.attrition.lateInputs == 0)
        #expect(found.samples.first?.codes["drugs"] == ["drugname 1", "drugname 2"])
    }
}
