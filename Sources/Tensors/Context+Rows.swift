import Kernels

extension Context {
    /// weight (x − mean) / √(variance + ε) + bias over the last axis; biased variance. The default ε is 1e-5.
    package func layerNorm(_ x: Tensor, _ weight: Tensor, _ bias: Tensor, epsilon: Float = 1e-5) -> Tensor {
        require(
            weight.count == x.columns && bias.count == x.columns,
            "layerNorm: weight \(weight), bias \(bias) do not fit \(x)")
        let y = result(x.shape, wantsGradient: x.wantsGradient || weight.wantsGradient || bias.wantsGradient)
        let statistics = pool.buffer(2 * x.rows)
        Kernel.layerNorm(
            x.values, weight: weight.values, bias: bias.values, epsilon: epsilon, into: y.values,
            statistics: statistics.floats, rows: x.rows, columns: x.columns)
        record(y) { gradient, context in
            let dx = x.gradientTarget(context)
            // frozen weights still need a place for what nobody wants
            let spare = context.pool.buffer(x.columns)
            Kernel.layerNormPullback(
                x: x.values, weight: weight.values, statistics: statistics.floats, dy: gradient,
                dx: dx?.floats,
                dWeight: weight.gradientSum(context) ?? spare.floats,
                dBias: bias.gradientSum(context) ?? spare.floats, rows: x.rows, columns: x.columns,
                add: dx?.add ?? false)
        }
        return y
    }

    /// x side by side with the other tensors: along the last axis.
    package func concatenate(_ parts: [Tensor]) -> Tensor {
        guard let first = parts.first else { refuse("concatenate: nothing to concatenate") }
        require(
            parts.allSatisfy { $0.rows == first.rows }, "concatenate: rows differ, \(parts)")
        if parts.count == 1 { return first }
        let width = parts.reduce(0) { $0 + $1.columns }
        let y = result(
            Array(first.shape.dropLast()) + [width], wantsGradient: parts.contains { $0.wantsGradient })
        var column = 0
        for part in parts {
            copyColumns(part.values, part.columns, 0, y.values, width, column, part.columns, part.rows)
            column += part.columns
        }
        record(y) { gradient, context in
            var column = 0
            for part in parts {
                if let target = part.gradientTarget(context) {
                    addColumns(
                        gradient + column, width, target.floats, part.columns, part.columns, part.rows,
                        target.add)
                }
                column += part.columns
            }
        }
        return y
    }

    /// The columns `range` of the last axis.
    package func columns(_ x: Tensor, _ range: Range<Int>) -> Tensor {
        require(
            range.lowerBound >= 0 && range.upperBound <= x.columns, "columns: \(range) is outside \(x)")
        let y = result(Array(x.shape.dropLast()) + [range.count], from: x)
        copyColumns(x.values, x.columns, range.lowerBound, y.values, range.count, 0, range.count, x.rows)
        record(y) { gradient, context in
            guard let dx = x.gradientSum(context) else { return }
            addColumns(gradient, range.count, dx + range.lowerBound, x.columns, range.count, x.rows, true)
        }
        return y
    }

    /// x kept with probability 1 − p and divided by it, else 0; the identity in evaluation.
    ///
    /// Element i of the n-th dropout of this context depends on the context's randomness, n and i alone.
    package func dropout(_ x: Tensor, _ probability: Float) -> Tensor {
        require(probability >= 0 && probability <= 1, "dropout: \(probability) is no probability")
        guard mode == .training, probability > 0 else { return x }
        if probability == 1 { return scale(x, 0) }
        let y = result(x.shape, from: x)
        let kept = pool.buffer((x.count + 3) / 4)
        let flags = UnsafeMutableRawPointer(kept.floats).assumingMemoryBound(to: UInt8.self)
        Kernel.dropout(
            nextDropout(), probability: probability, x.values, into: y.values, kept: flags, count: x.count)
        record(y) { gradient, context in
            guard let dx = x.gradientTarget(context) else { return }
            let flags = UnsafeRawPointer(kept.floats).assumingMemoryBound(to: UInt8.self)
            Kernel.dropoutPullback(
                factor: 1 / (1 - probability), kept: flags, dy: gradient, dx: dx.floats, count: x.count,
                add: dx.add)
        }
        return y
    }
}

private func copyColumns(
    _ source: UnsafePointer<Float>, _ sourceStride: Int, _ sourceColumn: Int,
    _ target: UnsafeMutablePointer<Float>, _ targetStride: Int, _ targetColumn: Int, _ width: Int, _ rows: Int
) {
    for row in 0..<rows {
        (target + row * targetStride + targetColumn).update(
            from: source + row * sourceStride + sourceColumn, count: width)
    }
}

private func addColumns(
    _ source: UnsafePointer<Float>, _ sourceStride: Int, _ target: UnsafeMutablePointer<Float>,
    _ targetStride: Int, _ width: Int, _ rows: Int, _ add: Bool
) {
    for row in 0..<rows {
        Kernel.scale(
            1, source + row * sourceStride, into: target + row * targetStride, count: width, add: add)
    }
}
