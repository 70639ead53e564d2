import Kernels

extension Context {
    /// y = x Wᵀ + b. Shapes: x `[N, D]`, weight `[H, D]`, bias `[H]`, result `[N, H]` (other leading axes are kept).
    package func linear(_ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil) -> Tensor {
        require(
            x.columns == weight.columns,
            "linear: inner dimensions differ, x \(x), weight \(weight)")
        require(
            bias.map { $0.count == weight.rows } ?? true,
            "linear: bias \(named(bias)) does not fit weight \(weight)")
        let shape = Array(x.shape.dropLast()) + [weight.rows]
        let wanted = x.wantsGradient || weight.wantsGradient || bias?.wantsGradient == true
        let y = result(shape, wantsGradient: wanted)
        Kernel.multiply(x.view, weight.view.transposed, into: y.values, bias: bias?.values, mode: products)
        record(y) { gradient, context in
            let dy = MatrixView(gradient, rows: y.rows, columns: y.columns)
            if let dx = x.gradientTarget(context) {
                Kernel.multiply(dy, weight.view, into: dx.floats, add: dx.add, mode: .fast)
            }
            if let dw = weight.gradientTarget(context) {
                Kernel.multiply(dy.transposed, x.view, into: dw.floats, add: dw.add, mode: .fast)
            }
            if let db = bias?.gradientSum(context) {
                Kernel.sumRows(gradient, into: db, rows: y.rows, columns: y.columns)
            }
        }
        return y
    }

    /// op(a) op(b), op transposing where asked. Both are matrices.
    package func matmul(
        _ a: Tensor, _ b: Tensor, transposeA: Bool = false, transposeB: Bool = false
    ) -> Tensor {
        let left = transposeA ? a.view.transposed : a.view
        let right = transposeB ? b.view.transposed : b.view
        require(
            left.columns == right.rows,
            "matmul: inner dimensions differ, a \(a)\(transposeA ? "ᵀ" : ""), b \(b)\(transposeB ? "ᵀ" : "")"
        )
        let y = result([left.rows, right.columns], from: a, b)
        Kernel.multiply(left, right, into: y.values, mode: products)
        record(y) { gradient, context in
            let dy = MatrixView(gradient, rows: y.rows, columns: y.columns)
            if let da = a.gradientTarget(context) {
                if transposeA {
                    Kernel.multiply(right, dy.transposed, into: da.floats, add: da.add, mode: .fast)
                } else {
                    Kernel.multiply(dy, right.transposed, into: da.floats, add: da.add, mode: .fast)
                }
            }
            if let db = b.gradientTarget(context) {
                if transposeB {
                    Kernel.multiply(dy.transposed, left, into: db.floats, add: db.add, mode: .fast)
                } else {
                    Kernel.multiply(left.transposed, dy, into: db.floats, add: db.add, mode: .fast)
                }
            }
        }
        return y
    }
}
