import CKernels

/// Where the outputs of one time step go and their gradients come from: row r at `base + rows[r] * stride`.
package struct StepOutputs {
    /// The first element of row 0.
    package let base: MutableFloats
    /// Floats per row.
    package let stride: Int
    /// The row of each active sample.
    package let rows: Indices

    package init(base: MutableFloats, stride: Int, rows: Indices) {
        self.base = base
        self.stride = stride
        self.rows = rows
    }
}

/// One time step of a recurrent layer on `active` samples of `width` units; the next step keeps the first `keep`.
extension Kernel {
    /// r = σ(iᵣ + hᵣ), z = σ(i_z + h_z), n = tanh(iₙ + r hₙ), h′ = n + z (h − n); `saved`: r, z, n, hₙ.
    package static func gruStep(
        input: Floats, hidden: Floats, state: Floats, next: MutableFloats, keep: Int, outputs: StepOutputs,
        saved: MutableFloats?, active: Int, width: Int
    ) {
        ck_gru_step(
            input, hidden, state, next, keep, outputs.base, outputs.stride, outputs.rows, saved, active, width
        )
    }

    /// The pullback of ``gruStep``; `dState` gets the direct part z dh′, the products add theirs.
    package static func gruStepPullback(
        dOutputs: StepOutputs, carried: Floats, carriedRows: Int, state: Floats, saved: Floats,
        dInput: MutableFloats, dHidden: MutableFloats, dState: MutableFloats, active: Int, width: Int
    ) {
        ck_gru_step_backward(
            dOutputs.base, dOutputs.stride, dOutputs.rows, carried, carriedRows, state, saved, dInput,
            dHidden,
            dState, active, width)
    }

    /// c′ = σ(f) c + σ(i) tanh(g), h′ = σ(o) tanh(c′); gates i, f, g, o; `saved`: they after their functions, tanh c′.
    package static func lstmStep(
        gates: Floats, cell: Floats, nextState: MutableFloats, nextCell: MutableFloats, keep: Int,
        outputs: StepOutputs, saved: MutableFloats?, active: Int, width: Int
    ) {
        ck_lstm_step(
            gates, cell, nextState, nextCell, keep, outputs.base, outputs.stride, outputs.rows, saved, active,
            width)
    }

    /// The pullback of ``lstmStep``.
    package static func lstmStepPullback(
        dOutputs: StepOutputs, carriedState: Floats, carriedCell: Floats, carriedRows: Int, cell: Floats,
        saved: Floats, dGates: MutableFloats, dCell: MutableFloats, active: Int, width: Int
    ) {
        ck_lstm_step_backward(
            dOutputs.base, dOutputs.stride, dOutputs.rows, carriedState, carriedCell, carriedRows, cell,
            saved,
            dGates, dCell, active, width)
    }

    /// h′ = tanh(gates); `saved`: h′.
    package static func elmanStep(
        gates: Floats, next: MutableFloats, keep: Int, outputs: StepOutputs, saved: MutableFloats?,
        active: Int,
        width: Int
    ) {
        ck_elman_step(gates, next, keep, outputs.base, outputs.stride, outputs.rows, saved, active, width)
    }

    /// The pullback of ``elmanStep``.
    package static func elmanStepPullback(
        dOutputs: StepOutputs, carried: Floats, carriedRows: Int, saved: Floats, dGates: MutableFloats,
        active: Int, width: Int
    ) {
        ck_elman_step_backward(
            dOutputs.base, dOutputs.stride, dOutputs.rows, carried, carriedRows, saved, dGates, active, width)
    }
}
