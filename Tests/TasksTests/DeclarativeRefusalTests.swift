import Groundwork
import Tasks
import Testing

/// What a task file must not say, one line changed in a good one: the code and the line that the error names.
struct BadTaskFile: Sendable, CustomTestStringConvertible {
    let code: String
    let line: Int
    /// The line of ``good`` that is replaced, from 1, and what stands there instead.
    let change: (line: Int, text: String)
    /// Words that the message holds.
    let words: [String]

    var testDescription: String { "\(code): \(change.text)" }

    init(_ code: String, _ number: Int, _ text: String, at line: Int? = nil, _ words: String...) {
        (self.code, self.line, change, self.words) = (code, line ?? number, (number, text), words)
    }

    static let good = """
        name: Good
        datasets: [mimic3]
        predicates: {high: {table: labevents, where: [{attribute: valuenum, above: 4}]}}
        trigger: {table: admissions, end: dischtime, id: hadm_id}
        prediction: {at: start, offset: 24h}
        observation: {from: start, to: prediction}
        gap: 1h
        outcome: {to: prediction + 48h}
        inclusion:
          - {name: minor, age: {at_least: 18}}
          - {name: short, stay: {at_least: 2d}}
        exclusion:
          - {name: high before, events: {predicate: high}}
        features:
          - {name: drugs, processor: sequence, table: prescriptions, attribute: ndc}
          - {name: labs, processor: {name: timeseries, sampling_rate: 3600}, table: labevents, value: valuenum, item: itemid, items: [1, [2, 3]]}
        label:
          name: high
          type: binary
          event: {predicate: high}

        """

    var text: String {
        var lines = Self.good.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        lines[change.line - 1] = change.text
        return lines.joined(separator: "\n")
    }

    private static func drugs(_ rest: String) -> String {
        "  - {name: drugs, processor: sequence, table: prescriptions, attribute: ndc, \(rest)}"
    }

    static let sections: [BadTaskFile] = [
        BadTaskFile("config.unknown-key", 6, "observe: {from: start}", "observe"),
        BadTaskFile("config.unknown-key", 7, "gapp: 1h", "Did you mean \"gap\"?"),
        BadTaskFile("config.missing-key", 1, "", at: 2, "\"name\""),
        BadTaskFile("config.other-dataset", 2, "datasets: [mimic4]", "mimic3"),
        BadTaskFile("config.empty", 2, "datasets: []"),
        BadTaskFile(
            "config.unknown-table", 4, "trigger: {table: admission, end: dischtime}", "\"admissions\"?"),
        BadTaskFile(
            "config.unknown-attribute", 4, "trigger: {table: admissions, end: dischtme}", "dischtime"),
        BadTaskFile("config.untimed-table", 4, "trigger: {table: patients}"),
        BadTaskFile(
            "config.unknown-key", 4, "trigger: {table: admissions, ending: dischtime}", "trigger.ending"),
        BadTaskFile("config.unknown-value", 4, "trigger: {table: admissions, which: second}", "first, last"),
        BadTaskFile("config.unknown-attribute", 5, "prediction: {at: begin}", "prediction.at"),
        BadTaskFile("config.time-span", 5, "prediction: {at: start, offset: 24 hours}"),
        BadTaskFile("config.time-span", 7, "gap: 1y"),
        BadTaskFile(
            "config.missing-key", 4, "trigger: {table: admissions, id: hadm_id}", at: 11, "trigger.end"),
        BadTaskFile("config.unknown-table", 3, "predicates: {high: {table: lab}}", "predicates.high.table"),
        BadTaskFile("config.unknown-key", 3, "predicates: {high: {table: labevents, same: hadm_id}}", "same"),
        BadTaskFile(
            "config.condition", 3, "predicates: {high: {table: labevents, where: [{attribute: flag}]}}"),
        BadTaskFile(
            "config.condition", 3,
            "predicates: {high: {table: labevents, where: [{attribute: flag, equals: a, prefix: b}]}}"),
        BadTaskFile(
            "config.range", 3,
            "predicates: {high: {table: labevents, where: [{attribute: valuenum, above: 4, below: 4}]}}"),
        BadTaskFile(
            "config.unused-key", 3, "predicates: {high: {table: labevents}, low: {table: labevents}}",
            "predicates.low"),
    ]

