import ClinicalData
import Groundwork

extension DeclarativeLabel {
    private static let sources = ["event", "attribute", "next_trigger", "measure", "duration"]
    private static let units: [String: Double] = ["h": 3_600_000, "d": 86_400_000]

    /// Reads the section `label`.
    init(_ node: ConfigurationNode, _ trigger: DeclarativeTrigger, _ reader: TaskFileReader) throws {
        try node.allow(["name", "type"] + Self.sources + ["missing"])
        let kind = try node.required("type").choice(["binary", "multiclass", "regression"])
        field = FieldSchema(try node.required("name").string(), kind)
        missingIsNegative = try node.child("missing")?.choice(["exclude", "negative"]) == "negative"
        if missingIsNegative, kind != "binary" {
            throw try node.required("missing").error("label", "only a binary label can be negative.")
        }
        let given = Self.sources.filter { node.child($0) != nil }
        guard let name = given.first, given.count == 1 else {
            throw node.error("label", "give one of \(Self.sources.joined(separator: ", ")).")
        }
        let section = try node.required(name)
        switch name {
        case "event": (source, reading) = try Self.event(section, trigger, reader)
        case "attribute": (source, reading) = try Self.attribute(section, kind, trigger, reader)
        case "next_trigger":
            try section.allow(["within", "unit"])
            try section.refuse(["unit"], beside: "within")
            source = .nextTrigger
            reading =
                try section.child("within").map { .range(NumberRange(below: Double(try $0.span()))) }
                ?? .value(unit: try Self.unit(section))
        case "measure": (source, reading) = try Self.measure(section, trigger, reader)
        default: (source, reading) = try Self.duration(section, trigger)
        }
        guard reading.kind == kind else {
            throw section.error(
                "label",
                "this gives a \(reading.kind) label, not a \(kind) one. Binary labels need bounds or a test, "
                    + "multiclass ones bins or classes, regression neither.")
        }
    }

    private static func event(
        _ node: ConfigurationNode, _ trigger: DeclarativeTrigger, _ reader: TaskFileReader
    ) throws -> (Source, Reading) {
        try node.allow(EventSelector.keys + NumberRange.keys)
        let (selector, table) = try reader.selector(node, trigger: trigger)
        guard table.isTimed || selector.time != nil else {
            throw node.error("untimed-table", "events of this table have no time; name an attribute in time.")
        }
        let range = try NumberRange(node, read: { Double(try $0.int(in: 0...1_000_000_000)) })
        return (.event(reader.note(selector)), .range(range ?? NumberRange(atLeast: 1)))
    }

    private static func attribute(
        _ node: ConfigurationNode, _ kind: String, _ trigger: DeclarativeTrigger, _ reader: TaskFileReader
    ) throws -> (Source, Reading) {
        try node.allow(["of", "attribute", "classes"] + EventCondition.tests + ["not"])
        let ofNext = try node.required("of").choice(["trigger", "next_trigger"]) == "next_trigger"
        let table = try reader.triggerTable(trigger, node)
        let name = try reader.attribute(node.required("attribute"), of: table)
        let source = Source.attribute(name, ofNext: ofNext)
        if let classes = node.child("classes") {
            try node.refuse(EventCondition.tests + ["not"], beside: "classes")
            let texts = try classes.items().map { try $0.string() }
            guard texts.count > 1, Set(texts.map(ExactText.init)).count == texts.count else {
                throw classes.error("duplicate-name", "expected at least two values, each once.")
            }
            return (source, .classes(texts))
        }
        guard kind == "binary" else {
            if let unused = (EventCondition.tests + ["not"]).compactMap({ node.child($0) }).first {
                throw unused.error(
                    "unused-key", "only a binary label looks at it. Remove the key, or set type: binary.")
            }
            return (source, .value(unit: 1))
        }
        return (source, .condition(try EventCondition(attribute: name, tested: node)))
    }

