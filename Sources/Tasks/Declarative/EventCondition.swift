import ClinicalData
import Groundwork

/// A condition on one attribute of an event.
struct EventCondition: Sendable {
    enum Test: Sendable {
        case oneOf([String])
        case prefix([String])
        case number(NumberRange)
        case null
    }

    let attribute: String
    let test: Test
    let isNegated: Bool

    static let tests = ["equals", "in", "prefix"] + NumberRange.keys + ["is_null"]

    init(attribute: String, test: Test, isNegated: Bool = false) {
        (self.attribute, self.test, self.isNegated) = (attribute, test, isNegated)
    }

    /// Reads `{attribute, TEST, not}` with exactly one kind of test.
    init(_ node: ConfigurationNode, table: DatasetShape.Table, _ reader: TaskFileReader) throws {
        try node.allow(["attribute"] + Self.tests + ["not"])
        try self.init(
            attribute: reader.attribute(node.required("attribute"), of: table), tested: node)
    }

    /// The one test of a section, on `attribute`.
    init(attribute: String, tested node: ConfigurationNode) throws {
        self.attribute = attribute
        isNegated = try node.child("not")?.bool() ?? false
        var found: [Test] = []
        if let child = node.child("equals") { found.append(.oneOf([try child.string()])) }
        if let child = node.child("in") { found.append(.oneOf(try child.texts())) }
        if let child = node.child("prefix") { found.append(.prefix(try child.texts())) }
        if let range = try NumberRange(node, read: { try $0.bound() }) { found.append(.number(range)) }
        if let child = node.child("is_null") {
            guard try child.bool() else { throw child.error("range", "expected true; use not: true.") }
            found.append(.null)
        }
        guard let test = found.first, found.count == 1 else {
            throw node.error("condition", "give one test: \(Self.tests.joined(separator: ", ")).")
        }
        self.test = test
    }

    /// Whether an attribute's text satisfies the condition; a null satisfies `is_null` only, and negated ones.
    func holds(_ text: String?) -> Bool {
        let result: Bool =
            switch test {
            case .oneOf(let texts):
                text.map { text in texts.contains { text.utf8.elementsEqual($0.utf8) } } ?? false
            case .prefix(let prefixes):
                text.map { text in prefixes.contains { text.utf8.starts(with: $0.utf8) } } ?? false
            case .number(let range): text.flatMap(finiteNumber).map(range.contains) ?? false
            case .null: text == nil
            }
        return result != isNegated
    }
}

/// A condition on the rows of one patient: texts that are compared whole are compared as symbols.
struct BoundCondition {
    private let condition: EventCondition
    private let column: EventColumn
    private let symbols: SymbolTable
    private let wanted: Set<Symbol>?

    init(_ condition: EventCondition, _ events: Events, _ symbols: SymbolTable) {
        self.condition = condition
        self.symbols = symbols
        column = events.column(condition.attribute)
        if case .oneOf(let texts) = condition.test {
            wanted = Set(texts.compactMap { symbols.find($0) })
        } else {
            wanted = nil
        }
    }

    func holds(_ row: Int) -> Bool {
        let symbol = column[row]
        if let wanted { return symbol.map(wanted.contains) ?? false != condition.isNegated }
        return condition.holds(symbol.map { symbols[$0] })
    }
}
