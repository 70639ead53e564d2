import Kernels

extension Context {
    /// The sum of all values, `[1]`.
    package func sum(_ x: Tensor) -> Tensor { weightedTotal(x, 1) }

    /// The mean of all values, `[1]`.
    package func mean(_ x: Tensor) -> Tensor { weightedTotal(x, 1 / Float(max(x.count, 1))) }

    /// The sum of every row. Shapes: x `[N, D]`, result `[N, 1]`.
    package func rowSum(_ x: Tensor) -> Tensor { rowTotal(x, 1) }

    /// The mean of every row. Shapes: x `[N, D]`, result `[N, 1]`.
    package func rowMean(_ x: Tensor) -> Tensor { rowTotal(x, 1 / Float(max(x.columns, 1))) }

    /// factor · Σ of every row.
    private func rowTotal(_ x: Tensor, _ factor: Float, _ operation: String = #function) -> Tensor {
        let y = result([x.rows, 1], from: x)
        for row in 0..<x.rows {
            y.values[row] = factor * Kernel.sum(x.values + row * x.columns, count: x.columns)
        }
        record(y, operation: operation) { gradient, context in
            guard let dx = x.gradientTarget(context) else { return }
            Kernel.spreadRows(
                gradient, factor: factor, into: dx.floats, rows: x.rows, columns: x.columns, add: dx.add)
        }
        return y
    }

    private func weightedTotal(_ x: Tensor, _ factor: Float, _ operation: String = #function) -> Tensor {
        let y = result([1], from: x)
        y.values[0] = factor * Kernel.sum(x.values, count: x.count)
        record(y, operation: operation) { gradient, context in
            guard let dx = x.gradientTarget(context) else { return }
            Kernel.spreadRows(
                gradient, factor: factor, into: dx.floats, rows: 1, columns: x.count, add: dx.add)
        }
        return y
    }
}
