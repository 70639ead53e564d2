import Groundwork

/// Reads the parts of a task file against a data set and notes what they need of it.
final class TaskFileReader {
    private let shape: DatasetShape
    private var predicates: [String: EventSelector] = [:]
    private var used: Set<String> = []
    private var needed: [String: Set<String>] = [:]
    /// All selectors of the file, numbered as they are noted.
    private(set) var selectors: [EventSelector] = []

    init(_ shape: DatasetShape) { self.shape = shape }

    /// Tables and attributes that were named, in the data set's order.
    var requirements: [TableRequirement] {
        shape.tables.compactMap { table in
            needed[table.name].map { names in
                TableRequirement(table.name, table.attributes.filter(names.contains))
            }
        }
    }

    /// Notes a selector and gives its number.
    func note(_ selector: EventSelector) -> Int {
        selectors.append(selector)
        return selectors.count - 1
    }

    /// The table that a key names; throws `config.unknown-table`.
    func table(_ node: ConfigurationNode) throws -> DatasetShape.Table { try table(node.string(), node) }

    private func table(_ name: String, _ node: ConfigurationNode) throws -> DatasetShape.Table {
        guard let table = shape.tables.first(where: { $0.name == name }) else {
            let names = shape.tables.map(\.name)
            throw node.error(
                "unknown-table",
                "data set \"\(shape.name)\" has no table \"\(name)\".\(suggestion(for: name, among: names)) "
                    + "Valid tables: \(names.joined(separator: ", ")).")
        }
        needed[name, default: []].formUnion([])
        return table
    }

    /// The trigger's table.
    func triggerTable(
        _ trigger: DeclarativeTrigger, _ node: ConfigurationNode
    ) throws -> DatasetShape.Table { try table(trigger.table, node) }

    /// The first of `names` that the data set has as a table.
    func firstTable(of names: [String], _ node: ConfigurationNode) throws -> DatasetShape.Table {
        try table(names.first { name in shape.tables.contains { $0.name == name } } ?? names[0], node)
    }

    /// The attribute that a key names; throws `config.unknown-attribute`.
    func attribute(_ node: ConfigurationNode, of table: DatasetShape.Table) throws -> String {
        try attribute(node.string(), node, of: table)
    }

    /// The attribute `name`, which `node` asks for.
    func attribute(
        _ name: String, _ node: ConfigurationNode, of table: DatasetShape.Table
    ) throws -> String {
        guard table.attributes.contains(name) else {
            throw node.error(
                "unknown-attribute",
                "table \"\(table.name)\" has no attribute \"\(name)\"."
                    + "\(suggestion(for: name, among: table.attributes)) "
                    + "Valid attributes: \(table.attributes.joined(separator: ", ")).")
        }
        needed[table.name, default: []].insert(name)
        return name
    }

    /// The conditions under `where`.
    func conditions(_ node: ConfigurationNode, _ table: DatasetShape.Table) throws -> [EventCondition] {
        try node.child("where")?.items().map { try EventCondition($0, table: table, self) } ?? []
    }

    /// Reads the section `predicates`.
    func readPredicates(_ node: ConfigurationNode?) throws {
        guard let node else { return }
        for name in node.keys {
            let section = try node.required(name)
            try section.allow(["table", "time", "where"])
            predicates[name] = try direct(section).selector
        }
    }

    /// Refuses predicates that nothing used; their tables would be read in vain.
    func checkPredicatesAreUsed(_ node: ConfigurationNode?) throws {
        guard let node, let name = node.keys.first(where: { !used.contains($0) }) else { return }
        throw try node.required(name).error("unused-key", "nothing uses this predicate. Remove it.")
    }

    /// The events that a section with ``EventSelector/keys`` chooses, and their table; `trigger` is what `same` joins with.
    func selector(
        _ node: ConfigurationNode, trigger: DeclarativeTrigger
    ) throws -> (selector: EventSelector, table: DatasetShape.Table) {
        var (selector, table) = try named(node) ?? direct(node)
        guard let same = node.child("same") else { return (selector, table) }
        selector.same = try attribute(same, of: table)
        let triggers = try triggerTable(trigger, same)
        guard triggers.attributes.contains(try same.string()) else {
            throw same.error(
                "unknown-attribute",
                "the trigger's table \"\(trigger.table)\" has no attribute of this name to join with.")
        }
        _ = try attribute(same, of: triggers)
        return (selector, table)
    }

    private func named(
        _ node: ConfigurationNode
    ) throws -> (selector: EventSelector, table: DatasetShape.Table)? {
        guard let predicate = node.child("predicate") else { return nil }
        let names = predicates.keys.sorted()
        let name = try predicate.string()
        guard var selector = predicates[name] else {
            throw predicate.error(
                "unknown-predicate",
                "there is no predicate \"\(name)\".\(suggestion(for: name, among: names)) "
                    + "Valid: \(names.joined(separator: ", ")).")
        }
        if let other = node.child("table") ?? node.child("time") {
            throw other.error("condition", "the predicate says this already. Remove one of them.")
        }
        used.insert(name)
        let table = try table(selector.table, predicate)
        selector.conditions += try conditions(node, table)
        return (selector, table)
    }

    private func direct(
        _ node: ConfigurationNode
    ) throws -> (selector: EventSelector, table: DatasetShape.Table) {
        let table = try table(node.required("table"))
        let selector = EventSelector(
            table: table.name, time: try node.child("time").map { try attribute($0, of: table) },
            conditions: try conditions(node, table))
        return (selector, table)
    }
}

extension ConfigurationNode {
    /// One text or several, none of which is a section; an empty list is refused.
    func texts() throws -> [String] {
        let texts = try strings()
        guard !texts.isEmpty else { throw error("empty", "expected at least one value.") }
        return texts
    }
}
