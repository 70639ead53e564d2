import Kernels

extension Context {
    /// Scaled dot-product attention of several heads within every segment: softmax(Q Kᵀ / √d) V per sample and head.
    ///
    /// Shapes: query, key, value, result `[N, E]`, E = heads · d, head k in columns k·d ..< (k+1)·d. `valid`, one entry
    /// per step, marks real steps: scores where query or key is not valid are −1e9, so that invalid keys weigh
    /// nothing and an invalid query attends evenly over its sample's own steps. Dropout acts on the weights in training.
    /// Source: Vaswani et al., Attention is all you need, NIPS 2017, equation 1.
    package func attention(
        query: Tensor, key: Tensor, value: Tensor, heads: Int, segments: Segments, valid: [Bool]? = nil,
        dropout: Float = 0
    ) -> Tensor {
        precondition(
            query.shape == key.shape && key.shape == value.shape,
            "attention: shapes differ, query \(query.shape), key \(key.shape), value \(value.shape)")
        precondition(
            heads > 0 && query.columns % heads == 0,
            "attention: width \(query.columns) is not divisible by \(heads) heads")
        precondition(
            valid.map { $0.count == query.rows } ?? true, "attention: one validity per row of \(query.shape)")
        checkSegments("attention", query, segments)
        let blocks = AttentionBlocks(segments: segments, heads: heads, width: query.columns, valid: valid)
        let y = result(query.shape, from: query, key, value)
        let weights = pool.buffer(blocks.scoreCount)
        for block in blocks.all {
            blocks.scores(block, query, key, into: weights.floats + block.scores, products)
        }
        let dropped =
            dropout > 0 && mode == .training ? dropAttention(weights, blocks.scoreCount, dropout) : nil
        for block in blocks.all {
            let weights = (dropped?.weights ?? weights).floats + block.scores
            let view = MatrixView(weights, rows: block.steps, columns: block.steps)
            Kernel.multiply(
                view, blocks.view(value, block), into: y.values + block.first, stride: y.columns,
                mode: products)
        }
        record(y) { gradient, context in
            blocks.pullBack(
                (query, key, value), gradient, weights: weights, dropped: dropped, factor: 1 / (1 - dropout),
                context)
        }
        return y
    }

    private func dropAttention(_ weights: Buffer, _ count: Int, _ probability: Float) -> DroppedWeights {
        let dropped = DroppedWeights(weights: pool.buffer(count), kept: pool.buffer((count + 3) / 4))
        Kernel.dropout(
            nextDropout(), probability: probability, weights.floats, into: dropped.weights.floats,
            kept: dropped.flags, count: count)
        return dropped
    }
}

/// Attention weights after dropout and which of them were kept.
private struct DroppedWeights {
    let weights: Buffer
    let kept: Buffer
    var flags: UnsafeMutablePointer<UInt8> {
        UnsafeMutableRawPointer(kept.floats).assumingMemoryBound(to: UInt8.self)
    }
}

/// The score blocks of a batch: one `[steps, steps]` matrix per sample and head, one after another.
private struct AttentionBlocks {
    struct Block {
        /// The first step's row.
        let row: Int
        let steps: Int
        /// The place of element (first step, first column of the head) in a `[N, E]` tensor.
        let first: Int
        /// The place of the block among all scores.
        let scores: Int
    }

    let all: [Block]
    let scoreCount: Int
    private let width: Int
    private let depth: Int
    private let valid: [Bool]?

    init(segments: Segments, heads: Int, width: Int, valid: [Bool]?) {
        var blocks: [Block] = []
        blocks.reserveCapacity(segments.count * heads)
        var place = 0
        depth = width / heads
        for sample in 0..<segments.count {
            let rows = segments[sample]
            for head in 0..<heads where !rows.isEmpty {
                let first = rows.lowerBound * width + head * depth
                blocks.append(Block(row: rows.lowerBound, steps: rows.count, first: first, scores: place))
                place += rows.count * rows.count
            }
        }
        all = blocks
        scoreCount = place
        self.width = width
        self.valid = valid
    }

    /// The rows and columns of one sample and head.
    func view(_ tensor: Tensor, _ block: Block) -> MatrixView { view(tensor.values, block) }

    func view(_ values: UnsafePointer<Float>, _ block: Block) -> MatrixView {
        MatrixView(values + block.first, rows: block.steps, columns: depth, stride: width)
    }

    /// softmax(Q Kᵀ / √d) of one block.
    func scores(
        _ block: Block, _ query: Tensor, _ key: Tensor, into scores: UnsafeMutablePointer<Float>,
        _ mode: ProductMode
    ) {
        let n = block.steps
        Kernel.multiply(view(query, block), view(key, block).transposed, into: scores, mode: mode)
        Kernel.scale(1 / Float(depth).squareRoot(), scores, into: scores, count: n * n)
        if let valid {
            for i in 0..<n {
                for j in 0..<n where !(valid[block.row + i] && valid[block.row + j]) {
                    scores[i * n + j] = -1e9
                }
            }
        }
        Kernel.softmaxRows(scores, scores, rows: n, columns: n)
    }

    func pullBack(
        _ inputs: (query: Tensor, key: Tensor, value: Tensor), _ gradient: UnsafePointer<Float>,
        weights: Buffer,
        dropped: DroppedWeights?, factor: Float, _ context: Context
    ) {
        let longest = all.reduce(0) { max($0, $1.steps) }
        let scratch = context.pool.buffer(longest * longest)
        // asked for in the order in which a block writes them, should they be one tensor
        let dv = inputs.value.gradientTarget(context)
        let dq = inputs.query.gradientTarget(context), dk = inputs.key.gradientTarget(context)
        for block in all {
            let n = block.steps
            let dy = view(gradient, block)
            let used = MatrixView((dropped?.weights ?? weights).floats + block.scores, rows: n, columns: n)
            if let dv {
                Kernel.multiply(
                    used.transposed, dy, into: dv.floats + block.first, stride: width, add: dv.add,
                    mode: .fast)
            }
            if dq == nil && dk == nil { continue }
            scoreGradient(block, dy, inputs.value, weights, dropped, factor, into: scratch.floats)
            let ds = MatrixView(scratch.floats, rows: n, columns: n)
            if let dq {
                Kernel.multiply(
                    ds, view(inputs.key, block), into: dq.floats + block.first, stride: width, add: dq.add,
                    mode: .fast)
            }
            if let dk {
                Kernel.multiply(
                    ds.transposed, view(inputs.query, block), into: dk.floats + block.first, stride: width,
                    add: dk.add, mode: .fast)
            }
        }
    }

    /// The gradient by Q Kᵀ of one block.
    private func scoreGradient(
        _ block: Block, _ dy: MatrixView, _ value: Tensor, _ weights: Buffer, _ dropped: DroppedWeights?,
        _ factor: Float, into ds: UnsafeMutablePointer<Float>
    ) {
        let n = block.steps
        Kernel.multiply(dy, view(value, block).transposed, into: ds, mode: .fast)
        if let dropped {
            Kernel.dropoutPullback(
                factor: factor, kept: dropped.flags + block.scores, dy: ds, dx: ds, count: n * n, add: false)
        }
        Kernel.softmaxRowsPullback(
            y: weights.floats + block.scores, dy: ds, dx: ds, rows: n, columns: n,
            factor: 1 / Float(depth).squareRoot(), add: false)
        guard let valid else { return }
        for i in 0..<n where !valid[block.row + i] { (ds + i * n).update(repeating: 0, count: n) }
    }
}
