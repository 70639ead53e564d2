package import Tensors

/// y = x Wᵀ + b. Parameters `weight` `[H, D]` and `bias` `[H]`, at first uniform within ±1/√D.
package struct Linear {
    package let weight: Tensor
    package let bias: Tensor?

    /// A layer from `inputs` (D) to `outputs` (H) columns.
    package init(_ inputs: Int, _ outputs: Int, bias: Bool = true, parameters: ParameterBuilder) {
        let bound = 1 / Float(max(inputs, 1)).squareRoot()
        weight = parameters.parameter("weight", [outputs, inputs], .uniform(bound: bound))
        self.bias = bias ? parameters.parameter("bias", [outputs], .uniform(bound: bound)) : nil
    }

    /// Shapes: x `[N, D]`, result `[N, H]`.
    package func callAsFunction(_ x: Tensor, _ context: Context) -> Tensor { context.linear(x, weight, bias) }
}
