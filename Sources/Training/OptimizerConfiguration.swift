import Groundwork

/// The optimizer's kind and parameters, with PyTorch's names and defaults.
package struct OptimizerConfiguration: Sendable, Equatable {
    /// The kinds on offer.
    package enum Kind: String, Sendable, CaseIterable {
        case adam = "Adam"
        case adamW = "AdamW"
        case sgd = "SGD"
        case rmsprop = "RMSprop"
        case adagrad = "Adagrad"
        /// Adam that leaves untouched rows of embedding tables alone.
        case lazyAdam = "lazy_adam"

        /// What `optimizer_params` may hold.
        fileprivate var keys: [String] {
            switch self {
            case .adam, .adamW, .lazyAdam: return ["lr", "betas", "eps"]
            case .sgd: return ["lr", "momentum", "nesterov"]
            case .rmsprop: return ["lr", "alpha", "eps", "momentum", "centered"]
            case .adagrad: return ["lr", "lr_decay", "initial_accumulator_value", "eps"]
            }
        }
    }

    /// The kind. The default is Adam.
    package var kind = Kind.adam
    /// Learning rate. The default is 1e-3, as PyHealth's.
    package var learningRate = 1e-3
    /// Decay rates of the two moments (Adam, AdamW, lazy_adam). The default is 0.9 and 0.999.
    package var betas = [0.9, 0.999]
    /// Added to the root of the squares. The default is 1e-8, with Adagrad 1e-10.
    package var epsilon = 1e-8
    /// Momentum (SGD, RMSprop). The default is 0.
    package var momentum = 0.0
    /// Whether the momentum is Nesterov's (SGD).
    package var nesterov = false
    /// The share of the squares' mean that stays (RMSprop). The default is 0.99.
    package var alpha = 0.99
    /// Whether the square of the mean gradient is subtracted from the mean square (RMSprop).
    package var centered = false
    /// Step t has lr / (1 + (t − 1) · this) (Adagrad). The default is 0.
    package var rateDecay = 0.0
    /// The sums of squares at first (Adagrad). The default is 0.
    package var initialSum = 0.0

    /// The defaults.
    package init() {}

    /// Decodes `optimizer` and `optimizer_params`; throws ``ConfigurationError``.
    init(name: ConfigurationNode?, parameters: ConfigurationNode?) throws {
        if let name {
            let text = try name.string()
            guard let kind = Kind.allCases.first(where: { $0.rawValue.lowercased() == text.lowercased() })
            else {
                _ = try name.choice(Kind.allCases.map(\.rawValue))
                return
            }
            self.kind = kind
        }
        if kind == .adagrad { epsilon = 1e-10 }
        guard let parameters else { return }
        try parameters.allow(kind.keys)
        if let value = parameters.child("lr") { learningRate = try value.double(in: 0...1e6) }
        if let value = parameters.child("eps") { epsilon = try value.double(in: 0...1) }
        if let value = parameters.child("momentum") { momentum = try value.double(in: 0...1) }
        if let value = parameters.child("nesterov") { nesterov = try value.bool() }
        if let value = parameters.child("alpha") { alpha = try value.double(in: 0...0.999_999_999) }
        if let value = parameters.child("centered") { centered = try value.bool() }
        if let value = parameters.child("lr_decay") { rateDecay = try value.double(in: 0...1e6) }
        if let value = parameters.child("initial_accumulator_value") {
            initialSum = try value.double(in: 0...1e6)
        }
        if let value = parameters.child("betas") {
            betas = try value.items().map { try $0.double(in: 0...0.999_999_999) }
            guard betas.count == 2 else { throw value.error("type", "expected two numbers.") }
        }
        if nesterov, momentum <= 0 {
            throw parameters.error("range", "nesterov needs a momentum above 0.")
        }
    }
}
