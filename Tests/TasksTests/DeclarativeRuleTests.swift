import ClinicalData
import Groundwork
import TestSupport
import Testing

@testable import Tasks

/// What each part of a task file does, on events made by hand.
@Suite struct DeclarativeRuleTests {
    /// One stay of four days per patient, with values of an item on every day.
    private static func events(_ values: [(time: String, value: String)]) -> HandMadeEvents {
        var events = HandMadeEvents()
        events.add("patients", "1", ["anchor_age": "40", "anchor_year": "2100", "gender": "F"])
        events.addMIMIC4Visit("1", "11", from: "2110-01-01 00:00:00", to: "2110-01-05 00:00:00")
        for (time, value) in values { events.addLab("1", "50912", value, at: time, visit: "11") }
        return events
    }

    private static let days = events([
        ("2110-01-01 12:00:00", "1"), ("2110-01-02 00:00:00", "2"), ("2110-01-02 12:00:00", "3"),
        ("2110-01-04 00:00:00", "6"),
    ])

    private func text(
        features: String = "{name: f, processor: sequence, table: labevents, attribute: valuenum}",
        label: String = "type: regression, measure: {table: labevents, value: valuenum, use: count}",
        outcome: String = "outcome: {to: end}", more: String = "", trigger: String = ""
    ) -> String {
        """
        name: made
        datasets: [mimic4ehr]
        trigger: {table: admissions, end: dischtime, id: hadm_id\(trigger)}
        prediction: {at: start, offset: 24h}
        \(outcome)
        \(more)
        features: [\(features)]
        label: {name: y, \(label)}
        """
    }

    private func run(_ text: String, _ events: HandMadeEvents = days) throws -> Extraction {
        try events.extraction(try DeclaredTask.task(text, of: "mimic4ehr"))
    }

    @Test(arguments: [
        ("", ["1", "2"]), ("observation: {closed: start}", ["1"]),
        ("observation: {from: prediction - 12h}", ["1", "2"]),
        ("observation: {from: prediction - 12h, closed: end}", ["2"]),
        ("observation: {from: prediction - 12h, closed: none}", []),
        ("observation: {from: start, to: start + 12h}", ["1"]),
    ])
    func theObservationHoldsWhatItsEndsSay(window: String, codes: [String]) throws {
        let sample = try #require(try run(text(more: window)).samples.first)
        #expect(sample.codes["f"] == codes)
        #expect(sample.visit == "11")
    }

    @Test(arguments: [
        ("outcome: {to: end}", 2.0), ("outcome: {to: prediction + 12h}", 1),
        ("outcome: {to: prediction + 12h, closed: none}", 0), ("{outcome: {to: end}, gap: 12h}", 1),
        ("outcome: {from: prediction + 12h, to: end, closed: both}", 2),
    ])
    func theOutcomeBeginsAfterThePredictionAndTheGap(window: String, count: Double) throws {
        let lines = window.hasPrefix("{") ? "outcome: {to: end}\ngap: 12h" : window
        let sample = try #require(try run(text(outcome: lines)).samples.first)
        #expect(sample.values["y"] == .number(count))
    }

    @Test(arguments: [
        (
            "type: binary, measure: {table: labevents, value: valuenum, use: max, at_least: 6}",
            JSONValue.number(1)
        ),
        ("type: binary, measure: {table: labevents, value: valuenum, use: max, above: 6}", .number(0)),
        ("type: regression, measure: {table: labevents, value: valuenum, use: first}", .number(3)),
        ("type: regression, measure: {table: labevents, value: valuenum, use: mean}", .number(4.5)),
        (
            "type: multiclass, measure: {table: labevents, value: valuenum, use: last, bins: [1, 6, 9]}",
            .number(2)
        ),
        (
            "type: regression, measure: {table: labevents, value: valuenum, use: max, baseline: {use: min, as: ratio}}",
            .number(6)
        ),
        (
            "type: regression, measure: {table: labevents, value: valuenum, use: max, baseline: {use: last, as: difference}}",
            .number(4)
        ),
        ("type: binary, event: {table: labevents, where: [{attribute: valuenum, at_least: 6}]}", .number(1)),
        ("type: binary, event: {table: labevents, at_least: 3}", .number(0)),
        ("type: binary, event: {table: admissions, time: dischtime, same: hadm_id}", .number(1)),
    ])
    func labelsComeFromTheOutcome(label: String, value: JSONValue) throws {
        let sample = try #require(try run(text(label: label)).samples.first)
        #expect(sample.values["y"] == value)
    }

