import ClinicalData
import Groundwork

extension DeclarativeFeature {
    private static let general = EventSelector.keys + ["name", "processor", "window", "required"]
    private static let coded = ["attribute", "prefix", "nulls", "distinct"]
    private static let numeric = ["value", "item", "items"]

    /// Keys that a feature may have besides ``general``, and options of the processor.
    private static let processors: [(name: String, keys: [String], options: [String])] = [
        ("sequence", coded, []), ("multi_hot", coded, []),
        ("nested_sequence", coded + ["by"], ["padding"]),
        ("nested_multihot", coded + ["by"], ["padding"]),
        ("stagenet", coded + ["by", "clock"], ["padding"]),
        ("text", ["attribute", "use"], []), ("raw", ["attribute", "use"], []),
        ("timeseries", numeric, ["sampling_rate", "impute_strategy"]),
        ("stagenet_tensor", numeric + ["clock"], []),
        ("tensor", numeric + ["use", "fill"], ["dtype"]),
    ]

    /// Reads one entry of `features`; `observation` is the window of fields that give none.
    init(
        _ node: ConfigurationNode, observation: TimeWindow, _ trigger: DeclarativeTrigger,
        _ reader: TaskFileReader
    ) throws {
        let processor = try node.required("processor")
        let word = processor.isMapping ? try processor.required("name") : processor
        let names = Self.processors.map(\.name)
        let name = try word.choice(names)
        guard let kind = Self.processors.first(where: { $0.name == name }) else {
            preconditionFailure("DeclarativeFeature: \(name) is listed but has no entry")
        }
        try node.allow(Self.general + kind.keys)
        if processor.isMapping { try processor.allow(["name"] + kind.options) }
        field = FieldSchema(
            try node.required("name").string(), name, try Self.options(processor, kind.options))
        var (selector, table) = try reader.selector(node, trigger: trigger)
        self.table = table.name
        form = try Self.form(node, name, table, reader)
        attributes =
            kind.keys.contains("attribute")
            ? try node.required("attribute").textNodes().map { try reader.attribute($0, of: table) } : []
        prefix = try node.child("prefix").map { try reader.attribute($0, of: table) }
        keepsNulls = try node.child("nulls")?.choice(["drop", "keep"]) == "keep"
        isDistinct = try node.child("distinct")?.bool() ?? false
        isTimed = table.isTimed || selector.time != nil
        window = try TimeWindow.orAny(
            node, over: observation, isTimed: isTimed, trigger, joins: selector.same != nil)
        try window?.checkInputs(node.child("window") ?? node, prediction: trigger.prediction)
        var used = Set(attributes + [prefix, selector.time].compactMap { $0 })
        used.formUnion(selector.conditions.map(\.attribute))
        if let items = form.items {
            used.formUnion([items.value, items.item].compactMap { $0 })
            if let item = items.item {
                selector.conditions.append(
                    EventCondition(attribute: item, test: .oneOf(items.columns.flatMap { $0 })))
            }
        }
        if form.needsTimes, !isTimed {
            throw node.error("untimed-table", "processor \(name) needs times, which this table has not.")
        }
        read = used
        isRequired = try node.child("required")?.bool() ?? (name == "timeseries")
        guard isRequired || name != "timeseries" else {
            throw node.error("required", "a timeseries needs at least one value: leave required out.")
        }
        guard !keepsNulls || name != "multi_hot" else {
            throw node.error("nulls", "multi_hot has no place for a missing code: leave nulls out.")
        }
        self.selector = reader.note(selector)
    }

    private static func form(
        _ node: ConfigurationNode, _ processor: String, _ table: DatasetShape.Table, _ reader: TaskFileReader
    ) throws -> Form {
        let clock = Clock(rawValue: try node.child("clock")?.choice(Clock.allCases.map(\.rawValue)) ?? "")
        let by = try node.child("by").map { try reader.attribute($0, of: table) }
        switch processor {
        case "nested_sequence", "nested_multihot":
            _ = try node.required("by")
            return .groups(by: by ?? "")
        case "stagenet": return .timed(by: by, clock ?? .previous)
        case "text", "raw":
            return .text(try node.child("use")?.choice(["first", "last"]) == "first" ? .first : .last)
        case "timeseries": return .series(try items(node, table, reader))
        case "stagenet_tensor": return .rows(try items(node, table, reader), clock ?? .previous)
        case "tensor":
            let use = try node.child("use")?.choice(Aggregate.allCases.map(\.rawValue))
            return .vector(
                try items(node, table, reader), Aggregate(rawValue: use ?? "") ?? .last,
                fill: try node.child("fill")?.bound() ?? 0)
        default: return .codes
        }
    }

    private static func items(
        _ node: ConfigurationNode, _ table: DatasetShape.Table, _ reader: TaskFileReader
    ) throws -> Items {
        let value = try reader.attribute(node.required("value"), of: table)
        guard let item = node.child("item") else {
            if let items = node.child("items") {
                throw items.error("missing-key", "name their attribute in item.")
            }
            return Items(value: value, item: nil, columns: [])
        }
        let list = try node.required("items")
        let columns = try list.items().map { try $0.texts() }
        let all = columns.flatMap { $0 }
        guard !all.isEmpty, Set(all.map(ExactText.init)).count == all.count else {
            throw list.error("duplicate-name", "expected at least one item, and each in one column only.")
        }
        return Items(value: value, item: try reader.attribute(item, of: table), columns: columns)
    }

    private static func options(
        _ node: ConfigurationNode, _ names: [String]
    ) throws -> [String: FieldOption] {
        guard node.isMapping else { return [:] }
        var options: [String: FieldOption] = [:]
        for name in names {
            guard let child = node.child(name) else { continue }
            switch name {
            case "padding": options[name] = .integer(try child.int(in: 0...100_000))
            case "sampling_rate": options[name] = .number(try child.double(in: 0.001...1e10))
            case "impute_strategy": options[name] = .text(try child.choice(["forward_fill", "zero"]))
            default: options[name] = .text(try child.choice(["float32", "int64"]))
            }
        }
        return options
    }
}

extension DeclarativeFeature.Form {
    fileprivate var items: DeclarativeFeature.Items? {
        switch self {
        case .series(let items), .rows(let items, _), .vector(let items, _, _): items
        case .codes, .groups, .timed, .text: nil
        }
    }

    fileprivate var needsTimes: Bool {
        switch self {
        case .series, .rows, .timed: true
        case .codes, .groups, .text, .vector: false
        }
    }
}

extension ConfigurationNode {
    /// The items of a list that is not empty, or the one text.
    func textNodes() throws -> [ConfigurationNode] {
        _ = try texts()
        return isSequence ? try items() : [self]
    }
}
