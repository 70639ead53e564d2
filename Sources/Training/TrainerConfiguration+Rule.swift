package import Layers

extension TrainerConfiguration {
    /// The optimizer's rule.
    package var rule: OptimizerRule {
        switch optimizer.kind {
        case .adam, .adamW:
            let options = OptimizerRule.Adam(
                learningRate: optimizer.learningRate, beta1: optimizer.betas.0, beta2: optimizer.betas.1,
                epsilon: optimizer.epsilon, weightDecay: weightDecay)
            return optimizer.kind == .adam ? .adam(options) : .adamW(options)
        case .sgd:
            return .sgd(
                OptimizerRule.SGD(
                    learningRate: optimizer.learningRate, momentum: optimizer.momentum,
                    nesterov: optimizer.nesterov, weightDecay: weightDecay))
        }
    }
}