    @Test(arguments: [
        ("type: regression, duration: {from: prediction, to: end}", JSONValue.number(3)),
        ("type: regression, duration: {from: prediction, to: end, unit: h}", .number(72)),
        ("type: binary, duration: {from: start, to: end, above: 4d}", .number(0)),
        ("type: multiclass, duration: {from: start, to: end, bins: [1d, 4d, 5d]}", .number(2)),
        (
            "type: multiclass, attribute: {of: trigger, attribute: hospital_expire_flag, classes: [1, 0]}",
            .number(1)
        ),
        ("type: regression, attribute: {of: trigger, attribute: hospital_expire_flag}", .number(0)),
        ("type: binary, next_trigger: {within: 30d}, missing: negative", .number(0)),
    ])
    func labelsComeFromTheTrigger(label: String, value: JSONValue) throws {
        let sample = try #require(try run(text(label: label, outcome: "")).samples.first)
        #expect(sample.values["y"] == value)
    }

    @Test(arguments: [
        "type: binary, next_trigger: {within: 30d}",
        "type: multiclass, attribute: {of: trigger, attribute: hospital_expire_flag, classes: [a, b]}",
        "type: regression, attribute: {of: next_trigger, attribute: hospital_expire_flag}",
    ])
    func countsWhatHasNoLabel(label: String) throws {
        let found = try run(text(label: label, outcome: ""))
        #expect(found.samples.isEmpty)
        #expect(excluded(found) == ["label cannot be told": 1])
    }

    private func excluded(_ found: Extraction) -> [String: Int] {
        Dictionary(
            uniqueKeysWithValues: found.attrition.exclusions.filter { $0.visits > 0 }.map {
                ($0.rule, $0.visits)
            })
    }

    @Test(arguments: [
        ("inclusion: [{name: r, age: {at_least: 50}}]", true),
        ("inclusion: [{name: r, age: {above: 50}}]", false),
        ("exclusion: [{name: r, age: {at_least: 50}}]", false),
        ("exclusion: [{name: r, age: {below: 50}}]", true),
        ("inclusion: [{name: r, stay: {at_least: 4d}}]", true),
        ("inclusion: [{name: r, stay: {below: 4d}}]", false),
        ("inclusion: [{name: r, history: {at_least: 24h}}]", true),
        ("inclusion: [{name: r, history: {above: 24h}}]", false),
        ("inclusion: [{name: r, events: {table: labevents, at_least: 2}}]", true),
        ("inclusion: [{name: r, events: {table: labevents, at_least: 3}}]", false),
        (
            "inclusion: [{name: r, events: {table: labevents, at_least: 3, window: {to: prediction + 1d}}}]",
            true
        ),
        (
            "exclusion: [{name: r, events: {table: labevents, where: [{attribute: valuenum, above: 2}]}}]",
            true
        ),
        (
            "exclusion: [{name: r, events: {table: labevents, same: hadm_id, window: any, at_least: 4}}]",
            false
        ),
        ("exclusion: [{name: r, trigger: [{attribute: hospital_expire_flag, equals: 0}]}]", false),
        ("exclusion: [{name: r, trigger: [{attribute: hospital_expire_flag, equals: 0, not: true}]}]", true),
        ("inclusion: [{name: r, trigger: [{attribute: insurance, is_null: true}]}]", true),
        ("inclusion: [{name: r, trigger: [{attribute: hadm_id, prefix: [2, 1]}]}]", true),
    ])
    func rulesTakeSamplesOutByName(rule: String, stays: Bool) throws {
        let found = try run(text(more: rule))
        #expect(found.samples.count == (stays ? 1 : 0))
        #expect(excluded(found) == (stays ? [:] : ["r": 1]))
    }

