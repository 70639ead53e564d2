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

    /// Values per unit and step of the gates and of what the way back needs beside them.
    fileprivate var kept: Int { self == .elman ? 1 : gates + 1 }
    /// Which of a row's blocks of H values are gradients by the hidden part of the gates; the first ``gates`` are those by the
    /// input's part.
    fileprivate var hiddenBlocks: [Int] { self == .gru ? [0, 1, 3] : Array(0..<gates) }
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
///
/// Blocks of consecutive times are worked on together, from the product with the inputs to the states and from the states'
/// gradients to those of weights and inputs, while their rows are in the cache.
private struct RecurrentRun {
    /// What the way back needs, all in packed order.
    struct Trace {
        let x: Buffer
        /// The states before each step `[N, H]`; for LSTM the cells follow behind them.
        let states: Buffer
        /// The gates after their functions and what else the way back needs; their gradients take this place.
        let gates: Buffer
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
    /// Floats between rows of gates, states and packed inputs.
    private var gateStride: Int { Kernel.spreadStride(cell.kept * width) }
    private var stateStride: Int { Kernel.spreadStride(width) }
    private var inputStride: Int { Kernel.spreadStride(x.columns) }
    private var steps: Int { plan.rows.count }
    private var outputRows: [Int32] { onlyFinal ? plan.ends : plan.rows }

    func forward(into y: UnsafeMutablePointer<Float>, _ context: Context, keepsTrace: Bool) -> Trace {
        let pool = context.pool, blocks = plan.blocks
        let rows = keepsTrace ? steps : blocks.map { plan.packedRows(of: $0).count }.max() ?? 0
        let trace = Trace(
            x: pool.buffer(rows * inputStride),
            states: pool.buffer(steps * stateStride * (cell == .lstm ? 2 : 1)),
            gates: pool.buffer(rows * gateStride))
        for index in 0..<2 where index == 0 || cell == .lstm {
            (trace.states.floats + index * steps * stateStride).update(
                repeating: 0, count: plan.active(0) * stateStride)
        }
        let hidden = pool.buffer(cell == .gru ? plan.active(0) * gates : 0)
        let input = context.packed(weights.input, isTransposed: true)
        let recurrent = context.packed(weights.hidden, isTransposed: true)
        outputRows.withUnsafeBufferPointer { outputRows in
            guard let outputRows = outputRows.baseAddress else { return }
            for block in blocks {
                let rows = plan.packedRows(of: block)
                let place = keepsTrace ? rows.lowerBound : 0
                let gate = trace.gates.floats + place * gateStride
                Kernel.multiply(
                    gather(rows, into: trace.x.floats + place * inputStride), input.panels, into: gate,
                    stride: gateStride, bias: weights.inputBias.values)
                for time in block {
                    let first = plan.starts[time]
                    step(
                        time, stepRows(time, gate - rows.lowerBound * gateStride, trace.states.floats),
                        hidden.floats, recurrent.panels,
                        StepOutputs(base: y + outputColumn, stride: outputStride, rows: outputRows + first),
                        saves: keepsTrace)
                }
            }
        }
        withExtendedLifetime((input, recurrent)) {}
        return trace
    }

    /// The inputs of some packed rows, copied together.
    private func gather(_ rows: Range<Int>, into packed: MutableFloats) -> MatrixView {
        plan.rows.withUnsafeBufferPointer { list in
            guard let list = list.baseAddress else { return }
            Kernel.gatherRows(
                x.values, stride: x.columns, rows: list + rows.lowerBound, into: packed,
                outputStride: inputStride, count: rows.count, columns: x.columns)
        }
        return MatrixView(packed, rows: rows.count, columns: x.columns, stride: inputStride)
    }

    /// The rows of a time, where packed row 0 has the given gates and state.
    private func stepRows(_ time: Int, _ gates: MutableFloats, _ states: MutableFloats) -> StepRows {
        let start = plan.starts[time]
        return StepRows(
            gates: gates + start * gateStride, gateStride: gateStride, states: states + start * stateStride,
            stateStride: stateStride, count: plan.active(time))
    }

