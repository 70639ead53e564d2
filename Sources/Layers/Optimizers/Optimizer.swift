import Kernels

/// Applies a rule to all parameters of an arena in one pass over flat memory, and holds the rule's state.
///
/// As in PyTorch, a parameter that took no part in the loss is left alone and its step count does not advance.
package final class Optimizer {
    /// A block of state with the layout of the arena.
    package struct State {
        /// PyTorch's name: `exp_avg`, `exp_avg_sq`, `momentum_buffer`, `square_avg`, `grad_avg`, `sum`.
        package let name: String
        package let values: UnsafeMutableBufferPointer<Float>
    }

    package let rule: OptimizerRule
    /// The step size; begins as the rule's, schedules may change it.
    package var learningRate: Double
    /// The blocks to save and restore.
    package let state: [State]
    /// How many steps every parameter has made, to save and restore.
    package var steps: [Int]
    private let parameters: [ParameterArena.Parameter]
    private let decays: [Double]
    private let sparse = SparseGradients()

    /// An optimizer for `parameters`; those for which `isExempt` is true have no weight decay. The default: none.
    package init(
        _ rule: OptimizerRule, parameters: [ParameterArena.Parameter],
        isExempt: (ParameterArena.Parameter) -> Bool = { _ in false }
    ) {
        self.rule = rule
        self.parameters = parameters
        learningRate = rule.learningRate
        steps = Array(repeating: 0, count: parameters.count)
        decays = parameters.map { isExempt($0) ? 0 : rule.weightDecay }
        let size = parameters.last.map { $0.end } ?? 0
        state = rule.stateNames.map { State(name: $0, values: Self.filled(size, rule.initialState)) }
    }

    deinit { for block in state { UnsafeMutableRawPointer(block.values.baseAddress)?.deallocate() } }

    /// One step: gradients are multiplied by `scale` (1 / batch size, clipping), then the rule moves `values`.
    ///
    /// `participating`, one entry per parameter, tells which took part in the loss. Parameters that are not trainable
    /// stay as they are. `touched`: the gradients that may not be zero, ascending and apart; nil: any may be.
    package func step(
        values: UnsafeMutableBufferPointer<Float>, gradients: UnsafeBufferPointer<Float>, scale: Float = 1,
        participating: [Bool], touched: [Range<Int>]? = nil
    ) {
        guard let values = values.baseAddress, let gradients = gradients.baseAddress else { return }
        let moving = parameters.indices.filter { participating[$0] && parameters[$0].isTrainable }
        for index in moving { steps[index] += 1 }
        var run = 0
        while run < moving.count {
            var end = run + 1
            while end < moving.count, continues(moving[end - 1], moving[end]) { end += 1 }
            let last = parameters[moving[end - 1]]
            let whole = parameters[moving[run]].offset..<(movesGaps ? last.end : last.range.upperBound)
            let ranges = movesLazily(moving[run]) ? touchedRows(moving[run], gradients) : [whole]
            let move = mover(values, scale, decay: decays[moving[run]], step: steps[moving[run]])
            Kernel.flushingSubnormals {
                for range in ranges { sparse.forEachPiece(of: range, gradients, touched: touched, move) }
            }
            run = end
        }
    }

    /// Whether the second parameter follows the first in memory and moves by the same numbers.
    private func continues(_ first: Int, _ second: Int) -> Bool {
        movesGaps && second == first + 1 && decays[first] == decays[second] && steps[first] == steps[second]
            && !movesLazily(first) && !movesLazily(second)
    }

    /// Whether the zeros between parameters stay zeros: without ε, or with one that counts as zero, they would become 0 / 0.
    private var movesGaps: Bool { Float(rule.epsilon) >= .leastNormalMagnitude }

    /// Whether only those rows of the parameter move that have a gradient.
    private func movesLazily(_ index: Int) -> Bool {
        if case .lazyAdam = rule { return parameters[index].isEmbedding }
        return false
    }

    /// The elements of the table's rows with a gradient other than zero; neighbouring rows together.
    private func touchedRows(_ index: Int, _ gradients: Floats) -> [Range<Int>] {
        let parameter = parameters[index], width = parameter.shape.last ?? 1
        var ranges: [Range<Int>] = []
        for start in stride(from: parameter.offset, to: parameter.range.upperBound, by: max(width, 1))
        where Kernel.sumOfSquares(gradients + start, count: width) != 0 {
            let first = ranges.last?.upperBound == start ? ranges.removeLast().lowerBound : start
            ranges.append(first..<start + width)
        }
        return ranges
    }

    /// What moves one piece of the arena by its gradients.
    private func mover(
        _ values: MutableFloats, _ scale: Float, decay: Double, step: Int
    ) -> (_ piece: Range<Int>, _ gradients: Floats) -> Void {
        let moments = state.compactMap(\.values.baseAddress)
        switch rule {
        case .sgd(let options):
            let pass = DescentPass(
                rate: Float(learningRate), decay: Float(decay), momentum: Float(options.momentum),
                nesterov: options.nesterov, first: step == 1, gradientScale: scale)
            return { piece, g in
                let at = piece.lowerBound
                Kernel.descend(
                    pass, p: values + at, g: g, velocity: moments.first.map { $0 + at }, count: piece.count)
            }
        case .adam(let options), .adamW(let options), .lazyAdam(let options):
            let pass = AdamPass(
                step: step, rate: learningRate, betas: (options.beta1, options.beta2),
                epsilon: options.epsilon, decay: decay, decoupled: isDecoupled, gradientScale: scale)
            let (m, v) = (moments[0], moments[1])
            return { piece, g in
                let at = piece.lowerBound
                Kernel.adam(pass, p: values + at, g: g, m: m + at, v: v + at, count: piece.count)
            }
        case .rmsprop(let options):
            let pass = RMSpropPass(
                rate: learningRate, alpha: options.alpha, epsilon: options.epsilon,
                momentum: options.momentum, decay: decay, gradientScale: scale)
            let mean = options.centered ? moments.last : nil
            let velocity = options.momentum > 0 ? moments[1] : nil
            return { piece, g in
                let at = piece.lowerBound
                Kernel.rmsprop(
                    pass, p: values + at, g: g, square: moments[0] + at, mean: mean.map { $0 + at },
                    velocity: velocity.map { $0 + at }, count: piece.count)
            }
        case .adagrad(let options):
            let pass = AdagradPass(
                step: step, rate: learningRate, rateDecay: options.rateDecay, epsilon: options.epsilon,
                decay: decay, gradientScale: scale)
            return { piece, g in
                let at = piece.lowerBound
                Kernel.adagrad(pass, p: values + at, g: g, sum: moments[0] + at, count: piece.count)
            }
        }
    }

    private var isDecoupled: Bool {
        if case .adamW = rule { return true }
        return false
    }

    private static func filled(_ count: Int, _ value: Float) -> UnsafeMutableBufferPointer<Float> {
        let block = UnsafeMutableRawPointer.allocate(byteCount: max(count, 16) * 4, alignment: 64)
        let floats = block.bindMemory(to: Float.self, capacity: max(count, 16))
        floats.update(repeating: value, count: max(count, 16))
        return UnsafeMutableBufferPointer(start: floats, count: count)
    }
}
