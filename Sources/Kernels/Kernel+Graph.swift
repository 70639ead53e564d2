import CKernels

extension Kernel {
    /// y = Σ over the edges that end in each node, in their order, of the edge's weight times the row it comes from.
    ///
    /// Node i has the edges offsets[i]..<offsets[i + 1], edge j comes from row sources[j]. Shapes: x and y
    /// `[nodes, heads · width]`, weights `[edges, heads]`.
    package static func gatherSum(
        _ x: Floats, sources: Indices, weights: Floats, offsets: Indices, into y: MutableFloats, nodes: Int,
        heads: Int, width: Int
    ) {
        ck_gather_sum(x, sources, weights, offsets, y, nodes, heads, width)
    }

    /// The pullback of ``gatherSum``: adds to `dx`, overwrites `dWeights`; nil for what nobody wants.
    package static func gatherSumPullback(
        _ x: Floats, sources: Indices, weights: Floats, offsets: Indices, dy: Floats, dx: MutableFloats?,
        dWeights: MutableFloats?, nodes: Int, heads: Int, width: Int
    ) {
        ck_gather_sum_backward(x, sources, weights, offsets, dy, dx, dWeights, nodes, heads, width)
    }
}