    static let windows: [BadTaskFile] = [
        BadTaskFile("config.future-input", 6, "observation: {from: start, to: end}", "observation"),
        BadTaskFile("config.future-input", 6, "observation: {to: prediction + 1s}"),
        BadTaskFile("config.future-input", 6, "observation: {to: start + 25h}"),
        BadTaskFile("config.window-order", 6, "observation: {from: prediction, to: start}"),
        BadTaskFile("config.window-order", 6, "observation: {from: end, to: start}"),
        BadTaskFile("config.window-order", 6, "observation: {from: prediction, closed: end}"),
        BadTaskFile("config.time-point", 6, "observation: {from: begin}", "record_begin"),
        BadTaskFile("config.time-point", 6, "observation: {from: predicton - 1h}", "\"prediction\"?"),
        BadTaskFile("config.time-span", 6, "observation: {from: prediction - 1 hour}"),
        BadTaskFile("config.unknown-value", 6, "observation: {closed: left}", "both, start, end, none"),
        BadTaskFile("config.window-order", 8, "outcome: {to: prediction + 1h}"),
        BadTaskFile("config.outcome-overlap", 8, "outcome: {from: prediction, to: prediction + 48h}"),
        BadTaskFile("config.outcome-overlap", 8, "outcome: {from: start, to: prediction + 48h}"),
        BadTaskFile("config.outcome-overlap", 8, "outcome: {from: end - 1h, to: end}"),
        BadTaskFile("config.missing-key", 8, "outcome: {from: prediction + 1h}", "outcome.to"),
        BadTaskFile("config.missing-key", 8, "", at: 1, "outcome"),
        BadTaskFile("config.future-input", 15, drugs("window: {to: end}"), "features[0].window"),
        BadTaskFile("config.future-input", 15, drugs("window: any"), "same"),
        BadTaskFile("config.future-input", 15, drugs("same: hadm_id, window: any"), "at: end"),
        BadTaskFile("config.unknown-value", 15, drugs("window: all"), "any"),
    ]

    static let rules: [BadTaskFile] = [
        BadTaskFile("config.rule", 10, "  - {name: minor}", "inclusion[0]"),
        BadTaskFile("config.rule", 10, "  - {name: minor, age: {at_least: 18}, stay: {at_least: 1d}}"),
        BadTaskFile("config.missing-key", 10, "  - {age: {at_least: 18}}", "inclusion[0].name"),
        BadTaskFile("config.missing-key", 10, "  - {name: minor, age: {}}", "at_least"),
        BadTaskFile("config.range", 10, "  - {name: minor, age: {at_least: 18, at_most: 17}}"),
        BadTaskFile("config.range", 10, "  - {name: minor, age: {at_least: 18, above: 17}}"),
        BadTaskFile("config.unknown-attribute", 10, "  - {name: minor, age: {born: birth, at_least: 18}}"),
        BadTaskFile("config.unknown-table", 10, "  - {name: minor, age: {table: person, at_least: 18}}"),
        BadTaskFile(
            "config.unknown-value", 10, "  - {name: minor, age: {at_least: 18}, missing: drop}", "keep"),
        BadTaskFile("config.time-span", 11, "  - {name: short, stay: {at_least: 2}}"),
        BadTaskFile("config.unknown-key", 11, "  - {name: short, stay: {atleast: 2d}}", "at_least"),
        BadTaskFile(
            "config.duplicate-name", 11, "  - {name: minor, stay: {at_least: 2d}}", "inclusion[1].name"),
        BadTaskFile("config.duplicate-name", 11, "  - {name: label cannot be told, stay: {at_least: 2d}}"),
        BadTaskFile("config.unknown-predicate", 13, "  - {name: b, events: {predicate: hihg}}", "\"high\"?"),
        BadTaskFile("config.condition", 13, "  - {name: b, events: {predicate: high, table: labevents}}"),
        BadTaskFile("config.unknown-attribute", 13, "  - {name: b, events: {predicate: high, same: itemid}}"),
        BadTaskFile(
            "config.untimed-table", 13, "  - {name: b, events: {table: patients, window: {to: start}}}"),
        BadTaskFile("config.type", 13, "  - {name: b, events: {predicate: high, at_least: 1.5}}"),
    ]

