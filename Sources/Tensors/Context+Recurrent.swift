import Kernels

/// The cells of recurrent layers; raw values are PyTorch's names.
package enum RecurrentCell: String, CaseIterable, Codable, Sendable {
    /// h′ = tanh(W x + b + U h + c). Source: Elman, Finding structure in time, 1990.
    case elman = "RNN"
    /// r = σ(Wx+b+Uh+c), z likewise, n = tanh(Wₙx+bₙ + r (Uₙh+cₙ)), h′ = (1−z) n + z h. Source: Cho et al., EMNLP 2014.
    case gru = "GRU"
    /// c′ = σ(f) c + σ(i) tanh(g), h′ = σ(o) tanh(c′). Source: Hochreiter and Schmidhuber, 1997.
    case lstm = "LSTM"

    /// Blocks of H rows in the weights: GRU r, z, n; LSTM i, f, g, o.
    package var gates: Int {
        switch self {
        case .elman: return 1
        case .gru: return 3
        case .lstm: return 4
        }
    }

    /// Values per unit and step that the way back needs and that have no place among the gates.
    fileprivate var saved: Int { self == .elman ? 0 : 1 }
}

/// The parameters of one direction of a recurrent layer, in PyTorch's orientation.
package struct RecurrentWeights {
    /// `[gates · H, D]`
    package let input: Tensor
    /// `[gates · H, H]`
    package let hidden: Tensor
    /// `[gates · H]`
    package let inputBias: Tensor
    /// `[gates · H]`
    package let hiddenBias: Tensor
    /// Runs from every sample's last step to its first.
    package let reversed: Bool

    package init(input: Tensor, hidden: Tensor, inputBias: Tensor, hiddenBias: Tensor, reversed: Bool) {
        self.input = input
        self.hidden = hidden
        self.inputBias = inputBias
        self.hiddenBias = hiddenBias
        self.reversed = reversed
    }
}

extension Context {
    /// One layer of a recurrent net over every segment, from a zero state; one or two directions side by side.
    ///
    /// Shapes: x `[N, D]`, result `[N, directions · H]`, the state after each step in the order of x; with `onlyFinal`
    /// `[B, directions · H]`, the state at the end of each direction's way, zero for an empty segment. The input part of all
    /// gates is one product over all steps, as are the gradients of the weights; at every time only the samples
    /// that still have a step are computed.
    package func recurrent(
        _ cell: RecurrentCell, _ x: Tensor, _ segments: Segments, _ directions: [RecurrentWeights],
        onlyFinal: Bool = false
    ) -> Tensor {
        guard let width = directions.first?.hidden.columns else {
            refuse("recurrent: no direction")
        }
        checkSegments("recurrent", x, segments)
        for weights in directions {
            let gates = cell.gates * width
            require(
                weights.input.shape == [gates, x.columns],
                "recurrent: weight \(weights.input) does not fit x \(x)")
            require(
                weights.hidden.shape == [gates, width] && weights.inputBias.count == gates
                    && weights.hiddenBias.count == gates,
                "recurrent: hidden weight \(weights.hidden), biases \(weights.inputBias), "
                    + "\(weights.hiddenBias) do not fit input weight \(weights.input)")
        }
        let wanted = x.wantsGradient || directions.contains { $0.input.wantsGradient }
        let rows = onlyFinal ? segments.count : x.rows
        let y = result([rows, directions.count * width], wantsGradient: wanted)
        if onlyFinal && (0..<rows).contains(where: { segments[$0].isEmpty }) {
            y.values.update(repeating: 0, count: y.count)
        }
        let runs = directions.enumerated().map { index, weights in
            RecurrentRun(
                cell: cell, x: x, plan: StepPlan(segments, reversed: weights.reversed), weights: weights,
                outputColumn: index * width, outputStride: y.columns, onlyFinal: onlyFinal)
        }
        let traces = runs.map { $0.forward(into: y.values, self, keepsTrace: y.wantsGradient) }
        record(y) { gradient, context in
            for (run, trace) in zip(runs, traces) { run.backward(gradient, trace, context) }
        }
        return y
    }
}

/// One direction of one layer on one batch.
private struct RecurrentRun {
    /// What the way back needs, all in packed order.
    struct Trace {
        let x: Buffer
        /// The states before each step `[N, H]`; for LSTM the cells follow behind them.
        let states: Buffer
        /// The gates after their functions; their gradients take this place.
        let gates: Buffer
        /// GRU: the hidden part of the candidate, then its gradient; LSTM: tanh of the cell.
        let saved: Buffer?
    }

    let cell: RecurrentCell
    let x: Tensor
    let plan: StepPlan
    let weights: RecurrentWeights
    let outputColumn: Int
    let outputStride: Int
    let onlyFinal: Bool

