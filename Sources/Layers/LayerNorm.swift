package import Tensors

/// weight (x − mean) / √(variance + ε) + bias over the last axis. Parameters `weight` (ones) and `bias` (zeros) `[D]`.
package struct LayerNorm {
    package let weight: Tensor
    package let bias: Tensor
    private let epsilon: Float

    /// A norm of rows of `width` (D) values. The default ε is 1e-5.
    package init(_ width: Int, epsilon: Float = 1e-5, parameters: ParameterBuilder) {
        weight = parameters.parameter("weight", [width], .ones)
        bias = parameters.parameter("bias", [width], .zeros)
        self.epsilon = epsilon
    }

    /// Shapes: x and result `[N, D]`.
    package func callAsFunction(_ x: Tensor, _ context: Context) -> Tensor {
        context.layerNorm(x, weight, bias, epsilon: epsilon)
    }
}
