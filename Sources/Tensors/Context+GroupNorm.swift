import Kernels

extension Context {
    /// weight (x − mean) / √(variance + ε) + bias, mean and biased variance over a sample's rows and a group's channels.
    ///
    /// Group g of G holds the channels g · C / G ..< (g + 1) · C / G; every sample by itself, in both modes.
    /// Shapes: x and result `[N, C]`, weight and bias `[C]`. The default ε is 1e-5.
    /// Source: Wu and He, Group normalization, ECCV 2018, equations 1, 6, 7. There is no second derivative.
    package func groupNorm(
        _ x: Tensor, _ segments: Segments, groups: Int, _ weight: Tensor, _ bias: Tensor,
        epsilon: Float = 1e-5
    ) -> Tensor {
        checkSegments("groupNorm", x, segments)
        let columns = x.columns
        require(
            groups > 0 && columns % groups == 0 && weight.count == columns && bias.count == columns,
            "groupNorm: weight \(weight), bias \(bias) or \(groups) groups do not fit \(x)")
        let y = result(x.shape, wantsGradient: x.wantsGradient || weight.wantsGradient || bias.wantsGradient)
        let saved = pool.buffer(2 * columns * segments.count), scale = pool.buffer(columns)
        for index in 0..<segments.count where !segments[index].isEmpty {
            let rows = segments[index], first = rows.lowerBound * columns
            let mean = saved.floats + 2 * index * columns, inverse = mean + columns
            Kernel.columnMoments(
                x.values + first, mean: mean, variance: inverse, rows: rows.count, columns: columns)
            unite(mean, inverse, columns, groups, epsilon)
            for c in 0..<columns { scale.floats[c] = weight.values[c] * inverse[c] }
            Kernel.affineRows(
                x.values + first, mean: mean, scale: scale.floats, shift: bias.values, into: y.values + first,
                rows: rows.count, columns: columns)
        }
        record(y) { gradient, context in
            context.pullGroupNorm(x, segments, groups, weight, bias, saved, gradient)
        }
        return y
    }

    /// As ``groupNorm(_:_:groups:_:_:epsilon:)`` for images x `[N, height, width, C]`.
    package func groupNorm(
        images x: Tensor, groups: Int, _ weight: Tensor, _ bias: Tensor, epsilon: Float = 1e-5
    ) -> Tensor {
        let image = checkImages("groupNorm", x)
        let segments = Segments(lengths: Array(repeating: image.count, count: x.shape[0]))
        return groupNorm(x, segments, groups: groups, weight, bias, epsilon: epsilon)
    }

    /// Means and variances of channels to those of their groups, the latter as 1 / √(variance + ε).
    private func unite(
        _ mean: UnsafeMutablePointer<Float>, _ variance: UnsafeMutablePointer<Float>, _ columns: Int,
        _ groups: Int, _ epsilon: Float
    ) {
        let width = columns / groups
        for group in 0..<groups {
            let channels = group * width..<(group + 1) * width
            let middle = channels.reduce(Float(0)) { $0 + mean[$1] } / Float(width)
            let spread = channels.reduce(Float(0)) {
                $0 + variance[$1] + (mean[$1] - middle) * (mean[$1] - middle)
            }
            let inverse = 1 / (spread / Float(width) + epsilon).squareRoot()
            for c in channels {
                mean[c] = middle
                variance[c] = inverse
            }
        }
    }

    private func pullGroupNorm(
        _ x: Tensor, _ segments: Segments, _ groups: Int, _ weight: Tensor, _ bias: Tensor, _ saved: Buffer,
        _ dy: UnsafePointer<Float>
    ) {
        let columns = x.columns, width = columns / groups
        let dx = x.gradientTarget(self), dw = weight.gradientSum(self), db = bias.gradientSum(self)
        let scratch = pool.buffer(5 * columns)
        let sum = scratch.floats, product = sum + columns
        let (a, b, c) = (sum + 2 * columns, sum + 3 * columns, sum + 4 * columns)
        for index in 0..<segments.count where !segments[index].isEmpty {
            let rows = segments[index], first = rows.lowerBound * columns
            let mean = saved.floats + 2 * index * columns, inverse = mean + columns
            Kernel.columnProducts(
                dy: dy + first, x: x.values + first, mean: mean, sum: sum, product: product, rows: rows.count,
                columns: columns)
            if let dw { for c in 0..<columns { dw[c] += product[c] * inverse[c] } }
            if let db { for c in 0..<columns { db[c] += sum[c] } }
            guard let dx else { continue }
            let share = 1 / Float(rows.count * width)
            for group in 0..<groups {
                let channels = group * width..<(group + 1) * width, s = inverse[group * width]
                let total = channels.reduce(Float(0)) { $0 + weight.values[$1] * sum[$1] }
                let along = channels.reduce(Float(0)) { $0 + weight.values[$1] * product[$1] }
                for channel in channels {
                    a[channel] = weight.values[channel] * s
                    b[channel] = -s * s * s * along * share
                    c[channel] = -s * total * share
                }
            }
            Kernel.affinePair(
                dy: dy + first, x: x.values + first, mean: mean, a: a, b: b, c: c, dx: dx.floats + first,
                rows: rows.count, columns: columns, add: dx.add)
        }
    }
}
