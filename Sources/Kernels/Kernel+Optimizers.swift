import CKernels

/// The numbers of one Adam pass, bias corrections of its step included.
package struct AdamPass {
    package var rate: Float
    package var decay: Float
    package var decoupled: Bool
    package var beta1: Float
    package var beta2: Float
    package var epsilon: Float
    /// 1 − β₁ᵗ.
    package var correction1: Float
    /// √(1 − β₂ᵗ).
    package var correction2Root: Float
    package var gradientScale: Float

    package init(
        rate: Float, decay: Float, decoupled: Bool, beta1: Float, beta2: Float, epsilon: Float,
        correction1: Float, correction2Root: Float, gradientScale: Float
    ) {
        self.rate = rate
        self.decay = decay
        self.decoupled = decoupled
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.correction1 = correction1
        self.correction2Root = correction2Root
        self.gradientScale = gradientScale
    }
}

/// The numbers of one pass of stochastic gradient descent.
package struct DescentPass {
    package var rate: Float
    package var decay: Float
    package var momentum: Float
    package var nesterov: Bool
    /// The momentum buffer starts as the gradient.
    package var first: Bool
    package var gradientScale: Float

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
}

extension Kernel {
    /// Adam or AdamW over `count` parameters p with gradients g and moments m, v.
    package static func adam(
        _ pass: AdamPass, p: MutableFloats, g: Floats, m: MutableFloats, v: MutableFloats, count: Int
    ) {
        let rule = ck_adam_rule(
            rate: pass.rate, decay: pass.decay, beta1: pass.beta1, beta2: pass.beta2, epsilon: pass.epsilon,
            correction1: pass.correction1, correction2_root: pass.correction2Root,
            gradient_scale: pass.gradientScale, decoupled: pass.decoupled ? 1 : 0)
        ck_adam(rule, p, g, m, v, count)
    }

    /// Stochastic gradient descent over `count` parameters; `velocity` may be nil without momentum.
    package static func descend(
        _ pass: DescentPass, p: MutableFloats, g: Floats, velocity: MutableFloats?, count: Int
    ) {
        let rule = ck_sgd_rule(
            rate: pass.rate, decay: pass.decay, momentum: pass.momentum, gradient_scale: pass.gradientScale,
            nesterov: pass.nesterov ? 1 : 0, first: pass.first ? 1 : 0)
        ck_sgd(rule, p, g, velocity, count)
    }
}
