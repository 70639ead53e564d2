import Kernels

extension Context {
    /// eˣ, element by element.
    package func exp(_ x: Tensor) -> Tensor {
        let y = result(x.shape, from: x)
        Kernel.exp(x.values, y.values, x.count)
        record(y) { gradient, context in
            guard let dx = x.gradientTarget(context) else { return }
            Kernel.multiply(gradient, y.values, into: dx.floats, count: y.count, add: dx.add)
        }
        return y
    }

    /// ln x, element by element: −∞ at 0, NaN below.
    package func log(_ x: Tensor) -> Tensor {
        let y = result(x.shape, from: x)
        Kernel.log(x.values, y.values, x.count)
        record(y) { gradient, context in
            guard let dx = x.gradientTarget(context) else { return }
            Kernel.divide(gradient, x.values, into: dx.floats, count: y.count, add: dx.add)
        }
        return y
    }

    /// √x, element by element: NaN below 0; its derivative at 0 is infinite.
    package func squareRoot(_ x: Tensor) -> Tensor {
        let y = result(x.shape, from: x)
        Kernel.squareRoot(x.values, into: y.values, count: x.count)
        record(y) { gradient, context in
            guard let dx = x.gradientTarget(context) else { return }
            let half = context.pool.buffer(y.count)
            Kernel.scale(0.5, gradient, into: half.floats, count: y.count)
            Kernel.divide(half.floats, y.values, into: dx.floats, count: y.count, add: dx.add)
        }
        return y
    }

    /// a / b, element by element; equal shapes.
    package func divide(_ a: Tensor, _ b: Tensor) -> Tensor {
        require(a.shape == b.shape, "divide: shapes differ, \(a), \(b)")
        let y = result(a.shape, from: a, b)
        Kernel.divide(a.values, b.values, into: y.values, count: y.count)
        record(y) { gradient, context in
            let share = context.pool.buffer(y.count)
            Kernel.divide(gradient, b.values, into: share.floats, count: y.count)
            if let da = a.gradientTarget(context) {
                Kernel.scale(1, share.floats, into: da.floats, count: y.count, add: da.add)
            }
            if let db = b.gradientTarget(context) {
                Kernel.scale(-1, share.floats, into: share.floats, count: y.count)
                Kernel.multiply(share.floats, y.values, into: db.floats, count: y.count, add: db.add)
            }
        }
        return y
    }
}