    static let fields: [BadTaskFile] = [
        BadTaskFile("config.unknown-attribute", 15, drugs("prefix: icd"), "features[0].prefix"),
        BadTaskFile("config.unknown-key", 15, drugs("by: hadm_id"), "features[0].by"),
        BadTaskFile("config.unknown-value", 15, drugs("nulls: yes"), "drop, keep"),
        BadTaskFile(
            "config.unknown-value", 15, "  - {name: drugs, processor: sequnce, table: prescriptions}",
            "Did you mean \"sequence\"?"),
        BadTaskFile(
            "config.missing-key", 15, "  - {name: drugs, processor: sequence, table: prescriptions}",
            "attribute"),
        BadTaskFile(
            "config.missing-key", 15,
            "  - {name: drugs, processor: nested_sequence, table: prescriptions, attribute: ndc}", "by"),
        BadTaskFile(
            "config.unknown-key", 15,
            "  - {name: a, processor: {name: sequence, padding: 1}, table: prescriptions, attribute: ndc}",
            "processor.padding"),
        BadTaskFile(
            "config.untimed-table", 15,
            "  - {name: a, processor: stagenet, table: patients, attribute: gender}"),
        BadTaskFile(
            "config.missing-key", 15,
            "  - {name: a, processor: tensor, table: labevents, value: valuenum, items: [1]}",
            "item"),
        BadTaskFile(
            "config.duplicate-name", 15,
            "  - {name: a, processor: tensor, table: labevents, value: valuenum, item: itemid, items: [1, [2, 1]]}"
        ),
        BadTaskFile(
            "config.duplicate-name", 15,
            "  - {name: labs, processor: sequence, table: prescriptions, attribute: ndc}", at: 16),
        BadTaskFile(
            "config.duplicate-name", 15,
            "  - {name: high, processor: sequence, table: prescriptions, attribute: ndc}"),
        BadTaskFile(
            "config.reserved-name", 15,
            "  - {name: labs.time, processor: sequence, table: prescriptions, attribute: ndc}"),
        BadTaskFile(
            "config.reserved-name", 15,
            "  - {name: visit_id, processor: sequence, table: prescriptions, attribute: ndc}"),
        BadTaskFile(
            "config.field-name", 15,
            "  - {name: ., processor: sequence, table: prescriptions, attribute: ndc}"),
        BadTaskFile(
            "config.range", 16,
            "  - {name: labs, processor: {name: timeseries, sampling_rate: 0}, table: labevents, value: valuenum}",
            "sampling_rate"),
    ]

    static let labels: [BadTaskFile] = [
        BadTaskFile("config.label", 20, "", at: 18, "event, attribute"),
        BadTaskFile("config.label", 19, "  type: multiclass", at: 20, "binary"),
        BadTaskFile("config.unknown-value", 19, "  type: survival", "regression"),
        BadTaskFile("config.label", 20, "  next_trigger: {}"),
        BadTaskFile("config.unused-key", 20, "  next_trigger: {within: 30d}", at: 8),
        BadTaskFile("config.unused-key", 20, "  next_trigger: {within: 30d, unit: h}", "within"),
        BadTaskFile(
            "config.unused-key", 20,
            "  attribute: {of: trigger, attribute: hadm_id, classes: [a, b], equals: a}",
            "classes"),
        BadTaskFile(
            "config.unused-key", 20,
            "  attribute: {of: trigger, attribute: hadm_id, classes: [a, b], not: true}"),
        BadTaskFile(
            "config.unused-key", 20,
            "  measure: {predicate: high, value: valuenum, use: max, bins: [4], above: 4}",
            "bins"),
        BadTaskFile("config.unused-key", 20, "  duration: {from: start, to: end, bins: [1d], unit: h}"),
        BadTaskFile("config.unused-key", 20, "  duration: {from: start, to: end, above: 1d, unit: h}"),
        BadTaskFile(
            "config.unknown-attribute", 20, "  measure: {predicate: high, value: val, use: max, above: 4}"),
        BadTaskFile(
            "config.unknown-value", 20, "  measure: {predicate: high, value: valuenum, use: top, above: 4}",
            "max"),
        BadTaskFile(
            "config.future-input", 20,
            "  measure: {predicate: high, value: valuenum, use: max, above: 4, baseline: {use: min, as: ratio, window: {to: end}}}"
        ),
        BadTaskFile("config.untimed-table", 20, "  event: {table: patients}"),
    ]

    static let all = sections + windows + rules + fields + labels
}

