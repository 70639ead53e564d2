package import Batching
package import Groundwork

/// All models by name.
package enum ModelCatalog {
    private typealias Maker = @Sendable (ModelSchema, UInt64, [Float]?) -> any Model

    private struct Entry: Sendable {
        let name: String
        let keys: [String]
        let decode: @Sendable (ConfigurationNode) throws -> Maker
    }

    private static let entries: [Entry] = [
        Entry(name: "LogisticRegression", keys: LogisticRegression.Configuration.keys) { node in
            let options = try LogisticRegression.Configuration(node)
            return { LogisticRegression.make(options, schema: $0, seed: $1, positiveWeight: $2) }
        },
        Entry(name: "MLP", keys: MLP.Configuration.keys) { node in
            let options = try MLP.Configuration(node)
            return { MLP.make(options, schema: $0, seed: $1, positiveWeight: $2) }
        },
        Entry(name: "RETAIN", keys: RETAIN.Configuration.keys) { node in
            let options = try RETAIN.Configuration(node)
            return { RETAIN.make(options, schema: $0, seed: $1, positiveWeight: $2) }
        },
        Entry(name: "RNN", keys: RNN.Configuration.keys) { node in
            let options = try RNN.Configuration(node)
            return { RNN.make(options, schema: $0, seed: $1, positiveWeight: $2) }
        },
        Entry(name: "Transformer", keys: Transformer.Configuration.keys) { node in
            let options = try Transformer.Configuration(node)
            return { Transformer.make(options, schema: $0, seed: $1, positiveWeight: $2) }
        },
    ]

    /// The names of all models, in alphabetical order.
    package static var names: [String] { entries.map(\.name) }

    /// Checks a run file's `model` section; throws `ConfigurationError` for an unknown name or option.
    package static func validate(_ node: ConfigurationNode) throws { _ = try maker(node) }

    /// The model of a run file's `model` section with fresh parameters; throws `ConfigurationError`.
    package static func make(
        _ node: ConfigurationNode, schema: ModelSchema, seed: UInt64, positiveWeight: [Float]? = nil
    ) throws -> any Model {
        try maker(node)(schema, seed, positiveWeight)
    }

    private static func maker(_ node: ConfigurationNode) throws -> Maker {
        let name = try node.required("name").choice(names)
        guard let entry = entries.first(where: { $0.name == name }) else {
            throw node.error("unknown-model", "model \"\(name)\" is not known.")
        }
        try node.allow(["name"] + entry.keys)
        return try entry.decode(node)
    }
}
