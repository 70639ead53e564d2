package import Tensors

/// Graph attention: PyHealth's GraphAttention (one head, no bias, without its ELU) and PyTorch Geometric's GATConv.
///
/// GATConv takes the edges `withLoops`, PyHealth's layer those of its adjacency. With several heads the results stand side
/// by side or, without `concatenates`, are averaged. First values: uniform within ±√(6 / (D + heads · d)) and, for the
/// attention, ±√(6 / (heads + d)); PyHealth's normal with deviation √2 · √(2 / (D + d)) and √2 · √(2 / (d + 1)); biases 0.
/// Source: Veličković et al., ICLR 2018, equations 3 to 6.
package struct GraphAttention {
    package let weight: Tensor
    package let source: Tensor
    package let target: Tensor
    package let bias: Tensor?
    private let style: GraphLayerStyle
    private let heads: Int
    private let concatenates: Bool
    private let dropout: Float

    /// A layer from `inputs` (D) to `outputs` (d) columns per head. The style `pyHealth` has one head and no bias.
    package init(
        _ inputs: Int, _ outputs: Int, heads: Int = 1, concatenates: Bool = true, dropout: Float = 0,
        style: GraphLayerStyle = .geometric, bias: Bool = true, parameters: ParameterBuilder
    ) {
        require(
            style == .geometric || heads == 1, "GraphAttention: the style pyHealth has one head, not \(heads)"
        )
        self.style = style
        self.heads = heads
        self.concatenates = concatenates
        self.dropout = dropout
        let width = heads * outputs
        switch style {
        case .pyHealth:
            let normal = { (sum: Int) in Initializer.normal(deviation: (4 / Float(sum)).squareRoot()) }
            weight = parameters.parameter("W", [inputs, width], normal(inputs + width))
            target = parameters.parameter("a1", [width, 1], normal(width + 1))
            source = parameters.parameter("a2", [width, 1], normal(width + 1))
            self.bias = nil
        case .geometric:
            let uniform = { (sum: Int) in Initializer.uniform(bound: (6 / Float(max(sum, 1))).squareRoot()) }
            weight = parameters.parameter("lin.weight", [width, inputs], uniform(inputs + width))
            source = parameters.parameter("att_src", [1, heads, outputs], uniform(heads + outputs))
            target = parameters.parameter("att_dst", [1, heads, outputs], uniform(heads + outputs))
            self.bias =
                bias ? parameters.parameter("bias", [concatenates ? width : outputs], .zeros) : nil
        }
    }

    /// Shapes: x `[nodes, D]`, result `[nodes, heads · d]`, or `[nodes, d]` when heads are averaged.
    package func callAsFunction(_ x: Tensor, _ edges: Edges, _ context: Context) -> Tensor {
        let h = style == .pyHealth ? context.matmul(x, weight) : context.linear(x, weight)
        var y = context.graphAttention(
            h, source: source, target: target, edges, heads: heads, dropout: dropout)
        if !concatenates { y = mean(y, context) }
        return bias.map { context.addRow(y, $0) } ?? y
    }

    /// The mean over the heads, in their order.
    private func mean(_ y: Tensor, _ context: Context) -> Tensor {
        let width = y.columns / heads
        let parts = (0..<heads).map { context.columns(y, $0 * width..<($0 + 1) * width) }
        return context.scale(parts.dropFirst().reduce(parts[0]) { context.add($0, $1) }, 1 / Float(heads))
    }
}
