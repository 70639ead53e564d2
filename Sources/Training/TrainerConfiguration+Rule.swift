package import Layers

extension TrainerConfiguration {
    /// The optimizer's rule.
    package var rule: OptimizerRule {
        switch optimizer.kind {
        case .adam, .adamW, .lazyAdam:
            let options = OptimizerRule.Adam(
                learningRate: optimizer.learningRate, beta1: optimizer.betas[0], beta2: optimizer.betas[1],
                epsilon: optimizer.epsilon, weightDecay: weightDecay)
            switch optimizer.kind {
            case .adamW: return .adamW(options)
            case .lazyAdam: return .lazyAdam(options)
            default: return .adam(options)
            }
        case .rmsprop:
            return .rmsprop(
                OptimizerRule.RMSprop(
                    learningRate: optimizer.learningRate, alpha: optimizer.alpha, epsilon: optimizer.epsilon,
                    momentum: optimizer.momentum, centered: optimizer.centered, weightDecay: weightDecay))
        case .adagrad:
            return .adagrad(
                OptimizerRule.Adagrad(
                    learningRate: optimizer.learningRate, rateDecay: optimizer.rateDecay,
                    initialSum: optimizer.initialSum, epsilon: optimizer.epsilon, weightDecay: weightDecay))
        case .sgd:
            return .sgd(
                OptimizerRule.SGD(
                    learningRate: optimizer.learningRate, momentum: optimizer.momentum,
                    nesterov: optimizer.nesterov, weightDecay: weightDecay))
        }
    }
}
