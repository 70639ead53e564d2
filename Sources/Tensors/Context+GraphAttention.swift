import Kernels

extension Context {
    /// Attention along the edges: yᵢ = Σ over the edges j → i of αⱼᵢ hⱼ per head, in edge order.
    ///
    /// αⱼᵢ = softmax over the edges that end in i of LeakyReLU(s · hⱼ + t · hᵢ); a node without such edges gets 0. The
    /// edges' weights do not count. Dropout acts on α in training. The default slope below zero is 0.2.
    /// Shapes: h and result `[nodes, E]`, E = heads · d, head k in columns k·d ..< (k+1)·d; source s and target t `[E]`.
    /// Source: Veličković et al., Graph attention networks, ICLR 2018, equations 3 and 4.
    package func graphAttention(
        _ h: Tensor, source: Tensor, target: Tensor, _ edges: Edges, heads: Int, slope: Float = 0.2,
        dropout: Float = 0
    ) -> Tensor {
        require(h.rows == edges.nodes, "graphAttention: \(edges.nodes) nodes, h is \(h)")
        require(
            heads > 0 && h.columns % heads == 0 && source.count == h.columns && target.count == h.columns,
            "graphAttention: source \(source), target \(target) or \(heads) heads do not fit h \(h)")
        let inputs = GraphAttentionInputs(h: h, source: source, target: target, heads: heads, edges: edges)
        let y = result([h.rows, h.columns], from: h, source, target)
        let scores = pool.buffer(edges.count * heads), weights = pool.buffer(edges.count * heads)
        inputs.scores(into: scores.floats, self)
        inputs.activate(scores.floats, slope, into: weights.floats)
        Kernel.segmentSoftmax(
            weights.floats, offsets: edges.incoming.offsets, into: weights.floats, segments: edges.nodes,
            columns: heads)
        let dropped = dropout > 0 && mode == .training ? drop(weights, edges.count * heads, dropout) : nil
        Kernel.gatherSum(
            h.values, sources: edges.sources, weights: (dropped?.weights ?? weights).floats,
            offsets: edges.incoming.offsets, into: y.values, nodes: edges.nodes, heads: heads,
            width: h.columns / heads)
        record(y) { gradient, context in
            let slopes = context.pool.buffer(edges.count * heads)
            let dh = h.gradientSum(context)
            Kernel.gatherSumPullback(
                h.values, sources: edges.sources, weights: (dropped?.weights ?? weights).floats,
                offsets: edges.incoming.offsets, dy: gradient, dx: dh, dWeights: slopes.floats,
                nodes: edges.nodes, heads: heads, width: h.columns / heads)
            if let dropped {
                Kernel.dropoutPullback(
                    factor: 1 / (1 - dropout), kept: dropped.flags, dy: slopes.floats, dx: slopes.floats,
                    count: edges.count * heads, add: false)
            }
            Kernel.segmentSoftmaxPullback(
                y: weights.floats, dy: slopes.floats, offsets: edges.incoming.offsets, dx: slopes.floats,
                segments: edges.nodes, columns: heads, add: false)
            for place in 0..<edges.count * heads where !(scores.floats[place] > 0) {
                slopes.floats[place] *= slope
            }
            inputs.pullScores(slopes.floats, dh, context)
        }
        return y
    }
}

/// The scores of edges before the activation, and their pullback.
private struct GraphAttentionInputs {
    let h: Tensor
    let source: Tensor
    let target: Tensor
    let heads: Int
    let edges: Edges

    private var width: Int { h.columns / heads }

    /// s · hⱼ + t · hᵢ per edge and head.
    func scores(into scores: UnsafeMutablePointer<Float>, _ context: Context) {
        let parts = context.pool.buffer(2 * h.rows * heads)
        let (from, to) = (parts.floats, parts.floats + h.rows * heads)
        for (vector, into) in [(source, from), (target, to)] {
            for row in 0..<h.rows {
                for head in 0..<heads {
                    into[row * heads + head] = Kernel.dot(
                        h.values + row * h.columns + head * width, vector.values + head * width, count: width)
                }
            }
        }
        forEachEdge { edge, source, target in
            for head in 0..<heads {
                scores[edge * heads + head] = from[source * heads + head] + to[target * heads + head]
            }
        }
    }

    /// LeakyReLU.
    func activate(
        _ scores: UnsafePointer<Float>, _ slope: Float, into weights: UnsafeMutablePointer<Float>
    ) {
        for place in 0..<edges.count * heads {
            weights[place] = scores[place] < 0 ? slope * scores[place] : scores[place]
        }
    }

    /// Adds what the scores' gradient gives to h (at `dh`), source and target.
    func pullScores(
        _ slopes: UnsafePointer<Float>, _ dh: UnsafeMutablePointer<Float>?, _ context: Context
    ) {
        let sums = context.pool.buffer(2 * h.rows * heads)
        sums.floats.update(repeating: 0, count: 2 * h.rows * heads)
        let (from, to) = (sums.floats, sums.floats + h.rows * heads)
        forEachEdge { edge, source, target in
            for head in 0..<heads {
                from[source * heads + head] += slopes[edge * heads + head]
                to[target * heads + head] += slopes[edge * heads + head]
            }
        }
        for (vector, sum) in [(source, from), (target, to)] {
            let dVector = vector.gradientSum(context)
            for row in 0..<h.rows {
                for head in 0..<heads {
                    let column = head * width, place = row * h.columns + column
                    let factor = sum[row * heads + head]
                    if let dh {
                        Kernel.scale(
                            factor, vector.values + column, into: dh + place, count: width, add: true)
                    }
                    if let dVector {
                        Kernel.scale(
                            factor, h.values + place, into: dVector + column, count: width, add: true)
                    }
                }
            }
        }
    }

    private func forEachEdge(_ body: (_ edge: Int, _ source: Int, _ target: Int) -> Void) {
        for node in 0..<edges.nodes {
            for edge in edges.incoming[node] { body(edge, Int(edges.sources[edge]), node) }
        }
    }
}
