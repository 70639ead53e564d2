import CKernels

/// The numbers of one Adam or AdamW pass; those of PyTorch 2, computed in double precision and rounded once.
package struct AdamPass: Equatable {
    /// Multiplies the gradient first.
    package let gradientScale: Float
    private let coupledDecay: Float
    private let shrink: Float
    private let gain1: Float
    private let beta2: Float
    private let gain2: Float
    private let inverseRoot2: Float
    private let epsilon: Float
    private let stepSize: Float

    /// The pass number `step` (1, 2, …). Coupled decay is added to the gradient (Adam), decoupled decay shrinks the
    /// parameter (AdamW).
    package init(
        step: Int, rate: Double, betas: (Double, Double), epsilon: Double, decay: Double, decoupled: Bool,
        gradientScale: Float
    ) {
        self.gradientScale = gradientScale
        coupledDecay = decoupled ? 0 : Float(decay)
        shrink = decoupled ? Float(1 - rate * decay) : 1
        gain1 = Float(1 - betas.0)
        beta2 = Float(betas.1)
        gain2 = Float(1 - betas.1)
        inverseRoot2 = Float(1 / (1 - power(betas.1, step)).squareRoot())
        self.epsilon = Float(epsilon)
        stepSize = Float(rate / (1 - power(betas.0, step)))
    }

    fileprivate var rule: ck_adam_rule {
        ck_adam_rule(
            gradient_scale: gradientScale, coupled_decay: coupledDecay, shrink: shrink, gain1: gain1,
            beta2: beta2, gain2: gain2, inverse_root2: inverseRoot2, epsilon: epsilon, step_size: stepSize)
    }
}

/// baseᵉ by repeated squaring, independent of the C library.
private func power(_ base: Double, _ exponent: Int) -> Double {
    var result = 1.0, factor = base, rest = exponent
    while rest > 0 {
        if rest & 1 == 1 { result *= factor }
        factor *= factor
        rest >>= 1
    }
    return result
}

/// The numbers of one pass of stochastic gradient descent.
package struct DescentPass: Equatable {
    /// Multiplies the gradient first.
    package let gradientScale: Float
    /// Times the parameter is added to the gradient.
    package let decay: Float
    package let momentum: Float
    package let rate: Float
    package let nesterov: Bool
    /// The momentum buffer starts as the gradient.
    package let first: Bool

    package init(
        rate: Float, decay: Float, momentum: Float, nesterov: Bool, first: Bool, gradientScale: Float
    ) {
        self.rate = rate
        self.decay = decay
        self.momentum = momentum
        self.nesterov = nesterov
        self.first = first
        self.gradientScale = gradientScale
    }

    fileprivate var rule: ck_sgd_rule {
        ck_sgd_rule(
            gradient_scale: gradientScale, decay: decay, momentum: momentum, step_size: rate,
            nesterov: nesterov ? 1 : 0, first: first ? 1 : 0)
    }
}

/// The numbers of one RMSprop pass.
package struct RMSpropPass: Equatable {
    /// Multiplies the gradient first.
    package let gradientScale: Float
    /// Times the parameter is added to the gradient.
    package let decay: Float
    package let momentum: Float
    package let rate: Float
    package let epsilon: Float
    private let alpha: Float
    private let gain: Float

    /// `alpha` is the share of the squares' mean that stays.
    package init(
        rate: Double, alpha: Double, epsilon: Double, momentum: Double, decay: Double, gradientScale: Float
    ) {
        self.rate = Float(rate)
        self.alpha = Float(alpha)
        gain = Float(1 - alpha)
        self.epsilon = Float(epsilon)
        self.momentum = Float(momentum)
        self.decay = Float(decay)
        self.gradientScale = gradientScale
    }

    fileprivate var rule: ck_rmsprop_rule {
        ck_rmsprop_rule(
            gradient_scale: gradientScale, decay: decay, alpha: alpha, gain: gain, epsilon: epsilon,
            momentum: momentum, step_size: rate)
    }
}

/// The numbers of one Adagrad pass.
package struct AdagradPass: Equatable {
    /// Multiplies the gradient first.
    package let gradientScale: Float
    /// Times the parameter is added to the gradient.
    package let decay: Float
    package let epsilon: Float
    private let stepSize: Float

    /// The pass number `step` (1, 2, …); the rate is divided by 1 + (step − 1) rateDecay.
    package init(
        step: Int, rate: Double, rateDecay: Double, epsilon: Double, decay: Double, gradientScale: Float
    ) {
        stepSize = Float(rate / (1 + Double(step - 1) * rateDecay))
        self.epsilon = Float(epsilon)
        self.decay = Float(decay)
        self.gradientScale = gradientScale
    }

    fileprivate var rule: ck_adagrad_rule {
        ck_adagrad_rule(
            gradient_scale: gradientScale, decay: decay, epsilon: epsilon, step_size: stepSize)
    }
}

extension Kernel {
    /// Adam or AdamW over `count` parameters p with gradients g and moments m, v.
    package static func adam(
        _ pass: AdamPass, p: MutableFloats, g: Floats, m: MutableFloats, v: MutableFloats, count: Int
    ) {
        ck_adam(pass.rule, p, g, m, v, count)
    }

    /// Stochastic gradient descent over `count` parameters; `velocity` may be nil without momentum.
    package static func descend(
        _ pass: DescentPass, p: MutableFloats, g: Floats, velocity: MutableFloats?, count: Int
    ) {
        ck_sgd(pass.rule, p, g, velocity, count)
    }

    /// RMSprop over `count` parameters; `mean` (centered) and `velocity` (momentum) may be nil.
    package static func rmsprop(
        _ pass: RMSpropPass, p: MutableFloats, g: Floats, square: MutableFloats, mean: MutableFloats?,
        velocity: MutableFloats?, count: Int
    ) {
        ck_rmsprop(pass.rule, p, g, square, mean, velocity, count)
    }

    /// Adagrad over `count` parameters with sums of squares `sum`.
    package static func adagrad(
        _ pass: AdagradPass, p: MutableFloats, g: Floats, sum: MutableFloats, count: Int
    ) {
        ck_adagrad(pass.rule, p, g, sum, count)
    }
}
