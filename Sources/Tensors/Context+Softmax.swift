import Kernels

extension Context {
    /// Softmax over the last axis.
    package func softmax(_ x: Tensor) -> Tensor {
        let y = result(x.shape, from: x)
        Kernel.softmaxRows(x.values, y.values, rows: x.rows, columns: x.columns)
        record(y) { gradient, context in
            guard let dx = x.gradientTarget(context) else { return }
            Kernel.softmaxRowsPullback(
                y: y.values, dy: gradient, dx: dx.floats, rows: x.rows, columns: x.columns, add: dx.add)
        }
        return y
    }

    /// Logarithm of softmax over the last axis.
    package func logSoftmax(_ x: Tensor) -> Tensor {
        let y = result(x.shape, from: x)
        Kernel.logSoftmaxRows(x.values, y.values, rows: x.rows, columns: x.columns)
        record(y) { gradient, context in
            guard let dx = x.gradientTarget(context) else { return }
            Kernel.logSoftmaxRowsPullback(
                y: y.values, dy: gradient, dx: dx.floats, rows: x.rows, columns: x.columns, add: dx.add)
        }
        return y
    }

    /// Softmax over the valid elements of the last axis, 0 elsewhere; a row without any is 0 throughout.
    ///
    /// Shapes: x and result `[N, D]`, valid `[N · D]`.
    package func softmax(_ x: Tensor, valid: [Bool]) -> Tensor {
        let masked = masked("softmax", x, valid)
        let y = result(x.shape, from: x)
        Kernel.softmaxRows(masked.floats, y.values, rows: x.rows, columns: x.columns)
        for place in valid.indices where !valid[place] { y.values[place] = 0 }
        record(y) { gradient, context in
            guard let dx = x.gradientTarget(context) else { return }
            Kernel.softmaxRowsPullback(
                y: y.values, dy: gradient, dx: dx.floats, rows: x.rows, columns: x.columns, add: dx.add)
        }
        return y
    }

    /// Logarithm of softmax over the valid elements of the last axis, −∞ elsewhere.
    ///
    /// Gradients of invalid elements count as 0. Shapes: x and result `[N, D]`, valid `[N · D]`.
    package func logSoftmax(_ x: Tensor, valid: [Bool]) -> Tensor {
        let masked = masked("logSoftmax", x, valid)
        let y = result(x.shape, from: x)
        Kernel.logSoftmaxRows(masked.floats, y.values, rows: x.rows, columns: x.columns)
        for place in valid.indices where !valid[place] { y.values[place] = -.infinity }
        record(y, isFinite: false) { gradient, context in
            guard let dx = x.gradientTarget(context) else { return }
            let dy = context.pool.buffer(x.count)
            for place in valid.indices { dy.floats[place] = valid[place] ? gradient[place] : 0 }
            Kernel.logSoftmaxRowsPullback(
                y: y.values, dy: dy.floats, dx: dx.floats, rows: x.rows, columns: x.columns, add: dx.add)
        }
        return y
    }

    /// Softmax over the rows of every segment, column by column. Shapes: x and result `[N, D]`.
    package func segmentSoftmax(_ x: Tensor, _ segments: Segments) -> Tensor {
        checkSegments("segmentSoftmax", x, segments)
        let y = result(x.shape, from: x)
        Kernel.segmentSoftmax(
            x.values, offsets: segments.offsets, into: y.values, segments: segments.count, columns: x.columns)
        record(y) { gradient, context in
            guard let dx = x.gradientTarget(context) else { return }
            Kernel.segmentSoftmaxPullback(
                y: y.values, dy: gradient, offsets: segments.offsets, dx: dx.floats, segments: segments.count,
                columns: x.columns, add: dx.add)
        }
        return y
    }

    /// Softmax over the valid rows of every segment, column by column; 0 in the other rows.
    ///
    /// Shapes: x and result `[N, D]`, valid `[N]`.
    package func segmentSoftmax(_ x: Tensor, _ segments: Segments, valid: [Bool]) -> Tensor {
        checkSegments("segmentSoftmax", x, segments)
        require(valid.count == x.rows, "segmentSoftmax: one validity per row of \(x)")
        let kept = valid.indices.filter { valid[$0] }.map(Int32.init)
        let lengths = (0..<segments.count).map { index in segments[index].count { valid[$0] } }
        let weights = segmentSoftmax(gatherRows(x, rows: kept), Segments(lengths: lengths))
        return scatterAddRows(weights, rows: kept, count: x.rows)
    }

    /// Logarithm of softmax over the rows of every segment, column by column. Shapes: x and result `[N, D]`.
    package func segmentLogSoftmax(_ x: Tensor, _ segments: Segments) -> Tensor {
        checkSegments("segmentLogSoftmax", x, segments)
        let y = result(x.shape, from: x)
        Kernel.segmentLogSoftmax(
            x.values, offsets: segments.offsets, into: y.values, segments: segments.count, columns: x.columns)
        record(y) { gradient, context in
            guard let dx = x.gradientTarget(context) else { return }
            Kernel.segmentLogSoftmaxPullback(
                y: y.values, dy: gradient, offsets: segments.offsets, dx: dx.floats, segments: segments.count,
                columns: x.columns, add: dx.add)
        }
        return y
    }

    /// The point of the probability simplex nearest to every row: yᵢ = max(xᵢ − τ, 0) with Σ y = 1.
    ///
    /// Many elements are exactly 0. The gradient is dy − (mean of dy over y > 0) where y > 0. Shapes: x and result
    /// `[N, D]`. Source: Martins and Astudillo, From softmax to sparsemax, ICML 2016, algorithm 1 and equation 14.
    package func sparsemax(_ x: Tensor) -> Tensor {
        let y = result(x.shape, from: x), width = x.columns
        for row in 0..<x.rows {
            let source = UnsafeBufferPointer(start: x.values + row * width, count: width)
            sparsemaxRow(source, into: y.values + row * width)
        }
        record(y) { gradient, context in
            guard let dx = x.gradientTarget(context) else { return }
            for row in 0..<y.rows {
                let places = row * width..<(row + 1) * width
                var total: Float = 0, support: Float = 0
                for place in places where y.values[place] > 0 {
                    total += gradient[place]
                    support += 1
                }
                for place in places {
                    let slope = y.values[place] > 0 ? gradient[place] - total / support : 0
                    dx.floats[place] = dx.add ? dx.floats[place] + slope : slope
                }
            }
        }
        return y
    }

    /// x with −∞ where it is not valid.
    private func masked(_ name: String, _ x: Tensor, _ valid: [Bool]) -> Buffer {
        require(valid.count == x.count, "\(name): \(valid.count) validities for \(x)")
        let masked = pool.buffer(x.count)
        for place in valid.indices { masked.floats[place] = valid[place] ? x.values[place] : -.infinity }
        return masked
    }
}

/// One row of sparsemax; NaN throughout where a NaN or +∞ is among the values or none is finite.
private func sparsemaxRow(_ x: UnsafeBufferPointer<Float>, into y: UnsafeMutablePointer<Float>) {
    let descending = x.sorted(by: >)
    guard let top = descending.first else { return }
    var sum = 0.0, threshold = -1.0
    for (place, value) in descending.enumerated() {
        let shifted = Double(value - top)
        guard 1 + Double(place + 1) * shifted > sum + shifted else { break }
        sum += shifted
        threshold = (sum - 1) / Double(place + 1)
    }
    let isDefined = x.allSatisfy { !$0.isNaN } && top.isFinite
    for (place, value) in x.enumerated() {
        y[place] = isDefined ? Float(max(Double(value - top) - threshold, 0)) : .nan
    }
}