    private static func measure(
        _ node: ConfigurationNode, _ trigger: DeclarativeTrigger, _ reader: TaskFileReader
    ) throws -> (Source, Reading) {
        try node.allow(EventSelector.keys + ["value", "use", "baseline", "bins"] + NumberRange.keys)
        let (selector, table) = try reader.selector(node, trigger: trigger)
        guard table.isTimed || selector.time != nil else {
            throw node.error("untimed-table", "events of this table have no time; name an attribute in time.")
        }
        let value = try reader.attribute(node.required("value"), of: table)
        let source = Source.measure(
            reader.note(selector), value: value, try Aggregate(node.required("use")),
            try node.child("baseline").map { try Baseline($0, trigger) })
        try node.refuse(NumberRange.keys, beside: "bins")
        if let bins = node.child("bins") { return (source, .bins(try edges(bins) { try $0.bound() })) }
        let range = try NumberRange(node, read: { try $0.bound() })
        return (source, range.map { .range($0) } ?? .value(unit: 1))
    }

    private static func duration(
        _ node: ConfigurationNode, _ trigger: DeclarativeTrigger
    ) throws -> (Source, Reading) {
        try node.allow(["from", "to", "bins", "unit"] + NumberRange.keys)
        let from = try TimePoint(node.required("from"))
        let to = try TimePoint(node.required("to"))
        guard !from.resolved(trigger.prediction).isLater(than: to.resolved(trigger.prediction)) else {
            throw node.error("window-order", "the duration ends before it begins.")
        }
        if let point = [from, to].first(where: { $0.anchor == .end }), trigger.end == nil {
            let key = point == from ? "from" : "to"
            throw try node.required(key).error(
                "missing-key", "the trigger has no end. Name its attribute in trigger.end.")
        }
        let source = Source.duration(from, to)
        try node.refuse(NumberRange.keys + ["unit"], beside: "bins")
        if let bins = node.child("bins") { return (source, .bins(try edges(bins) { Double(try $0.span()) })) }
        let range = try NumberRange(node, read: { Double(try $0.span()) })
        if range != nil, let unit = node.child("unit") {
            throw unit.error("unused-key", "bounds carry their own units. Remove the key.")
        }
        return (source, try range.map { .range($0) } ?? .value(unit: unit(node)))
    }

    private static func unit(_ node: ConfigurationNode) throws -> Double {
        units[try node.child("unit")?.choice(units.keys.sorted()) ?? "d"] ?? 1
    }

    private static func edges(
        _ node: ConfigurationNode, _ read: (ConfigurationNode) throws -> Double
    ) throws -> [Double] {
        let edges = try node.items().map(read)
        guard !edges.isEmpty, zip(edges, edges.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw node.error("range", "expected ascending edges of classes.")
        }
        return edges
    }
}

extension ConfigurationNode {
    /// Throws `ConfigurationError` for a key of `names` that stands beside `key`, which decides alone.
    fileprivate func refuse(_ names: [String], beside key: String) throws {
        guard child(key) != nil, let unused = names.compactMap({ child($0) }).first else { return }
        throw unused.error("unused-key", "nothing looks at it where \(key) is given. Remove one of them.")
    }
}

extension DeclarativeLabel.Reading {
    fileprivate var kind: String {
        switch self {
        case .range, .condition: "binary"
        case .bins, .classes: "multiclass"
        case .value: "regression"
        }
    }
}

extension DeclarativeLabel.Baseline {
    fileprivate init(_ node: ConfigurationNode, _ trigger: DeclarativeTrigger) throws {
        try node.allow(["use", "window", "as"])
        use = try Aggregate(node.required("use"))
        isRatio = try node.required("as").choice(["ratio", "difference"]) == "ratio"
        let past = TimeWindow.past
        window =
            try node.child("window").map {
                try TimeWindow($0, over: past, prediction: trigger.prediction)
            } ?? past
        try window.checkInputs(node.child("window") ?? node, prediction: trigger.prediction)
    }
}

extension Aggregate {
    fileprivate init(_ node: ConfigurationNode) throws {
        let word = try node.choice(Self.allCases.map(\.rawValue))
        guard let aggregate = Aggregate(rawValue: word) else {
            preconditionFailure("Aggregate: \(word) is listed but is no case")
        }
        self = aggregate
    }
}
