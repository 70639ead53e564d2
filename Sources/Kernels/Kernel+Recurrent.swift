import CKernels

/// Where the outputs of one time step go and their gradients come from: row r at `base + rows[r] * stride`; nowhere where
/// `rows[r]` is negative.
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
///
/// What the way back needs takes the place of the gates, and its results that place again; `saved` holds what has no
/// place there, and is nil where nobody goes back.
extension Kernel {
    /// r = σ(iᵣ + hᵣ), z = σ(i_z + h_z), n = tanh(iₙ + r hₙ), h′ = n + z (h − n); `gates`: i, then r, z, n; `saved`: hₙ.
    package static func gruStep(
        gates: MutableFloats, hidden: Floats, state: Floats, next: MutableFloats, keep: Int,
        outputs: StepOutputs, saved: MutableFloats?, active: Int, width: Int
    ) {
        ck_gru_step(
            gates, hidden, state, next, keep, outputs.base, outputs.stride, outputs.rows, saved, active,
            width)
    }

    /// The pullback of ``gruStep``: `gates` get the gradients by i, which are those by hᵣ and h_z too, `saved` that by hₙ;
    /// `dState` gets the direct part z dh′, the products add theirs.
    package static func gruStepPullback(
        dOutputs: StepOutputs, carried: Floats, carriedRows: Int, state: Floats, gates: MutableFloats,
        saved: MutableFloats, dState: MutableFloats, active: Int, width: Int
    ) {
        ck_gru_step_backward(
            dOutputs.base, dOutputs.stride, dOutputs.rows, carried, carriedRows, state, gates, saved, dState,
            active, width)
    }

    /// c′ = σ(f) c + σ(i) tanh(g), h′ = σ(o) tanh(c′); `gates`: i, f, g, o, then they after their functions; `saved`: tanh c′.
    package static func lstmStep(
        gates: MutableFloats, cell: Floats, nextState: MutableFloats, nextCell: MutableFloats, keep: Int,
        outputs: StepOutputs, saved: MutableFloats?, active: Int, width: Int
    ) {
        ck_lstm_step(
            gates, cell, nextState, nextCell, keep, outputs.base, outputs.stride, outputs.rows, saved, active,
            width)
    }

    /// The pullback of ``lstmStep``: `gates` get their gradients.
    package static func lstmStepPullback(
        dOutputs: StepOutputs, carriedState: Floats, carriedCell: Floats, carriedRows: Int, cell: Floats,
        saved: Floats, gates: MutableFloats, dCell: MutableFloats, active: Int, width: Int
    ) {
        ck_lstm_step_backward(
            dOutputs.base, dOutputs.stride, dOutputs.rows, carriedState, carriedCell, carriedRows, cell,
            saved, gates, dCell, active, width)
    }

    /// h′ = tanh(gates), which takes their place with `saves`.
    package static func elmanStep(
        gates: MutableFloats, next: MutableFloats, keep: Int, outputs: StepOutputs, saves: Bool, active: Int,
        width: Int
    ) {
        ck_elman_step(
            gates, next, keep, outputs.base, outputs.stride, outputs.rows, saves ? 1 : 0, active, width)
    }

    /// The pullback of ``elmanStep``: `gates` get their gradients.
    package static func elmanStepPullback(
        dOutputs: StepOutputs, carried: Floats, carriedRows: Int, gates: MutableFloats, active: Int,
        width: Int
    ) {
        ck_elman_step_backward(
            dOutputs.base, dOutputs.stride, dOutputs.rows, carried, carriedRows, gates, active, width)
    }
}
