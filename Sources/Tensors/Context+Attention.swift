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
        require(
            query.shape == key.shape, "attention: shapes differ, query \(query), key \(key)")
        return attend(
            AttentionInputs(query: query, key: key, value: value), heads: heads, segments, segments,
            valid: valid, keyValid: valid, dropout)
    }

    /// Scaled dot-product attention of every sample's queries to the same sample's keys: softmax(Q Kᵀ / √d) V per head.
    ///
    /// Shapes: query and result `[N, E]` in `segments`, key and value `[M, E]` in `keySegments`, as many of them; heads as
    /// in ``attention(query:key:value:heads:segments:valid:dropout:)``. Scores where query or key is not valid are −1e9.
    /// Where a sample has no keys, its results are 0.
    package func crossAttention(
        query: Tensor, key: Tensor, value: Tensor, heads: Int, segments: Segments, keySegments: Segments,
        valid: [Bool]? = nil, keyValid: [Bool]? = nil, dropout: Float = 0
    ) -> Tensor {
        require(
            segments.count == keySegments.count,
            "crossAttention: \(segments.count) segments of queries, \(keySegments.count) of keys")
        return attend(
            AttentionInputs(query: query, key: key, value: value), heads: heads, segments, keySegments,
            valid: valid, keyValid: keyValid, dropout)
    }

    private func attend(
        _ inputs: AttentionInputs, heads: Int, _ segments: Segments, _ keySegments: Segments, valid: [Bool]?,
        keyValid: [Bool]?, _ dropout: Float, _ operation: String = #function
    ) -> Tensor {
        let query = inputs.query
        inputs.check(heads: heads, valid: valid, keyValid: keyValid)
        checkSegments("attention", query, segments)
        checkSegments("attention", inputs.key, keySegments)
        let blocks = AttentionBlocks(
            segments: segments, keySegments: keySegments, heads: heads, width: query.columns, valid: valid,
            keyValid: keyValid)
        let y = result(query.shape, from: query, inputs.key, inputs.value)
        if blocks.hasGaps { y.values.update(repeating: 0, count: y.count) }
        let weights = pool.buffer(blocks.scoreCount), scratch = pool.buffer(blocks.largest)
        for block in blocks.all {
            blocks.scores(
                block, query, inputs.key, scratch: scratch.floats, into: weights.floats + block.scores,
                products)
        }
        let dropped =
            dropout > 0 && mode == .training ? drop(weights, blocks.scoreCount, dropout) : nil
        for block in blocks.all {
            let weights = (dropped?.weights ?? weights).floats + block.scores
            let view = MatrixView(weights, rows: block.queries.count, columns: block.keys.count)
            Kernel.multiply(
                view, blocks.keyView(inputs.value.values, block), into: y.values + block.firstQuery,
                stride: y.columns, mode: products)
        }
        record(y, operation: operation) { gradient, context in
            blocks.pullBack(
                inputs, gradient, weights: weights, dropped: dropped, factor: 1 / (1 - dropout), context)
        }
        return y
    }

    /// Attention weights with dropout.
    func drop(_ weights: Buffer, _ count: Int, _ probability: Float) -> DroppedWeights {
        let dropped = DroppedWeights(weights: pool.buffer(count), kept: pool.buffer((count + 3) / 4))
        Kernel.dropout(
            nextDropout(), probability: probability, weights.floats, into: dropped.weights.floats,
            kept: dropped.flags, count: count)
        return dropped
    }
}

/// Attention weights after dropout and which of them were kept.
struct DroppedWeights {
    let weights: Buffer
    let kept: Buffer
    var flags: UnsafeMutablePointer<UInt8> {
        UnsafeMutableRawPointer(kept.floats).assumingMemoryBound(to: UInt8.self)
    }
}

/// What attends to what.
private struct AttentionInputs {
    let query: Tensor
    let key: Tensor
    let value: Tensor

    func check(heads: Int, valid: [Bool]?, keyValid: [Bool]?) {
        require(
            key.shape == value.shape && key.columns == query.columns,
            "attention: shapes differ, query \(query), key \(key), value \(value)")
        require(
            heads > 0 && query.columns % heads == 0,
            "attention: width \(query.columns) is not divisible by \(heads) heads")
        require(
            valid.map { $0.count == query.rows } ?? true, "attention: one validity per row of \(query)")
        require(
            keyValid.map { $0.count == key.rows } ?? true, "attention: one validity per row of \(key)")
    }
}

/// The score blocks of a batch: one `[queries, keys]` matrix per sample and head, one after another.
private struct AttentionBlocks {
    struct Block {
        /// The rows of the queries and of the keys.
        let queries: Range<Int>
        let keys: Range<Int>
        /// The places of element (first row, first column of the head) among queries and among keys.
        let firstQuery: Int
        let firstKey: Int
        /// The place of the block among all scores.
        let scores: Int
        /// Whether all its queries and keys are valid.
        let isWhole: Bool

        var count: Int { queries.count * keys.count }
    }

    let all: [Block]
    let scoreCount: Int
    /// Whether the blocks of queries and of keys may leave out rows or meet different rows of one tensor.
    let hasGaps: Bool
    private let width: Int
    private let depth: Int
    private let valid: [Bool]?
    private let keyValid: [Bool]?

