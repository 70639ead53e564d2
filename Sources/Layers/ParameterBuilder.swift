package import Tensors

/// Collects the parameters of a model under dotted names and, at the end, puts them into one block of memory.
///
/// Layers ask it in their initialisers; `builder["rnn.conditions"]` prefixes names. First values depend on the seed and
/// the parameter's name alone.
package struct ParameterBuilder {
    private let registry: Registry
    private let prefix: String

    /// An empty collection whose first values are drawn with `seed`.
    package init(seed: UInt64) {
        registry = Registry(seed: seed)
        prefix = ""
    }

    private init(registry: Registry, prefix: String) {
        self.registry = registry
        self.prefix = prefix
    }

    /// The same collection with `path` put before every name.
    package subscript(path: String) -> ParameterBuilder {
        ParameterBuilder(registry: registry, prefix: "\(prefix)\(path).")
    }

    /// A new parameter; its memory exists after ``build()``. Names must differ.
    package func parameter(
        _ name: String, _ shape: [Int], _ initializer: Initializer, isTrainable: Bool = true
    ) -> Tensor {
        registry.add("\(prefix)\(name)", shape, initializer, isTrainable)
    }

    /// A new running statistic: state that the optimizer leaves alone and that follows what the batches observe.
    ///
    /// Every step, running ← (1 − momentum) · running + momentum · observed, see ``ParameterArena/follow(_:ranks:)``.
    package func statistic(
        _ name: String, _ shape: [Int], _ initializer: Initializer, momentum: Float
    ) -> Tensor {
        registry.add("\(prefix)\(name)", shape, initializer, false, momentum: momentum)
    }

    /// Numbers in all parameters so far.
    package var count: Int { registry.drafts.reduce(0) { $0 + $1.tensor.count } }

    /// Gives all parameters their memory and first values. To be called once.
    package func build() -> ParameterArena { ParameterArena(registry.drafts, seed: registry.seed) }

    private final class Registry {
        let seed: UInt64
        private(set) var drafts: [ParameterDraft] = []
        private var names: Set<String> = []

        init(seed: UInt64) { self.seed = seed }

        func add(
            _ name: String, _ shape: [Int], _ initializer: Initializer, _ isTrainable: Bool,
            momentum: Float? = nil
        ) -> Tensor {
            require(names.insert(name).inserted, "parameter \(name): asked for twice")
            let columns = shape.last ?? 1, rows = shape.dropLast().reduce(1, *)
            let slot = ParameterSlot(name: name, rows: rows, columns: columns, isTrainable: isTrainable)
            let tensor = Tensor(unboundParameter: shape, slot: slot)
            drafts.append(
                ParameterDraft(
                    name: name, tensor: tensor, slot: slot, initializer: initializer, momentum: momentum))
            return tensor
        }
    }
}

/// A parameter before it has memory.
struct ParameterDraft {
    let name: String
    let tensor: Tensor
    let slot: ParameterSlot
    let initializer: Initializer
    /// Set for running statistics.
    let momentum: Float?
}
