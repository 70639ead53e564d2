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

/// The rows of one time step, one per active sample: gates, and behind them what the way back needs and has no place among
/// them; states before the step, with the cells of LSTM elsewhere but equally far apart.
package struct StepRows {
    /// The first row of gates, and the floats between rows.
    package let gates: MutableFloats, gateStride: Int
    /// The first state, and the floats between rows.
    package let states: MutableFloats, stateStride: Int
    /// The number of rows.
    package let count: Int

    /// `count` rows.
    package init(
        gates: MutableFloats, gateStride: Int, states: MutableFloats, stateStride: Int, count: Int
    ) {
        self.gates = gates
        self.gateStride = gateStride
        self.states = states
        self.stateStride = stateStride
        self.count = count
    }

    /// The next step's states stand behind these.
    package var nextStates: MutableFloats { states + count * stateStride }
}

/// One time step of a recurrent layer of `width` units; the next step keeps the first `keep` rows.
///
/// What the way back needs takes the place of the gates (with `saves`), and its results that place again.
extension Kernel {
    /// r = σ(iᵣ + hᵣ), z = σ(i_z + h_z), n = tanh(iₙ + r hₙ), h′ = n + z (h − n); gates: i, then r, z, n, hₙ.
    package static func gruStep(
        _ rows: StepRows, hidden: Floats, keep: Int, outputs: StepOutputs, saves: Bool, width: Int
    ) {
        ck_gru_step(
            rows.gates, rows.gateStride, hidden, rows.states, rows.nextStates, rows.stateStride, keep,
            outputs.base, outputs.stride, outputs.rows, saves ? 1 : 0, rows.count, width)
    }

    /// The pullback of ``gruStep``: gates get the gradients by iᵣ, i_z, iₙ, hₙ; those by hᵣ and h_z are the first two.
    ///
    /// `dState` gets the direct part z dh′, the products add theirs.
    package static func gruStepPullback(
        _ rows: StepRows, dOutputs: StepOutputs, carried: Floats, carriedRows: Int, dState: MutableFloats,
        width: Int
    ) {
        ck_gru_step_backward(
            dOutputs.base, dOutputs.stride, dOutputs.rows, carried, carriedRows, rows.states,
            rows.stateStride, rows.gates, rows.gateStride, dState, rows.count, width)
    }

    /// c′ = σ(f) c + σ(i) tanh(g), h′ = σ(o) tanh(c′); gates: i, f, g, o, then they after their functions and tanh c′.
    ///
    /// The cells stand `cells` floats behind the states.
    package static func lstmStep(
        _ rows: StepRows, cells: Int, keep: Int, outputs: StepOutputs, saves: Bool, width: Int
    ) {
        ck_lstm_step(
            rows.gates, rows.gateStride, rows.states + cells, rows.nextStates, rows.nextStates + cells,
            rows.stateStride, keep, outputs.base, outputs.stride, outputs.rows, saves ? 1 : 0, rows.count,
            width)
    }

    /// The pullback of ``lstmStep``: gates get their gradients.
    package static func lstmStepPullback(
        _ rows: StepRows, cells: Int, dOutputs: StepOutputs, carriedState: Floats, carriedCell: Floats,
        carriedRows: Int, dCell: MutableFloats, width: Int
    ) {
        ck_lstm_step_backward(
            dOutputs.base, dOutputs.stride, dOutputs.rows, carriedState, carriedCell, carriedRows,
            rows.states + cells, rows.stateStride, rows.gates, rows.gateStride, dCell, rows.count, width)
    }

    /// h′ = tanh(gates), which takes their place with `saves`.
    package static func elmanStep(
        _ rows: StepRows, keep: Int, outputs: StepOutputs, saves: Bool, width: Int
    ) {
        ck_elman_step(
            rows.gates, rows.gateStride, rows.nextStates, rows.stateStride, keep, outputs.base,
            outputs.stride, outputs.rows, saves ? 1 : 0, rows.count, width)
    }

    /// The pullback of ``elmanStep``: gates get their gradients.
    package static func elmanStepPullback(
        _ rows: StepRows, dOutputs: StepOutputs, carried: Floats, carriedRows: Int, width: Int
    ) {
        ck_elman_step_backward(
            dOutputs.base, dOutputs.stride, dOutputs.rows, carried, carriedRows, rows.gates, rows.gateStride,
            rows.count, width)
    }
}
