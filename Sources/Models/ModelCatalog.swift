package import Batching
package import Groundwork

/// All models by name.
package enum ModelCatalog {
    private typealias Maker = @Sendable (ModelSchema, UInt64, [Float]?) throws -> any Model

    /// A model whose options have been decoded.
    private struct Choice: Sendable {
        let options: String
        let make: Maker

        init<Options: Sendable>(
            _ options: Options,
            _ make: @escaping @Sendable (Options, ModelSchema, UInt64, [Float]?) throws -> FieldwiseModel
        ) {
            self.options = "\(options)"
            self.make = { try make(options, $0, $1, $2) }
        }
    }

    private struct Entry: Sendable {
        let name: String
        let keys: [String]
        let decode: @Sendable (ConfigurationNode) throws -> Choice
    }

    private static let entries: [Entry] = [
        Entry(name: "LogisticRegression", keys: LogisticRegression.Configuration.keys) {
            Choice(try LogisticRegression.Configuration($0), LogisticRegression.make)
        },
        Entry(name: "MLP", keys: MLP.Configuration.keys) { Choice(try MLP.Configuration($0), MLP.make) },
        Entry(name: "RETAIN", keys: RETAIN.Configuration.keys) {
            Choice(try RETAIN.Configuration($0), RETAIN.make)
        },
        Entry(name: "RNN", keys: RNN.Configuration.keys) { Choice(try RNN.Configuration($0), RNN.make) },
        Entry(name: "Transformer", keys: Transformer.Configuration.keys) {
            Choice(try Transformer.Configuration($0), Transformer.make)
        },
    ]

    /// The names of all models, in alphabetical order.
    package static var names: [String] { entries.map(\.name) }

    /// Checks a run file's `model` section; throws `ConfigurationError` for an unknown name or option.
    package static func validate(_ node: ConfigurationNode) throws { _ = try choice(node) }

    /// Every option of a run file's `model` section, be it written there or a default, as one text; throws
    /// `ConfigurationError`.
    package static func options(_ node: ConfigurationNode) throws -> String { try choice(node).options }

    /// The model of a run file's `model` section with fresh parameters; throws `ConfigurationError`.
    package static func make(
        _ node: ConfigurationNode, schema: ModelSchema, seed: UInt64, positiveWeight: [Float]? = nil
    ) throws -> any Model {
        try choice(node).make(schema, seed, positiveWeight)
    }

    private static func choice(_ node: ConfigurationNode) throws -> Choice {
        let name = try node.required("name").choice(names)
        guard let entry = entries.first(where: { $0.name == name }) else {
            throw node.error("unknown-model", "model \"\(name)\" is not known.")
        }
        try node.allow(["name"] + entry.keys)
        return try entry.decode(node)
    }
}