    private var width: Int { weights.hidden.columns }
    private var gates: Int { cell.gates * width }
    private var steps: Int { plan.rows.count }
    private var outputRows: [Int32] { onlyFinal ? plan.ends : plan.rows }

    func forward(into y: UnsafeMutablePointer<Float>, _ context: Context, keepsTrace: Bool) -> Trace {
        let packed = context.pool.buffer(steps * x.columns)
        Kernel.gatherRows(
            x.values, stride: x.columns, rows: plan.rows, into: packed.floats, outputStride: x.columns,
            count: steps, columns: x.columns)
        let input = context.pool.buffer(steps * gates)
        Kernel.multiply(
            MatrixView(packed.floats, rows: steps, columns: x.columns), weights.input.view.transposed,
            into: input.floats, bias: weights.inputBias.values, mode: context.products)
        let states = context.pool.buffer(steps * width * (cell == .lstm ? 2 : 1))
        let saved = keepsTrace ? context.pool.buffer(steps * width * cell.saved) : nil
        for index in 0..<2 where index == 0 || cell == .lstm {
            (states.floats + index * steps * width).update(repeating: 0, count: plan.active(0) * width)
        }
        let hidden = context.pool.buffer(cell == .gru ? plan.active(0) * gates : 0)
        // few rows times a matrix that is read in place: quicker than a transposed one that is copied at every step
        let recurrent = context.pool.buffer(gates * width)
        Kernel.transpose(weights.hidden.values, into: recurrent.floats, rows: gates, columns: width)
        let matrix = MatrixView(recurrent.floats, rows: width, columns: gates)
        outputRows.withUnsafeBufferPointer { rows in
            guard let rows = rows.baseAddress else { return }
            for time in 0..<plan.times {
                let outputs = StepOutputs(
                    base: y + outputColumn, stride: outputStride, rows: rows + plan.starts[time])
                step(
                    time, input.floats, hidden.floats, states.floats, saved?.floats, matrix, outputs,
                    context.products
                )
            }
        }
        return Trace(x: packed, states: states, gates: input, saved: saved)
    }

    private func step(
        _ time: Int, _ input: MutableFloats, _ hidden: MutableFloats, _ states: MutableFloats,
        _ saved: MutableFloats?, _ recurrent: MatrixView, _ outputs: StepOutputs, _ mode: ProductMode
    ) {
        let start = plan.starts[time], active = plan.active(time), keep = plan.active(time + 1)
        let gate = input + start * gates, state = states + start * width
        let next = states + plan.starts[time + 1] * width
        let trace = saved.map { $0 + start * width * cell.saved }
        let before = MatrixView(state, rows: active, columns: width), bias = weights.hiddenBias.values
        switch cell {
        case .gru:
            if time > 0 {
                Kernel.multiply(before, recurrent, into: hidden, bias: bias, mode: mode)
            } else {
                // the first state is zero
                for row in 0..<active {
                    (hidden + row * gates).update(from: bias, count: gates)
                }
            }
            Kernel.gruStep(
                gates: gate, hidden: hidden, state: state, next: next, keep: keep, outputs: outputs,
                saved: trace, active: active, width: width)
        case .lstm:
            addHidden(time, before, recurrent, to: gate, mode)
            let cells = steps * width
            Kernel.lstmStep(
                gates: gate, cell: state + cells, nextState: next, nextCell: next + cells, keep: keep,
                outputs: outputs, saved: trace, active: active, width: width)
        case .elman:
            addHidden(time, before, recurrent, to: gate, mode)
            Kernel.elmanStep(
                gates: gate, next: next, keep: keep, outputs: outputs, saves: trace != nil, active: active,
                width: width)
        }
    }

    /// Adds bias and product of the hidden part to the gates; the first state is zero.
    private func addHidden(
        _ time: Int, _ before: MatrixView, _ recurrent: MatrixView, to gate: MutableFloats,
        _ mode: ProductMode
    ) {
        let bias = weights.hiddenBias.values
        if time > 0 {
            Kernel.multiply(before, recurrent, into: gate, bias: bias, add: true, mode: mode)
        } else {
            Kernel.addRow(gate, bias, into: gate, rows: before.rows, columns: gates)
        }
    }

    func backward(_ gradient: UnsafePointer<Float>, _ trace: Trace, _ context: Context) {
        let pool = context.pool
        guard let saved = trace.saved, steps > 0 else { return }
        let size = plan.active(0) * width
        let carried = [pool.buffer(size), pool.buffer(size)]
        let carriedCells = cell == .lstm ? [pool.buffer(size), pool.buffer(size)] : carried
        outputRows.withUnsafeBufferPointer { rows in
            guard let rows = rows.baseAddress else { return }
            for time in (0..<plan.times).reversed() {
                let outputs = StepOutputs(
                    base: UnsafeMutablePointer(mutating: gradient) + outputColumn, stride: outputStride,
                    rows: rows + plan.starts[time])
                let from = (time + 1) % 2, to = time % 2
                stepBack(
                    time, outputs, trace.states.floats, trace.gates.floats, saved.floats,
                    carried: (carried[from].floats, carriedCells[from].floats),
                    passed: (carried[to].floats, carriedCells[to].floats))
            }
        }
        gradients(trace, saved.floats, context)
    }