@Suite struct DeclarativeRefusalTests {
    @Test func theGoodFileIsGood() throws {
        let task = try DeclaredTask.task(BadTaskFile.good)
        #expect(task.inputSchema.map(\.name) == ["drugs", "labs"])
        #expect(
            task.requirements == [
                TableRequirement("patients", ["dob"]),
                TableRequirement("admissions", ["hadm_id", "dischtime"]),
                TableRequirement("prescriptions", ["ndc"]),
                TableRequirement("labevents", ["itemid", "valuenum"]),
            ])
    }

    @Test(arguments: BadTaskFile.all) func namesFileLineAndKey(file: BadTaskFile) throws {
        let error = #expect(throws: ConfigurationError.self) { try DeclaredTask.task(file.text) }
        #expect(error?.code == file.code, "\(error?.message ?? "")")
        #expect(error?.message.hasPrefix("task.yaml, line \(file.line)") == true, "\(error?.message ?? "")")
        for word in file.words { #expect(error?.message.contains(word) == true, "\(error?.message ?? "")") }
    }

    /// A file about the end of a stay, with a feature and a label.
    private func atEnd(feature: String, label: String, more: String = "", at: String = "end") -> String {
        """
        {name: a, datasets: [mimic3], trigger: {table: admissions, end: dischtime, id: hadm_id},
        prediction: {at: \(at)}, \(more)
        features: [{name: f, \(feature)}],
        label: {name: y, \(label)}}
        """
    }

    private static let codes = "processor: sequence, table: diagnoses_icd, attribute: icd9_code"

    /// A number that is the label is not tested.
    @Test func aTestOfALabelThatIsNoBinaryOneIsRefused() {
        let text = atEnd(
            feature: Self.codes + ", same: hadm_id, window: any",
            label: "type: regression, attribute: {of: trigger, attribute: hospital_expire_flag, equals: 1}")
        let error = #expect(throws: ConfigurationError.self) { try DeclaredTask.task(text) }
        #expect(error?.code == "config.unused-key", "\(error?.message ?? "")")
    }
    private static let flag =
        "type: binary, attribute: {of: trigger, attribute: hospital_expire_flag, equals: \"1\"}"
    private static let stay = "type: regression, duration: {from: start, to: end}"

    @Test(arguments: [flag, stay]) func refusesALabelThatIsKnownUnlessThatIsMeant(label: String) throws {
        let error = #expect(throws: ConfigurationError.self) {
            try DeclaredTask.task(atEnd(feature: Self.codes, label: label))
        }
        #expect(error?.code == "config.retrospective")
        #expect(error?.message.contains("line 4") == true)
        _ = try DeclaredTask.task(atEnd(feature: Self.codes, label: label, more: "retrospective: true,"))
        _ = try DeclaredTask.task(atEnd(feature: Self.codes, label: label, at: "start"))
    }

    @Test(arguments: [
        ("processor: sequence, table: admissions, attribute: hospital_expire_flag", flag),
        (
            "processor: sequence, table: admissions, attribute: insurance, where: [{attribute: hospital_expire_flag, equals: 0}]",
            flag
        ),
        ("processor: text, table: admissions, attribute: dischtime", stay),
    ])
    func refusesALabelAmongTheInputs(feature: String, label: String) throws {
        for more in ["", "retrospective: true,"] {
            let error = #expect(throws: ConfigurationError.self) {
                try DeclaredTask.task(atEnd(feature: feature, label: label, more: more, at: "start"))
            }
            #expect(error?.code == "config.label-among-inputs")
            #expect(error?.message.hasPrefix("task.yaml, line 3, key \"features[0]\"") == true)
        }
    }

    @Test func refusesEventsOfTheOutcomeAmongInputsWithoutAWindow() throws {
        let label = "type: binary, event: {table: diagnoses_icd, same: hadm_id}"
        let more = "outcome: {to: end + 30d},"
        let error = #expect(throws: ConfigurationError.self) {
            try DeclaredTask.task(
                atEnd(feature: Self.codes + ", same: hadm_id, window: any", label: label, more: more))
        }
        #expect(error?.code == "config.label-among-inputs")
        _ = try DeclaredTask.task(atEnd(feature: Self.codes, label: label, more: more))
    }

    @Test func refusesAWindowToTheEndOfATriggerWithoutOne() throws {
        let error = #expect(throws: ConfigurationError.self) {
            try DeclaredTask.task(
                """
                name: a
                datasets: [mimic3]
                trigger: {table: admissions}
                prediction: {at: start}
                outcome: {to: end}
                features: [{name: f, processor: sequence, table: diagnoses_icd, attribute: icd9_code}]
                label: {name: y, type: binary, event: {table: labevents}}
                """)
        }
        #expect(error?.code == "config.missing-key")
        #expect(error?.message.contains("line 3") == true)
    }

    @Test func refusesAnAgeAtTheEndOfATriggerWithoutOne() throws {
        let error = #expect(throws: ConfigurationError.self) {
            try DeclaredTask.task(
                """
                name: a
                datasets: [mimic3]
                trigger: {table: admissions}
                prediction: {at: start}
                inclusion: [{name: r, age: {at_least: 18, at: end}}]
                features: [{name: f, processor: sequence, table: diagnoses_icd, attribute: icd9_code}]
                label: {name: y, type: binary, next_trigger: {within: 30d}}
                """)
        }
        #expect(error?.code == "config.missing-key")
        #expect(error?.message.contains("line 3") == true)
    }
}