    @Test func anUnknownAgeTakesOutUnlessToldOtherwise() throws {
        var events = HandMadeEvents()
        events.addMIMIC4Visit("1", "11", from: "2110-01-01 00:00:00", to: "2110-01-05 00:00:00")
        for key in ["inclusion", "exclusion"] {
            let rule = "\(key): [{name: r, age: {at_least: 50}%}]"
            #expect(excluded(try run(text(more: rule.replacing("%", with: "")), events)) == ["r": 1])
            #expect(
                try run(text(more: rule.replacing("%", with: ", missing: keep")), events).samples.count == 1)
        }
    }

    @Test(arguments: [
        ("", ["11", "12", "13"]), (", which: first", ["11"]), (", which: last", ["13"]),
        (", which: first, where: [{attribute: hospital_expire_flag, equals: 1}]", ["12"]),
    ])
    func triggersAreChosenInOrder(trigger: String, visits: [String]) throws {
        var events = HandMadeEvents()
        for (month, died) in [("01", "0"), ("02", "1"), ("03", "0")] {
            events.addMIMIC4Visit(
                "1", "1\(Int(month) ?? 0)", from: "2110-\(month)-01 00:00:00",
                to: "2110-\(month)-05 00:00:00",
                died: died)
        }
        events.add("patients", "2", ["gender": "M"])
        let found = try run(text(trigger: trigger), events)
        #expect(found.samples.map(\.visit) == visits)
        let gender = "{name: g, processor: sequence, table: patients, attribute: gender}"
        #expect(try run(text(features: gender), events).attrition.exclusions.first?.patients == 1)
    }

    private func form(_ feature: String, _ events: HandMadeEvents = days, more: String = "") throws
        -> JSONValue?
    {
        try run(text(features: "{name: f, \(feature)}", more: more), events).samples.first?.values["f"]
    }

    @Test func seriesHaveOneRowPerMomentAndTheLaterValueWins() throws {
        var events = Self.days
        events.addLab("1", "51006", "20", at: "2110-01-01 12:00:00")
        events.addLab("1", "51006", "21", at: "2110-01-01 12:00:00")
        events.addLab("1", "51006", "no number", at: "2110-01-01 18:00:00")
        events.addLab("1", "52546", "7", at: "2110-01-01 18:00:00")
        events.addLab("1", "99999", "8", at: "2110-01-01 20:00:00")
        let items = "table: labevents, value: valuenum, item: itemid, items: [51006, [50912, 52546]]"
        let rows = JSONValue.list([
            .list([.number(21), .number(1)]), .list([.null, .number(7)]), .list([.null, .number(2)]),
        ])
        let start = Timestamp(year: 2110, month: 1, day: 1, hour: 12).milliseconds
        let times = [0, 6, 12].map { JSONValue.number(Double(start + $0 * 3_600_000)) }
        #expect(try form("processor: timeseries, \(items)", events) == .list([.list(times), rows]))
        let clocks: [(String, [Double])] = [
            ("previous", [0.0, 6, 6]), ("start", [12, 18, 24]), ("prediction", [-12, -6, 0]),
        ]
        for (clock, hours) in clocks {
            let found = try form("processor: stagenet_tensor, clock: \(clock), \(items)", events)
            #expect(found == .list([.list(hours.map { JSONValue.number($0) }), rows]))
        }
        let uses: [(String, [Double])] = [
            ("last", [21.0, 2]), ("mean", [20.5, 10.0 / 3]), ("count", [2, 3]), ("min", [20, 1]),
        ]
        for (use, numbers) in uses {
            let found = try form("processor: tensor, use: \(use), \(items)", events)
            #expect(found == .list(numbers.map { JSONValue.number($0) }))
        }
        let missing =
            "processor: tensor, fill: -1, table: labevents, value: valuenum, item: itemid, items: [5]"
        #expect(try form(missing, events) == .list([.number(-1)]))
    }

    @Test func codesAreGroupedPrefixedAndMadeDistinct() throws {
        var events = HandMadeEvents()
        events.addMIMIC4Visit(
            "1", "11", from: "2109-01-01 00:00:00", to: "2109-01-02 00:00:00",
            diagnoses: ["I10", "E11", "I10"])
        events.addMIMIC4Visit(
            "1", "12", from: "2109-01-03 00:00:00", to: "2109-01-03 06:00:00", diagnoses: ["N18"])
        events.add("diagnoses_icd", "1", at: "2109-01-02 00:00:00", ["hadm_id": "11"])
        events.addMIMIC4Visit("1", "13", from: "2110-01-01 00:00:00", to: "2110-01-05 00:00:00")
        func codes(_ rest: String) throws -> JSONValue? {
            let feature = "{name: f, table: diagnoses_icd, attribute: icd_code, \(rest)}"
            return try run(text(features: feature), events).samples.last?.values["f"]
        }
        func list(_ texts: [String?]) -> JSONValue {
            .list(texts.map { $0.map { JSONValue.text($0) } ?? .null })
        }
        #expect(try codes("processor: sequence") == list(["I10", "E11", "I10", "N18"]))
        #expect(
            try codes("processor: sequence, nulls: keep, distinct: true") == list(["I10", "E11", nil, "N18"]))
        #expect(try codes("processor: sequence, where: [{attribute: icd_code, prefix: N}]") == list(["N18"]))
        let nested = JSONValue.list([list(["10_I10", "10_E11"]), list(["10_N18"])])
        #expect(
            try codes("processor: nested_sequence, by: hadm_id, prefix: icd_version, distinct: true")
                == nested)
        let timed = JSONValue.list([.list([.number(0), .number(30)]), nested])
        #expect(
            try codes("processor: stagenet, by: hadm_id, prefix: icd_version, distinct: true") == timed)
        #expect(try codes("processor: text, use: first") == .text("I10"))
        #expect(try codes("processor: text") == .text("N18"))
        #expect(try codes("processor: sequence, same: hadm_id") == list([]))
    }

    @Test func aSampleWithoutARequiredFieldIsTakenOutUnderItsName() throws {
        let feature =
            "{name: f, processor: sequence, table: hcpcsevents, attribute: hcpcs_cd, required: true}"
        #expect(excluded(try run(text(features: feature))) == ["nothing for f": 1])
        let series = "{name: s, processor: timeseries, table: labevents, value: rate}"
        #expect(throws: ConfigurationError.self) { try run(text(features: series)) }
        let empty =
            "{name: s, processor: timeseries, table: labevents, value: valuenum, item: itemid, items: [1]}"
        #expect(excluded(try run(text(features: empty))) == ["nothing for s": 1])
        let number =
            "{name: n, processor: tensor, table: labevents, value: valuenum, item: itemid, items: [1, 2]"
        #expect(excluded(try run(text(features: number + ", required: true}"))) == ["nothing for n": 1])
        #expect(excluded(try run(text(features: number + "}"))) == [:])
    }

    @Test func aMissingTimeIsCountedAndABadOneIsAnError() throws {
        var events = HandMadeEvents()
        events.addMIMIC4Visit("1", "11", from: nil, to: "2110-01-05 00:00:00")
        #expect(excluded(try run(text(), events)) == ["time of the prediction or of a window missing": 1])
        events.addMIMIC4Visit("1", "12", from: "2110-02-01 00:00:00", to: "soon")
        #expect(throws: TaskError.unparsableTime(table: "admissions", column: "dischtime")) {
            try run(text(), events)
        }
    }

    @Test func theRecordReachesOverTheTablesThatTheTaskReads() throws {
        var events = Self.days
        events.addLab("1", "1", "9", at: "2109-12-31 12:00:00")
        let rule = "inclusion: [{name: r, history: {at_least: 36h}}]"
        #expect(try run(text(more: rule), events).samples.count == 1)
        #expect(excluded(try run(text(more: rule))) == ["r": 1])
    }

    @Test func countsSamplesWithKeyedInputsAfterThePrediction() throws {
        var events = Self.days
        events.add("prescriptions", "1", at: "2110-01-06 00:00:00", ["hadm_id": "11", "ndc": "1"])
        let task = """
            {name: made, datasets: [mimic4ehr], trigger: {table: admissions, end: dischtime}, prediction: {at: end},
            features: [{name: f, processor: sequence, table: TABLE, attribute: hadm_id, same: hadm_id, window: any}],
            label: {name: y, type: binary, next_trigger: {within: 1d}, missing: negative}}
            """
        #expect(try run(task.replacing("TABLE", with: "prescriptions"), events).attrition.lateInputs == 1)
        #expect(try run(task.replacing("TABLE", with: "diagnoses_icd"), events).attrition.lateInputs == 0)
    }

    /// Every value is its own time, so that what a sample holds tells when it was taken.
    @Test(arguments: 1...40) func inputsAreNeverLaterThanThePredictionAndOutcomesNeverEarlier(seed: UInt64)
        throws
    {
        var random = RandomStream(seed: seed, purpose: .test)
        var events = HandMadeEvents()
        let zero = Timestamp(year: 2110, month: 1, day: 1)
        func time(_ hours: Int) -> Timestamp {
            Timestamp(milliseconds: zero.milliseconds + Int64(hours) * 3_600_000)
        }
        let (start, stay) = (random.nextInt(below: 100), random.nextInt(below: 100))
        events.addMIMIC4Visit("1", "11", from: time(start).text, to: time(start + stay).text)
        for _ in 0..<60 {
            let hour = random.nextInt(below: 250)
            events.addLab("1", "5", "\(hour)", at: time(hour).text)
        }
        func pick(_ texts: [String]) -> String { texts[random.nextInt(below: texts.count)] }
        let base = pick(["start", "end"])
        let offset = random.nextInt(below: 48)
        let predicted = (base == "start" ? start : start + stay) + offset
        let window = pick(["start", "record_begin", "prediction - 30h", "start - 5h"])
        let to =
            base == "end"
            ? pick(["start + 24h", "prediction", "end", "start"]) : pick(["start", "prediction"])
        let task = """
            {name: made, datasets: [mimic4ehr], trigger: {table: admissions, end: dischtime},
            prediction: {at: \(base), offset: \(offset)h}, outcome: {to: record_end},
            features: [{name: f, processor: tensor, table: labevents, value: valuenum, use: max, fill: -1,
              window: {from: \(window), to: \(to)}}],
            label: {name: y, type: regression, measure: {table: labevents, value: valuenum, use: min}}}
            """
        do {
            for sample in try run(task, events).samples {
                let latest = try #require(sample.values["f"]?.items.first?.number)
                #expect(latest <= Double(predicted), "seed \(seed)")
                #expect(try #require(sample.values["y"]?.number) > Double(predicted), "seed \(seed)")
            }
        } catch let error as ConfigurationError {
            #expect(error.code == "config.window-order", "seed \(seed): \(error.message)")
        }
    }

    /// Without the time from which its label counts, nobody knows the label: it is not "nothing happened".
    @Test(arguments: [
        "type: binary, missing: negative, next_trigger: {within: 180d}",
        "type: binary, missing: negative, event: {table: labevents}",
        "type: binary, missing: negative, measure: {table: labevents, value: valuenum, use: max, above: 3}",
    ]) func aTriggerWithoutThePredictionTimeIsLeftOut(label: String) throws {
        var events = HandMadeEvents()
        events.addMIMIC4Visit("1", "11", from: "2110-01-01", to: nil)
        events.addMIMIC4Visit("1", "12", from: "2110-02-01", to: "2110-02-03")
        let outcome = label.contains("next_trigger") ? "" : "outcome: {to: prediction + 10d}"
        let task = text(
            features:
                "{name: f, processor: sequence, table: diagnoses_icd, attribute: icd_code, window: any, same: hadm_id}",
            label: label, outcome: outcome
        ).replacing("{at: start, offset: 24h}", with: "{at: end}")
        let found = try run(task, events)
        #expect(found.samples.map(\.visit) == ["12"])
        #expect(found.attrition.exclusions.first { $0.rule == DeclarativeTask.Rule.noTime }?.visits == 1)
    }

    @Test func numbersThatAreNoDecimalOnesAreLeftOut() throws {
        let events = Self.events(
            ["1e300", "0x41", "inf", "nan", "7"].enumerated().map { ("2110-01-01 0\($0):00:00", $1) })
        let sample = try #require(
            try run(
                text(
                    features:
                        "{name: f, processor: tensor, table: labevents, value: valuenum, use: max}"),
                events
            ).samples.first)
        #expect(sample.values["f"] == .list([.number(7)]))
    }

    @Test(arguments: ["9223372036854775807", "-9223372036854775808", "x", "99999"])
    func anAgeThatCannotBeIsUnknown(age: String) throws {
        var events = HandMadeEvents()
        events.add("patients", "1", ["anchor_age": age, "anchor_year": "2100"])
        events.addMIMIC4Visit("1", "11", from: "2110-01-01", to: "2110-01-05")
        let found = try run(text(more: "inclusion: [{name: young, age: {at_least: 18}}]"), events)
        #expect(found.samples.isEmpty)
    }

    @Test func anAgeIsThatOfTheDayOfBirthWhereItIsKnown() throws {
        let task = try DeclaredTask.task(
            """
            name: made
            datasets: [omop]
            trigger: {table: visit_occurrence, end: visit_end_datetime, id: visit_occurrence_id}
            prediction: {at: start}
            inclusion: [{name: adults, age: {at_least: 18}}]
            features: [{name: f, processor: sequence, table: condition_occurrence, attribute: condition_concept_id}]
            label: {name: y, type: regression, duration: {from: start, to: end}}
            """, of: "omop")
        var events = HandMadeEvents()
        events.add("person", "1", ["year_of_birth": "1994", "month_of_birth": "11", "day_of_birth": "24"])
        for (id, day) in [("1", "2012-11-23"), ("2", "2012-11-24"), ("3", "2013-01-01")] {
            events.add(
                "visit_occurrence", "1", at: day,
                ["visit_occurrence_id": id, "visit_end_datetime": "2014-01-01"])
        }
        #expect(try events.extraction(task).samples.map(\.visit) == ["2", "3"])
    }
}