    private func step(
        _ time: Int, _ rows: StepRows, _ hidden: MutableFloats, _ recurrent: PanelMatrix,
        _ outputs: StepOutputs, saves: Bool
    ) {
        let keep = plan.active(time + 1), bias = weights.hiddenBias.values
        let states = MatrixView(rows.states, rows: rows.count, columns: width, stride: stateStride)
        if time > 0 {
            if cell == .gru {
                Kernel.multiply(states, recurrent, into: hidden, bias: bias)
            } else {
                Kernel.multiply(
                    states, recurrent, into: rows.gates, stride: gateStride, bias: bias, add: true)
            }
        } else {
            // the first state is zero
            for row in 0..<rows.count {
                let gate = rows.gates + row * gateStride
                if cell == .gru {
                    (hidden + row * gates).update(from: bias, count: gates)
                } else {
                    Kernel.addRow(gate, bias, into: gate, rows: 1, columns: gates)
                }
            }
        }
        switch cell {
        case .gru:
            Kernel.gruStep(rows, hidden: hidden, keep: keep, outputs: outputs, saves: saves, width: width)
        case .lstm:
            Kernel.lstmStep(
                rows, cells: steps * stateStride, keep: keep, outputs: outputs, saves: saves, width: width)
        case .elman:
            Kernel.elmanStep(rows, keep: keep, outputs: outputs, saves: saves, width: width)
        }
    }

    func backward(_ gradient: UnsafePointer<Float>, _ trace: Trace, _ context: Context) {
        guard steps > 0 else { return }
        let pool = context.pool, size = plan.active(0) * width
        let carried = [pool.buffer(size), pool.buffer(size)]
        let carriedCells = cell == .lstm ? [pool.buffer(size), pool.buffer(size)] : carried
        let recurrent = context.packed(weights.hidden, isTransposed: false)
        let input = context.packed(weights.input, isTransposed: false)
        let spans = cell.hiddenBlocks.map { $0 * width }
        let sums = GradientSums(x: x, weights: weights, bias: pool.buffer(gateStride), context)
        sums.bias.floats.update(repeating: 0, count: gateStride)
        outputRows.withUnsafeBufferPointer { rows in
            guard let rows = rows.baseAddress else { return }
            for block in plan.blocks.reversed() {
                for time in block.reversed() {
                    let outputs = StepOutputs(
                        base: UnsafeMutablePointer(mutating: gradient) + outputColumn, stride: outputStride,
                        rows: rows + plan.starts[time])
                    let from = (time + 1) % 2, to = time % 2
                    stepBack(
                        time, outputs, trace, recurrent.panels, spans: spans,
                        carried: (carried[from].floats, carriedCells[from].floats),
                        passed: (carried[to].floats, carriedCells[to].floats))
                }
                addGradients(plan.packedRows(of: block), trace, to: sums, input.panels, pool)
            }
        }
        addBiasGradients(sums.bias, context)
        withExtendedLifetime((recurrent, input)) {}
    }

    private func stepBack(
        _ time: Int, _ outputs: StepOutputs, _ trace: Trace, _ recurrent: PanelMatrix, spans: [Int],
        carried: (state: MutableFloats, cell: MutableFloats),
        passed: (state: MutableFloats, cell: MutableFloats)
    ) {
        let following = plan.active(time + 1)
        let rows = stepRows(time, trace.gates.floats, trace.states.floats)
        switch cell {
        case .gru:
            Kernel.gruStepPullback(
                rows, dOutputs: outputs, carried: carried.state, carriedRows: following,
                dState: passed.state, width: width)
        case .lstm:
            Kernel.lstmStepPullback(
                rows, cells: steps * stateStride, dOutputs: outputs, carriedState: carried.state,
                carriedCell: carried.cell, carriedRows: following, dCell: passed.cell, width: width)
        case .elman:
            Kernel.elmanStepPullback(
                rows, dOutputs: outputs, carried: carried.state, carriedRows: following, width: width)
        }
        guard time > 0 else { return }
        Kernel.multiply(
            MatrixView(rows.gates, rows: rows.count, columns: gateStride), spans: spans, recurrent,
            into: passed.state, add: cell == .gru)
    }

