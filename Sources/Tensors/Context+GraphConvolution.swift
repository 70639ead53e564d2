import Kernels

extension Context {
    /// One step along the edges: yᵢ = Σ over the edges j → i, in their order, of w_ji xⱼ.
    ///
    /// With the edges `withLoops.normalized` and a linear map before it this is the layer of Kipf and Welling, ICLR 2017,
    /// equation 2. Weights are constants. A graph's rows do not depend on the other graphs beside it. Shapes: x and result
    /// `[nodes, D]`.
    package func graphConvolution(_ x: Tensor, _ edges: Edges) -> Tensor {
        require(x.rows == edges.nodes, "graphConvolution: \(edges.nodes) nodes, x is \(x)")
        let y = result([x.rows, x.columns], from: x)
        Kernel.gatherSum(
            x.values, sources: edges.sources, weights: edges.weights, offsets: edges.incoming.offsets,
            into: y.values, nodes: edges.nodes, heads: 1, width: x.columns)
        record(y) { gradient, context in
            guard let dx = x.gradientSum(context) else { return }
            Kernel.gatherSumPullback(
                x.values, sources: edges.sources, weights: edges.weights, offsets: edges.incoming.offsets,
                dy: gradient, dx: dx, dWeights: nil, nodes: edges.nodes, heads: 1, width: x.columns)
        }
        return y
    }
}
