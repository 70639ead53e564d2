import Kernels

extension Context {
    /// The row of x for every entry; −1 gives a zero row. Shapes: x `[N, D]`, result `[rows, D]`.
    package func gatherRows(_ x: Tensor, rows: [Int32]) -> Tensor {
        require(
            rows.allSatisfy { $0 >= -1 && $0 < x.rows }, "gatherRows: a row is outside \(x)")
        let y = result([rows.count, x.columns], from: x)
        Kernel.gatherRows(
            x.values, stride: x.columns, rows: rows, into: y.values, outputStride: x.columns,
            count: rows.count,
            columns: x.columns)
        record(y) { gradient, context in
            guard let dx = x.gradientSum(context) else { return }
            Kernel.scatterAddRows(
                gradient, stride: x.columns, rows: rows, into: dx, outputStride: x.columns, count: rows.count,
                columns: x.columns)
        }
        return y
    }

    /// Row n added to row `rows[n]` of zeros, in ascending n; −1 leaves it out. Shapes: x `[N, D]`, result `[count, D]`.
    package func scatterAddRows(_ x: Tensor, rows: [Int32], count: Int) -> Tensor {
        require(
            rows.count == x.rows && rows.allSatisfy { $0 >= -1 && $0 < count },
            "scatterAddRows: \(rows.count) targets below \(count) do not fit \(x)")
        let y = result([count, x.columns], from: x)
        y.values.update(repeating: 0, count: y.count)
        Kernel.scatterAddRows(
            x.values, stride: x.columns, rows: rows, into: y.values, outputStride: x.columns,
            count: rows.count, columns: x.columns)
        record(y) { gradient, context in
            guard let dx = x.gradientTarget(context) else { return }
            let picked = dx.add ? context.pool.buffer(x.count) : nil
            Kernel.gatherRows(
                gradient, stride: x.columns, rows: rows, into: picked?.floats ?? dx.floats,
                outputStride: x.columns, count: rows.count, columns: x.columns)
            if let picked { Kernel.scale(1, picked.floats, into: dx.floats, count: x.count, add: true) }
        }
        return y
    }

    /// The first row of every segment; zero where it is empty. Shapes: x `[N, D]`, result `[B, D]`.
    package func first(_ x: Tensor, _ segments: Segments) -> Tensor {
        checkSegments("first", x, segments)
        return gatherRows(x, rows: (0..<segments.count).map { Int32(segments[$0].first ?? -1) })
    }

    /// The last row of every segment; zero where it is empty. Shapes: x `[N, D]`, result `[B, D]`.
    package func last(_ x: Tensor, _ segments: Segments) -> Tensor {
        checkSegments("last", x, segments)
        return gatherRows(x, rows: (0..<segments.count).map { Int32(segments[$0].last ?? -1) })
    }

    /// The rows of every segment in reverse order. Shapes: x and result `[N, D]`.
    package func reversed(_ x: Tensor, _ segments: Segments) -> Tensor {
        checkSegments("reversed", x, segments)
        return gatherRows(x, rows: (0..<segments.count).flatMap { segments[$0].reversed().map(Int32.init) })
    }

    /// The sum of every segment's rows. Shapes: x `[N, D]`, result `[B, D]`.
    package func segmentSum(_ x: Tensor, _ segments: Segments) -> Tensor {
        weightedSum("segmentSum", x, nil, segments)
    }

    /// The mean of every segment's valid rows (all without `valid`); zero where there is none.
    package func segmentMean(_ x: Tensor, _ segments: Segments, valid: [Bool]? = nil) -> Tensor {
        require(
            valid.map { $0.count == x.rows } ?? true, "segmentMean: one validity per row of \(x)")
        var weights = [Float](repeating: 0, count: x.rows)
        for index in 0..<segments.count {
            let members = segments[index].filter { valid?[$0] ?? true }
            for row in members { weights[row] = 1 / Float(members.count) }
        }
        return weightedSum("segmentMean", x, tensor(weights, shape: [x.rows, 1]), segments)
    }

    /// Σ wₙ xₙ over every segment. Shapes: x `[N, D]`, weights `[N, 1]`, result `[B, D]`.
    package func weightedSegmentSum(_ x: Tensor, weights: Tensor, _ segments: Segments) -> Tensor {
        require(
            weights.count == x.rows,
            "weightedSegmentSum: \(weights) is not one weight per row of \(x)")
        return weightedSum("weightedSegmentSum", x, weights, segments)
    }

    private func weightedSum(_ name: String, _ x: Tensor, _ weights: Tensor?, _ segments: Segments) -> Tensor
    {
        checkSegments(name, x, segments)
        let y = result(
            [segments.count, x.columns], wantsGradient: x.wantsGradient || weights?.wantsGradient == true)
        Kernel.segmentSum(
            x.values, weights: weights?.values, offsets: segments.offsets, into: y.values,
            segments: segments.count, columns: x.columns)
        record(y, operation: name) { gradient, context in
            if let dx = x.gradientTarget(context) {
                Kernel.segmentSumPullback(
                    dy: gradient, weights: weights?.values, offsets: segments.offsets, dx: dx.floats,
                    segments: segments.count, columns: x.columns, add: dx.add)
            }
            if let dw = weights?.gradientTarget(context) {
                for index in 0..<segments.count {
                    for row in segments[index] {
                        let value = Kernel.dot(
                            gradient + index * x.columns, x.values + row * x.columns, count: x.columns)
                        dw.floats[row] = dw.add ? dw.floats[row] + value : value
                    }
                }
            }
        }
        return y
    }

    func checkSegments(_ name: String, _ x: Tensor, _ segments: Segments) {
        require(
            segments.total == x.rows, "\(name): segments hold \(segments.total) rows, x is \(x)")
    }
}