    private func stepBack(
        _ time: Int, _ outputs: StepOutputs, _ states: MutableFloats, _ gradients: MutableFloats,
        _ saved: MutableFloats, carried: (state: MutableFloats, cell: MutableFloats),
        passed: (state: MutableFloats, cell: MutableFloats)
    ) {
        let start = plan.starts[time], active = plan.active(time), following = plan.active(time + 1)
        let state = states + start * width, trace = saved + start * width * cell.saved
        let gate = gradients + start * gates
        switch cell {
        case .gru:
            Kernel.gruStepPullback(
                dOutputs: outputs, carried: carried.state, carriedRows: following, state: state, gates: gate,
                saved: trace, dState: passed.state, active: active, width: width)
        case .lstm:
            Kernel.lstmStepPullback(
                dOutputs: outputs, carriedState: carried.state, carriedCell: carried.cell,
                carriedRows: following, cell: state + steps * width, saved: trace, gates: gate,
                dCell: passed.cell, active: active, width: width)
        case .elman:
            Kernel.elmanStepPullback(
                dOutputs: outputs, carried: carried.state, carriedRows: following, gates: gate,
                active: active, width: width)
        }
        guard time > 0 else { return }
        for part in hiddenParts(gate, trace, rows: active) {
            let rows = MatrixView(
                weights.hidden.values + part.from * width, rows: part.gradients.columns, columns: width)
            Kernel.multiply(
                part.gradients, rows, into: passed.state, add: cell == .gru || part.from > 0, mode: .fast)
        }
    }

    /// The gradients by the hidden part of the gates, beginning with gate column `from`: those by the input's, but for the
    /// candidate of a GRU.
    private func hiddenParts(
        _ gate: MutableFloats, _ saved: MutableFloats, rows: Int
    ) -> [(gradients: MatrixView, from: Int)] {
        let shared = cell == .gru ? 2 * width : gates
        let parts = [(MatrixView(gate, rows: rows, columns: shared, stride: gates), 0)]
        return cell == .gru ? parts + [(MatrixView(saved, rows: rows, columns: width), shared)] : parts
    }

    /// The gradients of weights, biases and inputs, each in one product over all steps.
    private func gradients(_ trace: Trace, _ saved: MutableFloats, _ context: Context) {
        let input = MatrixView(trace.gates.floats, rows: steps, columns: gates)
        if let dw = weights.input.gradientTarget(context) {
            let packed = MatrixView(trace.x.floats, rows: steps, columns: x.columns)
            Kernel.multiply(input.transposed, packed, into: dw.floats, add: dw.add, mode: .fast)
        }
        if let dw = weights.hidden.gradientSum(context) {
            // the states before the first step are zero
            let first = plan.active(0), later = steps - first
            let states = MatrixView(trace.states.floats + first * width, rows: later, columns: width)
            let parts = hiddenParts(
                trace.gates.floats + first * gates, saved + first * width * cell.saved, rows: later)
            for part in parts where later > 0 {
                Kernel.multiply(
                    part.gradients.transposed, states, into: dw + part.from * width, add: true, mode: .fast)
            }
        }
        biasGradients(trace, saved, context)
        guard let dx = x.gradientTarget(context) else { return }
        let packed = context.pool.buffer(steps * x.columns)
        Kernel.multiply(input, weights.input.view, into: packed.floats, mode: .fast)
        if dx.add {
            Kernel.scatterAddRows(
                packed.floats, stride: x.columns, rows: plan.rows, into: dx.floats, outputStride: x.columns,
                count: steps, columns: x.columns)
        } else {
            Kernel.gatherRows(
                packed.floats, stride: x.columns, rows: plan.places, into: dx.floats,
                outputStride: x.columns, count: steps, columns: x.columns)
        }
    }

    private func biasGradients(_ trace: Trace, _ saved: MutableFloats, _ context: Context) {
        let sums = context.pool.buffer(gates)
        sums.floats.update(repeating: 0, count: gates)
        Kernel.sumRows(trace.gates.floats, into: sums.floats, rows: steps, columns: gates)
        let (first, second) = (
            weights.inputBias.gradientSum(context), weights.hiddenBias.gradientSum(context)
        )
        let shared = cell == .gru ? 2 * width : gates
        if let first { Kernel.scale(1, sums.floats, into: first, count: gates, add: true) }
        guard let db = second else { return }
        Kernel.scale(1, sums.floats, into: db, count: shared, add: true)
        if cell == .gru { Kernel.sumRows(saved, into: db + shared, rows: steps, columns: width) }
    }
}
