import Kernels

extension Context {
    /// The selective state-space recurrence of Mamba over ragged sequences.
    ///
    /// h_t = exp(Δ_t ⊙ A) ⊙ h_{t−1} + Δ_t x_t B_t, y_t = C_t · h_t + D ⊙ x_t, per channel d and state n, h before the first
    /// step 0. Shapes: x, delta `[T, D]`; a `[D, N]` (negative values make it stable); b, c `[T, N]`; skip `[D]`; result
    /// `[T, D]`. Source: Gu and Dao 2023, "Mamba: linear-time sequence modeling with selective state spaces", equation 2 with
    /// the discretisation of its section 3.
    package func selectiveScan(
        _ x: Tensor, delta: Tensor, a: Tensor, b: Tensor, c: Tensor, skip: Tensor, _ segments: Segments
    ) -> Tensor {
        require(
            x.rows == segments.total && delta.shape == x.shape && a.rows == x.columns
                && b.rows == x.rows && b.columns == a.columns && c.shape == b.shape
                && skip.count == x.columns,
            "selectiveScan: x \(x), delta \(delta), a \(a), b \(b), c \(c), skip \(skip), \(segments.total) steps"
        )
        let inputs = [x, delta, a, b, c, skip]
        let y = result(x.shape, wantsGradient: inputs.contains { $0.wantsGradient })
        let shape = ScanShape(channels: x.columns, states: a.columns, offsets: segments.offsets)
        let states = pool.buffer(x.rows * shape.width), decays = pool.buffer(x.rows * shape.width)
        Kernel.scanDecays(delta: delta.values, a: a.values, into: decays.floats, shape)
        let values = ScanInputs(
            x: x.values, delta: delta.values, a: a.values, decay: decays.floats, b: b.values, c: c.values,
            skip: skip.values)
        Kernel.scan(values, states: states.floats, into: y.values, shape)
        record(y) { gradient, context in
            // what nobody wants goes to spare memory
            let spare = inputs.map { context.pool.buffer($0.count) }
            let targets = zip(inputs, spare).map { $0.gradientSum(context) ?? $1.floats }
            let carry = context.pool.buffer(shape.width)
            withExtendedLifetime((inputs, decays, spare)) {
                Kernel.scanPullback(
                    values, states: states.floats, dy: gradient,
                    into: ScanGradients(
                        x: targets[0], delta: targets[1], a: targets[2], b: targets[3], c: targets[4],
                        skip: targets[5]), carry: carry.floats, shape)
            }
        }
        return y
    }
}
