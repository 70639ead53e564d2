import Kernels

/// The running statistics of a batch norm, `[C]` each: parameters that no optimizer moves.
package struct RunningStatistics {
    package let mean: Tensor
    package let variance: Tensor

    /// Statistics held by the two parameters.
    package init(mean: Tensor, variance: Tensor) {
        self.mean = mean
        self.variance = variance
    }
}

extension Context {
    /// weight (x − mean) / √(variance + ε) + bias per channel, over all rows: steps, or places of images.
    ///
    /// In training the statistics are those of this context's rows, so of one virtual rank, with biased variance; what was
    /// observed (with unbiased variance, one row: 0) is left in the running statistics' gradients, where the ranks' are
    /// summed like any other; a norm is used once in a context, since what two uses observe would be added up. In evaluation
    /// the running statistics count, and a row does not depend on the others.
    /// Shapes: x and result `[…, C]`, weight and bias `[C]`. The default ε is 1e-5.
    /// Source: Ioffe and Szegedy, Batch normalization, ICML 2015, algorithm 1. There is no second derivative.
    package func batchNorm(
        _ x: Tensor, _ weight: Tensor, _ bias: Tensor, _ running: RunningStatistics, epsilon: Float = 1e-5
    ) -> Tensor {
        let columns = x.columns
        require(
            [weight, bias, running.mean, running.variance].allSatisfy { $0.count == columns },
            "batchNorm: weight \(weight), bias \(bias), running \(running.mean) do not fit \(x)"
        )
        let y = result(x.shape, wantsGradient: x.wantsGradient || weight.wantsGradient || bias.wantsGradient)
        if x.rows == 0 { return y }
        let usesBatch = mode == .training
        let saved = pool.buffer(2 * columns)
        let mean = saved.floats, inverse = saved.floats + columns
        if usesBatch {
            Kernel.columnMoments(x.values, mean: mean, variance: inverse, rows: x.rows, columns: columns)
            if recordsGradients { observe(mean, inverse, rows: x.rows, running) }
        } else {
            mean.update(from: running.mean.values, count: columns)
            inverse.update(from: running.variance.values, count: columns)
        }
        let scale = pool.buffer(columns)
        for c in 0..<columns {
            inverse[c] = 1 / (inverse[c] + epsilon).squareRoot()
            scale.floats[c] = weight.values[c] * inverse[c]
        }
        Kernel.affineRows(
            x.values, mean: mean, scale: scale.floats, shift: bias.values, into: y.values, rows: x.rows,
            columns: columns)
        record(y) { gradient, context in
            let sums = context.pool.buffer(2 * columns)
            let (sum, product) = (sums.floats, sums.floats + columns)
            Kernel.columnProducts(
                dy: gradient, x: x.values, mean: saved.floats, sum: sum, product: product, rows: x.rows,
                columns: columns)
            let inverse = saved.floats + columns
            if let dw = weight.gradientSum(context) {
                for c in 0..<columns { dw[c] += product[c] * inverse[c] }
            }
            if let db = bias.gradientSum(context) { for c in 0..<columns { db[c] += sum[c] } }
            guard let dx = x.gradientTarget(context) else { return }
            // dx = a dy + b (x − mean) + c
            let factors = context.pool.buffer(3 * columns), share = 1 / Float(x.rows)
            for c in 0..<columns {
                let a = weight.values[c] * inverse[c]
                factors.floats[c] = a
                factors.floats[columns + c] =
                    usesBatch ? -a * inverse[c] * inverse[c] * product[c] * share : 0
                factors.floats[2 * columns + c] = usesBatch ? -a * sum[c] * share : 0
            }
            Kernel.affinePair(
                dy: gradient, x: x.values, mean: saved.floats, a: factors.floats, b: factors.floats + columns,
                c: factors.floats + 2 * columns, dx: dx.floats, rows: x.rows, columns: columns, add: dx.add)
        }
        return y
    }

    private func observe(
        _ mean: UnsafePointer<Float>, _ variance: UnsafePointer<Float>, rows: Int,
        _ running: RunningStatistics
    ) {
        guard let means = running.mean.slot?.denseGradient(),
            let variances = running.variance.slot?.denseGradient()
        else { return }
        let unbiased = rows > 1 ? Float(rows) / Float(rows - 1) : 1
        for c in 0..<running.mean.count {
            means[c] += mean[c]
            variances[c] += variance[c] * unbiased
        }
    }
}
