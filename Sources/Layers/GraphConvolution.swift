package import Tensors

/// Whose parameter names and orientations a graph layer has.
package enum GraphLayerStyle: Sendable {
    /// PyHealth's GraphConvolution (`weight` `[D, H]`, `bias`) and GraphAttention (`W` `[D, H]`, `a1`, `a2` `[H, 1]`).
    case pyHealth
    /// PyTorch Geometric's GCNConv (`lin.weight` `[H, D]`, `bias`) and GATConv (`lin.weight`, `att_src`, `att_dst`
    /// `[1, heads, d]`, `bias`).
    case geometric
}

/// Graph convolution y = Â x W + b along given edges: PyHealth's GraphConvolution, PyTorch Geometric's GCNConv.
///
/// GCNConv takes the edges `withLoops.normalized`, PyHealth's layer whatever adjacency it is given. First values: uniform
/// within ±√(6 / (D + H)), PyHealth's normal with deviation 0.02 √(2 / (D + H)); biases 0.
/// Source: Kipf and Welling, ICLR 2017, equation 2.
package struct GraphConvolution {
    package let weight: Tensor
    package let bias: Tensor?
    private let style: GraphLayerStyle

    /// A layer from `inputs` (D) to `outputs` (H) columns.
    package init(
        _ inputs: Int, _ outputs: Int, style: GraphLayerStyle = .geometric, bias: Bool = true,
        parameters: ParameterBuilder
    ) {
        self.style = style
        let sum = Float(max(inputs + outputs, 1))
        switch style {
        case .pyHealth:
            weight = parameters.parameter(
                "weight", [inputs, outputs], .normal(deviation: 0.02 * (2 / sum).squareRoot()))
        case .geometric:
            weight = parameters.parameter(
                "lin.weight", [outputs, inputs], .uniform(bound: (6 / sum).squareRoot()))
        }
        self.bias = bias ? parameters.parameter("bias", [outputs], .zeros) : nil
    }

    /// Shapes: x `[nodes, D]`, result `[nodes, H]`.
    package func callAsFunction(_ x: Tensor, _ edges: Edges, _ context: Context) -> Tensor {
        let mapped = style == .pyHealth ? context.matmul(x, weight) : context.linear(x, weight)
        let y = context.graphConvolution(mapped, edges)
        return bias.map { context.addRow(y, $0) } ?? y
    }
}
