import ClinicalData
package import Groundwork

extension DeclarativeTask {
    /// The task of a YAML document, checked against a data set.
    ///
    /// Throws `ConfigurationError` with file, line and key: unknown keys and values, tables and attributes that the data set
    /// lacks, windows in which nothing can be, inputs later than the prediction, an outcome that reaches into the observation,
    /// a label among the inputs.
    package init(_ node: ConfigurationNode, for shape: DatasetShape) throws {
        self.init(try DeclarativeTaskFile(node, shape))
    }
}

/// The sections of a task file, read and checked.
struct DeclarativeTaskFile {
    let name: String
    let datasets: [String]
    let trigger: DeclarativeTrigger
    let rules: [CohortRule]
    let features: [DeclarativeFeature]
    let label: DeclarativeLabel
    let outcome: TimeWindow?
    let reader: TaskFileReader

    private static let keys = [
        "name", "datasets", "predicates", "trigger", "prediction", "observation", "gap", "outcome",
        "inclusion",
        "exclusion", "features", "label", "retrospective",
    ]

    init(_ node: ConfigurationNode, _ shape: DatasetShape) throws {
        try node.allow(Self.keys)
        name = try node.required("name").string()
        datasets = try node.required("datasets").texts()
        guard datasets.contains(shape.name) else {
            throw try node.required("datasets").error(
                "other-dataset",
                "the job reads \"\(shape.name)\", which is not listed. Add it if the tables are the same.")
        }
        let reader = TaskFileReader(shape)
        self.reader = reader
        try reader.readPredicates(node.child("predicates"))
        let trigger = try DeclarativeTrigger(node, reader)
        self.trigger = trigger
        rules = try Self.rules(node, trigger, reader)
        let observation = try Self.observation(node.child("observation"), trigger)
        let list = try node.required("features").items()
        features = try list.map { try DeclarativeFeature($0, observation: observation, trigger, reader) }
        label = try DeclarativeLabel(node.required("label"), trigger, reader)
        outcome = try Self.outcome(node, trigger, label)
        try reader.checkPredicatesAreUsed(node.child("predicates"))
        try Self.checkNames(node, features, label, rules)
        try checkPointsHaveEnds(node)
        try LeakCheck(
            trigger: trigger, features: features, label: label, selectors: reader.selectors,
            isRetrospective: node.child("retrospective")?.bool() ?? false, node: node
        ).check()
    }

    private static func rules(
        _ node: ConfigurationNode, _ trigger: DeclarativeTrigger, _ reader: TaskFileReader
    ) throws -> [CohortRule] {
        try ["inclusion", "exclusion"].flatMap { key in
            try (node.child(key)?.items() ?? []).map {
                try CohortRule($0, excludes: key == "exclusion", trigger, reader)
            }
        }
    }

    private static func observation(
        _ node: ConfigurationNode?, _ trigger: DeclarativeTrigger
    ) throws -> TimeWindow {
        guard let node else { return .past }
        let window = try TimeWindow(node, over: .past, prediction: trigger.prediction)
        try window.checkInputs(node, prediction: trigger.prediction)
        return window
    }

    /// The window of the outcome, which begins at the prediction or a gap later, itself not included.
    private static func outcome(
        _ root: ConfigurationNode, _ trigger: DeclarativeTrigger, _ label: DeclarativeLabel
    ) throws -> TimeWindow? {
        guard label.usesOutcome else {
            if let unused = root.child("outcome") ?? root.child("gap") {
                throw unused.error("unused-key", "the label does not look at a window. Remove the key.")
            }
            return nil
        }
        let gap = try root.child("gap")?.span() ?? 0
        let begin = TimePoint(.prediction, offset: gap)
        let node = try root.required("outcome")
        _ = try node.required("to")
        let open = TimeWindow(from: begin, to: TimePoint(.recordEnd), includesStart: false)
        let window = try TimeWindow(node, over: open, prediction: trigger.prediction)
        let from = window.from.resolved(trigger.prediction)
        let earliest = begin.resolved(trigger.prediction)
        let touches = gap == 0 && from == earliest && window.includesStart
        guard from.anchor == earliest.anchor, from.offset >= earliest.offset, !touches else {
            throw node.error(
                "outcome-overlap",
                "the outcome must begin after the prediction time and the gap. Write from as \"prediction + SPAN\", "
                    + "closed: end.")
        }
        return window
    }

