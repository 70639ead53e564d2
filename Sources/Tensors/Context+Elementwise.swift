package import Kernels

/// Elementwise functions with a derivative: relu, gelu, silu, tanh, sigmoid, elu, leaky_relu, softplus.
package typealias Activation = Kernels.Activation

extension Context {
    /// f(x), element by element.
    package func activation(_ x: Tensor, _ function: Activation) -> Tensor {
        let y = result(x.shape, from: x)
        Kernel.activation(function, x.values, y.values, x.count)
        record(y) { gradient, context in
            guard let dx = x.gradientTarget(context) else { return }
            Kernel.activationPullback(
                function, x: x.values, y: y.values, dy: gradient, dx: dx.floats, count: x.count, add: dx.add)
        }
        return y
    }

    /// a + b; equal shapes.
    package func add(_ a: Tensor, _ b: Tensor) -> Tensor { combine(1, a, 1, b, "add") }

    /// a − b; equal shapes.
    package func subtract(_ a: Tensor, _ b: Tensor) -> Tensor { combine(1, a, -1, b, "subtract") }

    /// a b, element by element; equal shapes.
    package func multiply(_ a: Tensor, _ b: Tensor) -> Tensor {
        require(a.shape == b.shape, "multiply: shapes differ, \(a), \(b)")
        let y = result(a.shape, from: a, b)
        Kernel.multiply(a.values, b.values, into: y.values, count: y.count)
        record(y) { gradient, context in
            if let da = a.gradientTarget(context) {
                Kernel.multiply(gradient, b.values, into: da.floats, count: y.count, add: da.add)
            }
            if let db = b.gradientTarget(context) {
                Kernel.multiply(gradient, a.values, into: db.floats, count: y.count, add: db.add)
            }
        }
        return y
    }

    /// factor · x.
    package func scale(_ x: Tensor, _ factor: Float) -> Tensor {
        let y = result(x.shape, from: x)
        Kernel.scale(factor, x.values, into: y.values, count: y.count)
        record(y) { gradient, context in
            guard let dx = x.gradientTarget(context) else { return }
            Kernel.scale(factor, gradient, into: dx.floats, count: y.count, add: dx.add)
        }
        return y
    }

    /// x + v in every row. Shapes: x `[N, D]`, vector `[D]`.
    package func addRow(_ x: Tensor, _ vector: Tensor) -> Tensor {
        require(
            x.columns == vector.count, "addRow: vector \(vector) does not fit rows of \(x)")
        let y = result(x.shape, from: x, vector)
        Kernel.addRow(x.values, vector.values, into: y.values, rows: x.rows, columns: x.columns)
        record(y) { gradient, context in
            if let dx = x.gradientTarget(context) {
                Kernel.scale(1, gradient, into: dx.floats, count: y.count, add: dx.add)
            }
            if let dv = vector.gradientSum(context) {
                Kernel.sumRows(gradient, into: dv, rows: x.rows, columns: x.columns)
            }
        }
        return y
    }

    /// Row n times weight n. Shapes: x `[N, D]`, weights `[N, 1]`.
    package func scaleRows(_ x: Tensor, _ weights: Tensor) -> Tensor {
        require(
            x.rows == weights.count, "scaleRows: \(weights) is not one weight per row of \(x)")
        let y = result(x.shape, from: x, weights)
        Kernel.scaleRows(x.values, weights.values, into: y.values, rows: x.rows, columns: x.columns)
        record(y) { gradient, context in
            if let dx = x.gradientTarget(context) {
                Kernel.scaleRows(
                    gradient, weights.values, into: dx.floats, rows: x.rows, columns: x.columns, add: dx.add)
            }
            if let dw = weights.gradientTarget(context) {
                Kernel.dotRows(
                    gradient, x.values, into: dw.floats, rows: x.rows, columns: x.columns, add: dw.add)
            }
        }
        return y
    }

    /// The rows of x where `valid`, zero rows elsewhere. One entry per row.
    package func keepRows(_ x: Tensor, where valid: [Bool]) -> Tensor {
        require(valid.count == x.rows, "keepRows: \(valid.count) entries for the rows of \(x)")
        if valid.allSatisfy({ $0 }) { return x }
        return scaleRows(x, tensor(valid.map { $0 ? 1 : 0 }, shape: [x.rows, 1]))
    }

    private func combine(_ alpha: Float, _ a: Tensor, _ beta: Float, _ b: Tensor, _ name: String) -> Tensor {
        require(a.shape == b.shape, "\(name): shapes differ, \(a), \(b)")
        let y = result(a.shape, from: a, b)
        Kernel.combine(alpha, a.values, beta, b.values, into: y.values, count: y.count)
        record(y, operation: name) { gradient, context in
            for (input, factor) in [(a, alpha), (b, beta)] {
                guard let target = input.gradientTarget(context) else { continue }
                Kernel.scale(factor, gradient, into: target.floats, count: y.count, add: target.add)
            }
        }
        return y
    }
}
