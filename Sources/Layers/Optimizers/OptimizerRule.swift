/// How gradients move parameters; formulas and defaults of PyTorch 2.
package enum OptimizerRule: Sendable, Equatable {
    case sgd(SGD)
    /// Kingma and Ba, ICLR 2015; weight decay is added to the gradient.
    case adam(Adam)
    /// Loshchilov and Hutter, ICLR 2019; weight decay shrinks the parameter.
    case adamW(Adam)
    /// Adam that leaves the rows of embedding tables alone whose gradient is zero: neither moments nor values move.
    ///
    /// Everything else, and the step count of a table, is as in ``adam(_:)``; weight decay reaches a row only when it moves.
    case lazyAdam(Adam)
    /// Tieleman and Hinton, Coursera lecture 6.5, 2012; weight decay is added to the gradient.
    case rmsprop(RMSprop)
    /// Duchi, Hazan and Singer, JMLR 12, 2011; weight decay is added to the gradient.
    case adagrad(Adagrad)

    /// Stochastic gradient descent: g′ = g + decay p; b = momentum b + g′; p −= rate b (Nesterov: g′ + momentum b).
    package struct SGD: Sendable, Equatable {
        package var learningRate: Double
        package var momentum: Double
        package var nesterov: Bool
        package var weightDecay: Double

        package init(
            learningRate: Double = 1e-3, momentum: Double = 0, nesterov: Bool = false, weightDecay: Double = 0
        ) {
            self.learningRate = learningRate
            self.momentum = momentum
            self.nesterov = nesterov
            self.weightDecay = weightDecay
        }
    }

    /// m = β₁m + (1−β₁)g; v = β₂v + (1−β₂)g²; p −= rate / (1−β₁ᵗ) · m / (√v / √(1−β₂ᵗ) + ε).
    package struct Adam: Sendable, Equatable {
        package var learningRate: Double
        package var beta1: Double
        package var beta2: Double
        package var epsilon: Double
        package var weightDecay: Double

        package init(
            learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
            weightDecay: Double = 0
        ) {
            self.learningRate = learningRate
            self.beta1 = beta1
            self.beta2 = beta2
            self.epsilon = epsilon
            self.weightDecay = weightDecay
        }
    }

    /// s = αs + (1−α)g²; d = √s, centered √(s − a²) with a = αa + (1−α)g (below zero by rounding counts as zero);
    /// b = momentum b + g / (d + ε); p −= rate b.
    package struct RMSprop: Sendable, Equatable {
        /// The step size.
        package var learningRate: Double
        /// The share of the squares' mean that stays.
        package var alpha: Double
        /// Added to the root of the squares.
        package var epsilon: Double
        /// The share of the last direction that stays.
        package var momentum: Double
        /// Whether the mean gradient's square is subtracted from the mean square.
        package var centered: Bool
        /// Times the parameter is added to the gradient.
        package var weightDecay: Double

        /// The defaults are PyTorch's.
        package init(
            learningRate: Double = 1e-2, alpha: Double = 0.99, epsilon: Double = 1e-8, momentum: Double = 0,
            centered: Bool = false, weightDecay: Double = 0
        ) {
            self.learningRate = learningRate
            self.alpha = alpha
            self.epsilon = epsilon
            self.momentum = momentum
            self.centered = centered
            self.weightDecay = weightDecay
        }
    }

    /// s += g²; p −= rate / (1 + (t−1) rateDecay) · g / (√s + ε), s at first ``initialSum``.
    package struct Adagrad: Sendable, Equatable {
        /// The step size.
        package var learningRate: Double
        /// How fast the rate falls.
        package var rateDecay: Double
        /// The sum of squares before the first step.
        package var initialSum: Double
        /// Added to the root of the squares.
        package var epsilon: Double
        /// Times the parameter is added to the gradient.
        package var weightDecay: Double

        /// The defaults are PyTorch's.
        package init(
            learningRate: Double = 1e-2, rateDecay: Double = 0, initialSum: Double = 0,
            epsilon: Double = 1e-10, weightDecay: Double = 0
        ) {
            self.learningRate = learningRate
            self.rateDecay = rateDecay
            self.initialSum = initialSum
            self.epsilon = epsilon
            self.weightDecay = weightDecay
        }
    }

    /// The step size.
    package var learningRate: Double {
        switch self {
        case .sgd(let options): return options.learningRate
        case .adam(let options), .adamW(let options), .lazyAdam(let options): return options.learningRate
        case .rmsprop(let options): return options.learningRate
        case .adagrad(let options): return options.learningRate
        }
    }

    /// What is added to the root of the squares; 1 where there is none.
    var epsilon: Double {
        switch self {
        case .sgd: return 1
        case .adam(let options), .adamW(let options), .lazyAdam(let options): return options.epsilon
        case .rmsprop(let options): return options.epsilon
        case .adagrad(let options): return options.epsilon
        }
    }

    /// The weight decay.
    package var weightDecay: Double {
        switch self {
        case .sgd(let options): return options.weightDecay
        case .adam(let options), .adamW(let options), .lazyAdam(let options): return options.weightDecay
        case .rmsprop(let options): return options.weightDecay
        case .adagrad(let options): return options.weightDecay
        }
    }

    /// The names of the state blocks, PyTorch's.
    var stateNames: [String] {
        switch self {
        case .sgd(let options): return options.momentum == 0 ? [] : ["momentum_buffer"]
        case .adam, .adamW, .lazyAdam: return ["exp_avg", "exp_avg_sq"]
        case .rmsprop(let options):
            return ["square_avg"] + (options.momentum > 0 ? ["momentum_buffer"] : [])
                + (options.centered ? ["grad_avg"] : [])
        case .adagrad: return ["sum"]
        }
    }

    /// What the state blocks hold at first.
    var initialState: Float {
        if case .adagrad(let options) = self { return Float(options.initialSum) }
        return 0
    }
}