    init(
        segments: Segments, keySegments: Segments, heads: Int, width: Int, valid: [Bool]?, keyValid: [Bool]?
    ) {
        var blocks: [Block] = []
        blocks.reserveCapacity(segments.count * heads)
        var place = 0
        depth = width / heads
        for sample in 0..<segments.count {
            let queries = segments[sample], keys = keySegments[sample]
            let isWhole =
                !(valid?[queries].contains(false) ?? false) && !(keyValid?[keys].contains(false) ?? false)
            for head in 0..<heads where !queries.isEmpty && !keys.isEmpty {
                let column = head * depth
                blocks.append(
                    Block(
                        queries: queries, keys: keys, firstQuery: queries.lowerBound * width + column,
                        firstKey: keys.lowerBound * width + column, scores: place, isWhole: isWhole))
                place += queries.count * keys.count
            }
        }
        all = blocks
        scoreCount = place
        hasGaps = segments != keySegments
        self.width = width
        self.valid = valid
        self.keyValid = keyValid
    }

    /// The rows and columns of one sample and head in a tensor of queries.
    private func queryView(_ values: UnsafePointer<Float>, _ block: Block) -> MatrixView {
        MatrixView(values + block.firstQuery, rows: block.queries.count, columns: depth, stride: width)
    }

    /// The rows and columns of one sample and head in a tensor of keys.
    func keyView(_ values: UnsafePointer<Float>, _ block: Block) -> MatrixView {
        MatrixView(values + block.firstKey, rows: block.keys.count, columns: depth, stride: width)
    }

    /// softmax(Q Kᵀ / √d) of one block.
    ///
    /// By way of `scratch`: a processor reads a row only slowly where the row before has just been written partly into the
    /// same line.
    func scores(
        _ block: Block, _ query: Tensor, _ key: Tensor, scratch: UnsafeMutablePointer<Float>,
        into scores: UnsafeMutablePointer<Float>, _ mode: ProductMode
    ) {
        Kernel.multiply(
            queryView(query.values, block), keyView(key.values, block).transposed, into: scratch, mode: mode)
        Kernel.scale(1 / Float(depth).squareRoot(), scratch, into: scratch, count: block.count)
        if valid != nil || keyValid != nil {
            forEachInvalid(block) { scratch[$0] = -1e9 }
        }
        Kernel.softmaxRows(scratch, scores, rows: block.queries.count, columns: block.keys.count)
    }

    /// The elements of the largest block.
    var largest: Int { all.reduce(0) { max($0, $1.count) } }

    /// The places in a block whose query or key is not valid.
    private func forEachInvalid(_ block: Block, _ body: (Int) -> Void) {
        if block.isWhole { return }
        var place = 0
        for query in block.queries {
            for key in block.keys {
                if !(valid?[query] ?? true) || !(keyValid?[key] ?? true) { body(place) }
                place += 1
            }
        }
    }

    func pullBack(
        _ inputs: AttentionInputs, _ gradient: UnsafePointer<Float>, weights: Buffer,
        dropped: DroppedWeights?, factor: Float, _ context: Context
    ) {
        let scratch = context.pool.buffer(largest), slopes = context.pool.buffer(largest)
        // asked for in the order in which a block writes them, should they be one tensor
        let dv = target(inputs.value, context)
        let dq = target(inputs.query, context), dk = target(inputs.key, context)
        for block in all {
            let (n, m) = (block.queries.count, block.keys.count)
            let dy = queryView(gradient, block)
            let used = MatrixView((dropped?.weights ?? weights).floats + block.scores, rows: n, columns: m)
            if let dv {
                Kernel.multiply(
                    used.transposed, dy, into: dv.floats + block.firstKey, stride: width, add: dv.add,
                    mode: .fast)
            }
            if dq == nil && dk == nil { continue }
            scoreGradient(
                block, dy, inputs.value, weights, dropped, factor, scratch: scratch.floats,
                into: slopes.floats)
            let ds = MatrixView(slopes.floats, rows: n, columns: m)
            if let dq {
                Kernel.multiply(
                    ds, keyView(inputs.key.values, block), into: dq.floats + block.firstQuery, stride: width,
                    add: dq.add, mode: .fast)
            }
            if let dk {
                Kernel.multiply(
                    ds.transposed, queryView(inputs.query.values, block), into: dk.floats + block.firstKey,
                    stride: width, add: dk.add, mode: .fast)
            }
        }
    }

    /// Where a gradient goes: overwritten when every row belongs to a block, else zeros to add to.
    private func target(_ tensor: Tensor, _ context: Context) -> GradientTarget? {
        guard hasGaps else { return tensor.gradientTarget(context) }
        return tensor.gradientSum(context).map { GradientTarget(floats: $0, add: true) }
    }

    /// The gradient by Q Kᵀ of one block.
    private func scoreGradient(
        _ block: Block, _ dy: MatrixView, _ value: Tensor, _ weights: Buffer, _ dropped: DroppedWeights?,
        _ factor: Float, scratch: UnsafeMutablePointer<Float>, into ds: UnsafeMutablePointer<Float>
    ) {
        Kernel.multiply(dy, keyView(value.values, block).transposed, into: scratch, mode: .fast)
        if let dropped {
            Kernel.dropoutPullback(
                factor: factor, kept: dropped.flags + block.scores, dy: scratch, dx: scratch,
                count: block.count, add: false)
        }
        Kernel.softmaxRowsPullback(
            y: weights.floats + block.scores, dy: scratch, dx: ds, rows: block.queries.count,
            columns: block.keys.count, factor: 1 / Float(depth).squareRoot(), add: false)
        if valid != nil || keyValid != nil { forEachInvalid(block) { ds[$0] = 0 } }
    }
}
