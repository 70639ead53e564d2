import Kernels

extension Context {
    /// The sum of all values, `[1]`.
    package func sum(_ x: Tensor) -> Tensor { weightedTotal(x, 1) }

    /// The mean of all values, `[1]`.
    package func mean(_ x: Tensor) -> Tensor { weightedTotal(x, 1 / Float(max(x.count, 1))) }

    private func weightedTotal(_ x: Tensor, _ factor: Float) -> Tensor {
        let y = result([1], from: x)
        y.values[0] = factor * Kernel.sum(x.values, count: x.count)
        record(y) { gradient, context in
            guard let dx = x.gradientTarget(context) else { return }
            let value = factor * gradient[0]
            for i in 0..<x.count { dx.floats[i] = dx.add ? dx.floats[i] + value : value }
        }
        return y
    }
}
