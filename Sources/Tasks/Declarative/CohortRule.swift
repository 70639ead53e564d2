import ClinicalData
import Groundwork

/// A named rule by which samples are left out of the cohort.
struct CohortRule: Sendable {
    enum Test: Sendable {
        /// Whole years of age at a moment.
        case age(PatientAge, at: TimePoint, NumberRange)
        /// The number of events that a selector chooses in a window; nil: whatever their time.
        case events(Int, TimeWindow?, NumberRange)
        /// From the trigger's start to its end, in milliseconds.
        case stay(NumberRange)
        /// From the patient's first event to the prediction, in milliseconds.
        case history(NumberRange)
        /// Conditions on the trigger itself.
        case trigger([EventCondition])
    }

    static let kinds = ["age", "events", "stay", "history", "trigger"]

    let name: String
    /// Whether samples are left out when the test holds, not when it fails.
    let excludes: Bool
    let test: Test
    /// Whether samples stay of which the data do not tell whether the test holds.
    let keepsUnknown: Bool

    /// Reads one rule of `inclusion` or `exclusion`.
    init(
        _ node: ConfigurationNode, excludes: Bool, _ trigger: DeclarativeTrigger, _ reader: TaskFileReader
    ) throws {
        try node.allow(["name"] + Self.kinds + ["missing"])
        name = try node.required("name").string()
        self.excludes = excludes
        keepsUnknown = try node.child("missing")?.choice(["exclude", "keep"]) == "keep"
        let given = Self.kinds.filter { node.child($0) != nil }
        guard let kind = given.first, given.count == 1 else {
            throw node.error("rule", "give one of \(Self.kinds.joined(separator: ", ")).")
        }
        let section = try node.required(kind)
        switch kind {
        case "age": test = try Self.age(section, reader)
        case "events": test = try Self.events(section, trigger, reader)
        case "trigger":
            let table = try reader.triggerTable(trigger, section)
            test = .trigger(try section.items().map { try EventCondition($0, table: table, reader) })
        default:
            try section.allow(NumberRange.keys)
            let range = try NumberRange.required(section, read: { Double(try $0.span()) })
            if kind == "stay", trigger.end == nil {
                throw section.error(
                    "missing-key", "the trigger has no end. Name its attribute in trigger.end.")
            }
            test = kind == "stay" ? .stay(range) : .history(range)
        }
    }

    private static func age(_ node: ConfigurationNode, _ reader: TaskFileReader) throws -> Test {
        try node.allow(["table", "born", "at"] + NumberRange.keys)
        let moment = try node.child("at").map(TimePoint.init) ?? TimePoint(.prediction)
        return .age(
            try PatientAge(node, reader), at: moment, try NumberRange.required(node, read: { try $0.bound() })
        )
    }

    private static func events(
        _ node: ConfigurationNode, _ trigger: DeclarativeTrigger, _ reader: TaskFileReader
    ) throws -> Test {
        try node.allow(EventSelector.keys + ["window"] + NumberRange.keys)
        let (selector, table) = try reader.selector(node, trigger: trigger)
        let range =
            try NumberRange(node, read: { Double(try $0.int(in: 0...1_000_000_000)) })
            ?? NumberRange(atLeast: 1)
        let isTimed = table.isTimed || selector.time != nil
        let window = try TimeWindow.orAny(
            node, over: .past, isTimed: isTimed, trigger, joins: selector.same != nil)
        return .events(reader.note(selector), window, range)
    }

    /// Whether the rule takes the sample out.
    func takesOut(_ scene: Scene, _ record: PatientRecord) throws -> Bool {
        guard let holds = try holds(scene, record) else { return !keepsUnknown }
        return holds == excludes
    }

    /// Whether the test holds; nil if the data do not tell.
    private func holds(_ scene: Scene, _ record: PatientRecord) throws -> Bool? {
        switch test {
        case .age(let age, let moment, let range):
            guard let time = scene.time(moment) else { return nil }
            return try age.years(of: record.patient, at: Timestamp(milliseconds: time)).map {
                range.contains(Double($0))
            }
        case .events(let selector, let window, let range):
            var span: TimeWindow.Span?
            if let window {
                guard let found = scene.span(window) else { return nil }
                span = found
            }
            return range.contains(Double(record.events(selector).rows(scene, in: span).count))
        case .stay(let range): return Self.contains(range, from: scene.start, to: scene.end)
        case .history(let range): return Self.contains(range, from: scene.recordBegin, to: scene.prediction)
        case .trigger(let conditions):
            return conditions.allSatisfy { $0.holds(scene.trigger[$0.attribute]) }
        }
    }

    private static func contains(_ range: NumberRange, from: Timestamp?, to: Timestamp?) -> Bool? {
        guard let from, let to else { return nil }
        return range.contains(Double(to.milliseconds(since: from)))
    }
}

extension TimeWindow {
    /// The window that a section gives, `fallback` if it gives none; nil for `any` and for tables without times.
    ///
    /// Throws `config.untimed-table` for a window of events without times, and `config.future-input` for `any` without a key.
    static func orAny(
        _ node: ConfigurationNode, over fallback: TimeWindow, isTimed: Bool, _ trigger: DeclarativeTrigger,
        joins: Bool
    ) throws -> TimeWindow? {
        let window = node.child("window")
        if let window, !window.isMapping {
            _ = try window.choice(["any"])
            guard joins || !isTimed else {
                throw window.error(
                    "future-input", "window: any needs a key that joins with the trigger (same).")
            }
            return nil
        }
        guard isTimed else {
            if let window { throw window.error("untimed-table", "events of this table have no time.") }
            return nil
        }
        return try window.map { try TimeWindow($0, over: fallback, prediction: trigger.prediction) }
            ?? fallback
    }
}
