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
        valid.withFlags { Kernel.choose($0, y.values, or: 0, into: y.values, count: x.count) }
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
        valid.withFlags { Kernel.choose($0, y.values, or: -.infinity, into: y.values, count: x.count) }
        record(y, isFinite: false) { gradient, context in
            guard let dx = x.gradientTarget(context) else { return }
            let dy = context.pool.buffer(x.count)
            valid.withFlags { Kernel.choose($0, gradient, or: 0, into: dy.floats, count: x.count) }
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
    /// Many elements are exactly 0. NaN throughout a row with a NaN or +∞ or without
    /// a finite number. The gradient is dy − (mean of dy over y > 0) where y > 0. Shapes: x and result
    /// `[N, D]`. Source: Martins and Astudillo, From softmax to sparsemax, ICML 2016, algorithm 1 and equation 14.
    package func sparsemax(_ x: Tensor) -> Tensor {
        let y = result(x.shape, from: x)
        Kernel.sparsemaxRows(x.values, into: y.values, rows: x.rows, columns: x.columns)
        record(y) { gradient, context in
            guard let dx = x.gradientTarget(context) else { return }
            Kernel.sparsemaxRowsPullback(
                y: y.values, dy: gradient, dx: dx.floats, rows: x.rows, columns: x.columns, add: dx.add)
        }
        return y
    }

    /// x with −∞ where it is not valid.
    private func masked(_ name: String, _ x: Tensor, _ valid: [Bool]) -> Buffer {
        require(valid.count == x.count, "\(name): \(valid.count) validities for \(x)")
        let masked = pool.buffer(x.count)
        valid.withFlags { Kernel.choose($0, x.values, or: -.infinity, into: masked.floats, count: x.count) }
        return masked
    }
}