    private static func checkNames(
        _ node: ConfigurationNode, _ features: [DeclarativeFeature], _ label: DeclarativeLabel,
        _ rules: [CohortRule]
    ) throws {
        let list = try node.required("features")
        guard !features.isEmpty else { throw list.error("empty", "expected at least one feature.") }
        var seen: Set<String> = [label.field.name]
        try checkFieldName(label.field.name, node.required("label"))
        for (feature, place) in zip(features, try list.items()) {
            try checkFieldName(feature.field.name, place.required("name"))
            guard seen.insert(feature.field.name).inserted else {
                throw try place.required("name").error(
                    "duplicate-name", "this name is another field's already. Choose another.")
            }
        }
        // Fields of which times are stored have them under a name of their own beside them.
        let places = try list.items()
        let named =
            try zip(features, places).map { ($0.field.name, try $1.required("name")) }
            + [(label.field.name, try node.required("label"))]
        for (name, place) in named {
            guard name.hasSuffix(".time"), seen.contains(String(name.dropLast(".time".count))) else {
                continue
            }
            throw place.error(
                "reserved-name",
                "the times of a field are stored under its name and \".time\". Choose another name.")
        }
        var names = Set(DeclarativeTask.Rule.all + features.map(\.rule))
        let ruled = try ["inclusion", "exclusion"].flatMap { try node.child($0)?.items() ?? [] }
        for (rule, place) in zip(rules, ruled) {
            guard names.insert(rule.name).inserted else {
                throw try place.required("name").error(
                    "duplicate-name", "this name is another rule's already. Choose another.")
            }
        }
    }

    /// Refuses names that cannot stand in a sample file.
    private static func checkFieldName(_ name: String, _ place: ConfigurationNode) throws {
        if FieldSchema.reservedNames.contains(name) {
            throw place.error(
                "reserved-name",
                "\(FieldSchema.reservedNames.sorted().joined(separator: ", ")) are every sample's own. Choose another name."
            )
        }
        guard name.wholeMatch(of: /[A-Za-z0-9_][A-Za-z0-9_.-]*/) != nil else {
            throw place.error(
                "field-name", "expected letters, digits, _, - and ., the first one a letter, a digit or _.")
        }
    }

    /// Refuses moments that are relative to the end of a trigger that has none.
    private func checkPointsHaveEnds(_ node: ConfigurationNode) throws {
        guard trigger.end == nil else { return }
        let windows = features.compactMap(\.window) + [outcome, label.baselineWindow].compactMap { $0 }
        let points = windows.flatMap { [$0.from, $0.to] } + rules.flatMap(\.points)
        if points.contains(where: { $0.anchor == .end }) {
            throw try node.required("trigger").error(
                "missing-key", "a moment is relative to the trigger's end. Name its attribute in end.")
        }
    }
}

extension TimeWindow {
    /// From the patient's first event through the prediction.
    static let past = TimeWindow(from: TimePoint(.recordBegin), to: TimePoint(.prediction))
}

extension CohortRule {
    /// The moments that a rule names.
    fileprivate var points: [TimePoint] {
        switch test {
        case .age(_, let point, _): [point]
        case .events(_, let window, _): window.map { [$0.from, $0.to] } ?? []
        case .stay, .history, .trigger: []
        }
    }
}

extension DeclarativeLabel {
    /// The window of a measure's baseline.
    fileprivate var baselineWindow: TimeWindow? {
        if case .measure(_, _, _, let baseline) = source { baseline?.window } else { nil }
    }

    /// Whether the label looks at the outcome window.
    fileprivate var usesOutcome: Bool {
        switch source {
        case .event, .measure: true
        case .nextTrigger, .attribute, .duration: false
        }
    }
}
