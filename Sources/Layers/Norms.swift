package import Tensors

/// Batch norm over the rows of steps or images, PyTorch's BatchNorm1d and BatchNorm2d.
///
/// Parameters `weight` (ones) and `bias` (zeros) `[C]`; running statistics `running_mean` (zeros) and `running_var` (ones)
/// `[C]`. PyTorch's counter `num_batches_tracked` is left out: with a fixed momentum nothing depends on it.
package struct BatchNorm {
    package let weight: Tensor
    package let bias: Tensor
    package let running: RunningStatistics
    private let epsilon: Float

    /// A norm of `channels` (C). The default ε is 1e-5, the default momentum 0.1.
    package init(
        _ channels: Int, epsilon: Float = 1e-5, momentum: Float = 0.1, parameters: ParameterBuilder
    ) {
        weight = parameters.parameter("weight", [channels], .ones)
        bias = parameters.parameter("bias", [channels], .zeros)
        running = RunningStatistics(
            mean: parameters.statistic("running_mean", [channels], .zeros, momentum: momentum),
            variance: parameters.statistic("running_var", [channels], .ones, momentum: momentum))
        self.epsilon = epsilon
    }

    /// Shapes: x and result `[…, C]`.
    package func callAsFunction(_ x: Tensor, _ context: Context) -> Tensor {
        context.batchNorm(x, weight, bias, running, epsilon: epsilon)
    }
}

/// Group norm of ragged samples or images, PyTorch's GroupNorm. Parameters `weight` (ones) and `bias` (zeros) `[C]`.
package struct GroupNorm {
    package let weight: Tensor
    package let bias: Tensor
    private let groups: Int
    private let epsilon: Float

    /// A norm of `channels` (C) in `groups` groups. The default ε is 1e-5.
    package init(groups: Int, _ channels: Int, epsilon: Float = 1e-5, parameters: ParameterBuilder) {
        weight = parameters.parameter("weight", [channels], .ones)
        bias = parameters.parameter("bias", [channels], .zeros)
        self.groups = groups
        self.epsilon = epsilon
    }

    /// Shapes: x and result `[N, C]`.
    package func callAsFunction(_ x: Tensor, _ segments: Segments, _ context: Context) -> Tensor {
        context.groupNorm(x, segments, groups: groups, weight, bias, epsilon: epsilon)
    }

    /// Shapes: images x and result `[N, height, width, C]`.
    package func callAsFunction(images x: Tensor, _ context: Context) -> Tensor {
        context.groupNorm(images: x, groups: groups, weight, bias, epsilon: epsilon)
    }
}
