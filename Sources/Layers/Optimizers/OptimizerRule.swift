/// How gradients move parameters; formulas and defaults of PyTorch 2.
package enum OptimizerRule: Sendable, Equatable {
    case sgd(SGD)
    /// Kingma and Ba, ICLR 2015; weight decay is added to the gradient.
    case adam(Adam)
    /// Loshchilov and Hutter, ICLR 2019; weight decay shrinks the parameter.
    case adamW(Adam)

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

    /// The step size.
    package var learningRate: Double {
        switch self {
        case .sgd(let options): return options.learningRate
        case .adam(let options), .adamW(let options): return options.learningRate
        }
    }

    /// The weight decay.
    package var weightDecay: Double {
        switch self {
        case .sgd(let options): return options.weightDecay
        case .adam(let options), .adamW(let options): return options.weightDecay
        }
    }

    /// The names of the state blocks, PyTorch's.
    var stateNames: [String] {
        switch self {
        case .sgd(let options): return options.momentum == 0 ? [] : ["momentum_buffer"]
        case .adam, .adamW: return ["exp_avg", "exp_avg_sq"]
        }
    }
}
