package import Tensors

/// Convolution over the steps of ragged samples, PyTorch's Conv1d.
///
/// Parameters `weight` `[O, C / groups, k]` and `bias` `[O]`, at first uniform within ±1/√(C / groups · k).
package struct Convolution1D {
    package let weight: Tensor
    package let bias: Tensor?
    private let stride: Int
    private let padding: Int
    private let causal: Bool
    private let dilation: Int
    private let groups: Int

    /// A layer from `inputs` (C) to `outputs` (O) channels; `causal` pads in front alone, so that no later step is seen.
    package init(
        _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0, causal: Bool = false,
        dilation: Int = 1, groups: Int = 1, bias: Bool = true, parameters: ParameterBuilder
    ) {
        let initial = Initializer.uniform(bound: bound(inputs / max(groups, 1) * kernel))
        weight = parameters.parameter("weight", [outputs, inputs / max(groups, 1), kernel], initial)
        self.bias = bias ? parameters.parameter("bias", [outputs], initial) : nil
        self.stride = stride
        self.padding = padding
        self.causal = causal
        self.dilation = dilation
        self.groups = groups
    }

    /// Shapes: x `[N, C]`, result `[N', O]` with its segments.
    package func callAsFunction(
        _ x: Tensor, _ segments: Segments, _ context: Context
    ) -> (y: Tensor, segments: Segments) {
        context.conv1d(
            x, segments, weight, bias, stride: stride, padding: padding, causal: causal, dilation: dilation,
            groups: groups)
    }
}

/// Convolution over images, PyTorch's Conv2d.
///
/// Parameters `weight` `[O, C / groups, k, l]` and `bias` `[O]`, at first uniform within ±1/√(C / groups · k · l).
package struct Convolution2D {
    package let weight: Tensor
    package let bias: Tensor?
    private let stride: Extent
    private let padding: Extent
    private let dilation: Extent
    private let groups: Int

    /// A layer from `inputs` (C) to `outputs` (O) channels; `initial` draws other first values.
    package init(
        _ inputs: Int, _ outputs: Int, kernel: Extent, stride: Extent = 1, padding: Extent = 0,
        dilation: Extent = 1, groups: Int = 1, bias: Bool = true, initial: Initializer? = nil,
        parameters: ParameterBuilder
    ) {
        let depth = inputs / max(groups, 1)
        let initial = initial ?? .uniform(bound: bound(depth * kernel.count))
        weight = parameters.parameter("weight", [outputs, depth, kernel.height, kernel.width], initial)
        self.bias = bias ? parameters.parameter("bias", [outputs], initial) : nil
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.groups = groups
    }

    /// Shapes: x `[N, height, width, C]`, result `[N, height', width', O]`.
    package func callAsFunction(_ x: Tensor, _ context: Context) -> Tensor {
        context.conv2d(
            x, weight, bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
    }
}

private func bound(_ inputs: Int) -> Float { 1 / Float(max(inputs, 1)).squareRoot() }