    /// Where the gradients of one way back are summed; nil where nobody wants them.
    private struct GradientSums {
        let input: MutableFloats?
        let hidden: MutableFloats?
        let x: GradientTarget?
        /// The sum over all rows of gates.
        let bias: Buffer

        init(x: Tensor, weights: RecurrentWeights, bias: Buffer, _ context: Context) {
            input = weights.input.gradientSum(context)
            hidden = weights.hidden.gradientSum(context)
            self.bias = bias
            self.x = x.gradientTarget(context)
        }
    }

    /// Adds what a block of packed rows gives to the gradients of weights, biases and inputs, each in one product.
    private func addGradients(
        _ rows: Range<Int>, _ trace: Trace, to sums: GradientSums, _ input: PanelMatrix, _ pool: BufferPool
    ) {
        let gate = trace.gates.floats + rows.lowerBound * gateStride
        let gradients = MatrixView(gate, rows: rows.count, columns: gates, stride: gateStride)
        if let dw = sums.input {
            let packed = MatrixView(
                trace.x.floats + rows.lowerBound * inputStride, rows: rows.count, columns: x.columns,
                stride: inputStride)
            Kernel.multiply(gradients.transposed, packed, into: dw, add: true, mode: .fast)
        }
        if let dw = sums.hidden { addHiddenGradients(rows, trace, to: dw) }
        Kernel.sumRows(
            gate, stride: gateStride, into: sums.bias.floats, rows: rows.count,
            columns: max(gates, ((cell.hiddenBlocks.last ?? 0) + 1) * width))
        guard let dx = sums.x else { return }
        let packed = pool.buffer(rows.count * x.columns)
        Kernel.multiply(gradients, input, into: packed.floats)
        for (index, row) in plan.rows[rows].enumerated() {
            let (from, to) = (packed.floats + index * x.columns, dx.floats + Int(row) * x.columns)
            if dx.add {
                Kernel.scale(1, from, into: to, count: x.columns, add: true)
            } else {
                to.update(from: from, count: x.columns)
            }
        }
    }

    private func addHiddenGradients(_ rows: Range<Int>, _ trace: Trace, to dw: MutableFloats) {
        // the states before the first step are zero
        let rows = max(rows.lowerBound, plan.active(0))..<max(rows.upperBound, plan.active(0))
        let states = MatrixView(
            trace.states.floats + rows.lowerBound * stateStride, rows: rows.count, columns: width,
            stride: stateStride)
        // blocks that stand side by side in one product
        let shared = cell == .gru ? 2 : cell.gates
        for part in [0..<shared, shared..<cell.gates] where !part.isEmpty && !rows.isEmpty {
            let gate =
                trace.gates.floats + rows.lowerBound * gateStride + cell.hiddenBlocks[part.lowerBound] * width
            let gradients = MatrixView(
                gate, rows: rows.count, columns: part.count * width, stride: gateStride)
            Kernel.multiply(
                gradients.transposed, states, into: dw + part.lowerBound * width * width, add: true,
                mode: .fast)
        }
    }

    private func addBiasGradients(_ sums: Buffer, _ context: Context) {
        if let db = weights.inputBias.gradientSum(context) {
            Kernel.scale(1, sums.floats, into: db, count: gates, add: true)
        }
        guard let db = weights.hiddenBias.gradientSum(context) else { return }
        for (index, block) in cell.hiddenBlocks.enumerated() {
            Kernel.scale(1, sums.floats + block * width, into: db + index * width, count: width, add: true)
        }
    }
}
