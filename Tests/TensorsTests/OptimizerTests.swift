import Foundation
import Groundwork
import Layers
import Tensors
import Testing

/// PyTorch's rules on one number in double precision.
private struct Scalar {
    var p: Double
    var m = 0.0
    var v = 0.0
    var mean = 0.0
    var t = 0

    mutating func step(_ rule: OptimizerRule, _ gradient: Double, decay: Double) {
        t += 1
        switch rule {
        case .sgd(let o):
            let g = gradient + decay * p
            m = t == 1 ? g : o.momentum * m + g
            p -= o.learningRate * (o.momentum == 0 ? g : o.nesterov ? g + o.momentum * m : m)
        case .adam(let o), .lazyAdam(let o): adam(o, gradient + decay * p)
        case .adamW(let o):
            p -= o.learningRate * decay * p
            adam(o, gradient)
        case .rmsprop(let o): rmsprop(o, gradient + decay * p)
        case .adagrad(let o):
            let g = gradient + decay * p
            v = (t == 1 ? o.initialSum : v) + g * g
            p -= o.learningRate / (1 + Double(t - 1) * o.rateDecay) * g / (v.squareRoot() + o.epsilon)
        }
    }

    private mutating func rmsprop(_ o: OptimizerRule.RMSprop, _ g: Double) {
        v = o.alpha * v + (1 - o.alpha) * g * g
        mean = o.alpha * mean + (1 - o.alpha) * g
        let variance = o.centered ? v - mean * mean : v
        m = o.momentum * m + g / (variance.squareRoot() + o.epsilon)
        p -= o.learningRate * m
    }

    private mutating func adam(_ o: OptimizerRule.Adam, _ g: Double) {
        m = o.beta1 * m + (1 - o.beta1) * g
        v = o.beta2 * v + (1 - o.beta2) * g * g
        let root = (v / (1 - pow(o.beta2, Double(t)))).squareRoot()
        p -= o.learningRate / (1 - pow(o.beta1, Double(t))) * m / (root + o.epsilon)
    }
}

private let rules: [OptimizerRule] = [
    .sgd(.init(learningRate: 0.1)), .sgd(.init(learningRate: 0.1, weightDecay: 0.02)),
    .sgd(.init(learningRate: 0.1, momentum: 0.9)),
    .sgd(.init(learningRate: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0.02)), .adam(.init()),
    .adam(.init(learningRate: 0.01, weightDecay: 0.05)),
    .adamW(.init(learningRate: 0.01, beta1: 0.8, beta2: 0.99, epsilon: 1e-6, weightDecay: 0.05)),
    .lazyAdam(.init(learningRate: 0.01, weightDecay: 0.05)),
    .rmsprop(.init()), .rmsprop(.init(alpha: 0.9, epsilon: 1e-6, momentum: 0.8, weightDecay: 0.05)),
    .rmsprop(.init(alpha: 0.9, centered: true)),
    .rmsprop(.init(alpha: 0.9, momentum: 0.5, centered: true, weightDecay: 0.02)),
    .adagrad(.init()),
    .adagrad(
        .init(learningRate: 0.1, rateDecay: 0.2, initialSum: 0.5, epsilon: 1e-6, weightDecay: 0.05)),
]

@Suite struct OptimizerTests {
    private func arena() -> ParameterArena {
        let builder = ParameterBuilder(seed: 1)
        _ = builder.parameter("a.weight", [3, 7], .uniform(bound: 1))
        _ = builder.parameter("a.bias", [5], .uniform(bound: 1))
        _ = builder.parameter("b.weight", [40], .uniform(bound: 1))
        return builder.build()
    }

    @Test(arguments: rules)
    func equalsTheRuleInDoublePrecision(_ rule: OptimizerRule) {
        let arena = arena()
        let optimizer = Optimizer(
            rule, parameters: arena.parameters, isExempt: { $0.name.hasSuffix("bias") })
        var expected = arena.values.map { Scalar(p: Double($0)) }
        var gradients = [Float](repeating: 0, count: arena.values.count)
        var probe = Probe(9)
        for step in 0..<6 {
            let participating = [true, step % 2 == 0, step != 2]
            for (parameter, moves) in zip(arena.parameters, participating) {
                let drawn = probe.values(parameter.count)
                let decay = parameter.name.hasSuffix("bias") ? 0 : rule.weightDecay
                for (i, value) in zip(parameter.range, drawn) {
                    gradients[i] = value
                    if moves { expected[i].step(rule, Double(value) * 0.5, decay: decay) }
                }
            }
            gradients.withUnsafeBufferPointer {
                optimizer.step(values: arena.values, gradients: $0, scale: 0.5, participating: participating)
            }
        }
        #expect(largestDifference(Array(arena.values), expected.map(\.p)) < 2e-6)
        #expect(optimizer.steps == [6, 3, 5])
    }

    @Test func gapsBetweenParametersStayZero() {
        let arena = arena()
        let optimizer = Optimizer(.adamW(.init(weightDecay: 0.1)), parameters: arena.parameters)
        let gradients = [Float](repeating: 0, count: arena.values.count)
        gradients.withUnsafeBufferPointer {
            optimizer.step(values: arena.values, gradients: $0, participating: [true, true, true])
        }
        let used = arena.parameters.reduce(into: Set<Int>()) { $0.formUnion($1.range) }
        #expect(arena.values.indices.allSatisfy { used.contains($0) || arena.values[$0] == 0 })
    }

    /// Without ε a gradient of 0 gives 0 / 0, as in PyTorch; between parameters there is nothing to divide.
    @Test(arguments: [
        OptimizerRule.adam(.init(epsilon: 0)), .lazyAdam(.init(epsilon: 0)), .rmsprop(.init(epsilon: 0)),
        .adagrad(.init(epsilon: 0)), .adam(.init(epsilon: 1e-40)),
    ])
    func gapsStayZeroWithoutEpsilon(_ rule: OptimizerRule) {
        let builder = ParameterBuilder(seed: 1)
        _ = builder.parameter("a", [3], .zeros)
        _ = builder.parameter("b", [5], .zeros)
        let arena = builder.build()
        for parameter in arena.parameters { for place in parameter.range { arena.gradients[place] = 1 } }
        Optimizer(rule, parameters: arena.parameters).step(
            values: arena.values, gradients: UnsafeBufferPointer(arena.gradients),
            participating: [true, true])
        #expect(arena.firstNonFinite(in: TouchedFloats(arena.values)) == nil)
        #expect(arena.values[0] < 0 && arena.values[20] < 0 && arena.values[3] == 0)
    }

    @Test func frozenParametersStayAsTheyAre() {
        let builder = ParameterBuilder(seed: 1)
        _ = builder.parameter("frozen", [8], .ones, isTrainable: false)
        let arena = builder.build()
        let optimizer = Optimizer(.sgd(.init(learningRate: 1)), parameters: arena.parameters)
        let gradients = [Float](repeating: 1, count: arena.values.count)
        gradients.withUnsafeBufferPointer {
            optimizer.step(values: arena.values, gradients: $0, participating: [true])
        }
        #expect(arena.values[..<8].allSatisfy { $0 == 1 })
    }

    @Test func lazyAdamMovesOnlyRowsWithAGradient() {
        let builder = ParameterBuilder(seed: 1)
        _ = builder.parameter("table", [9, 19], .embedding)
        _ = builder.parameter("dense", [9, 19], .uniform(bound: 1))
        let arena = builder.build()
        let rule = OptimizerRule.lazyAdam(.init(learningRate: 0.01, weightDecay: 0.05))
        let optimizer = Optimizer(rule, parameters: arena.parameters)
        var expected = arena.values.map { Scalar(p: Double($0)) }
        var probe = Probe(4)
        for (step, rows) in [[1, 2, 5], [5, 8], [2, 0, 8]].enumerated() {
            var gradients = [Float](repeating: 0, count: arena.values.count)
            for parameter in arena.parameters {
                for row in rows {
                    let start = parameter.offset + row * 19
                    // one value of a row is enough to touch it, however small
                    gradients.replaceSubrange(start..<start + 19, with: probe.values(19))
                    if row == 8 {
                        gradients.replaceSubrange(start..<start + 18, with: repeatElement(0, count: 18))
                    }
                }
                for i in parameter.range {
                    let row = (i - parameter.offset) / 19
                    guard parameter.name == "dense" || rows.contains(row) else { continue }
                    // the table's steps count, the row's do not
                    expected[i].t = step
                    expected[i].step(rule, Double(gradients[i]), decay: 0.05)
                }
            }
            gradients.withUnsafeBufferPointer {
                optimizer.step(values: arena.values, gradients: $0, participating: [true, true])
            }
        }
        #expect(largestDifference(Array(arena.values), expected.map(\.p)) < 2e-6)
        let table = arena.parameters[0]
        let idle = table.offset + 3 * 19..<table.offset + 4 * 19
        #expect(idle.allSatisfy { Double(arena.values[$0]) == expected[$0].p })
        #expect(optimizer.state.allSatisfy { block in idle.allSatisfy { block.values[$0] == 0 } })
    }

    @Test(arguments: rules)
    func givesTheSameBitsWhenOnlyTouchedGradientsAreRead(_ rule: OptimizerRule) {
        let arenas = (0..<2).map { _ in
            let builder = ParameterBuilder(seed: 1)
            _ = builder.parameter("table", [300, 64], .embedding)
            _ = builder.parameter("dense", [20, 19], .uniform(bound: 1))
            return builder.build()
        }
        let optimizers = arenas.map { Optimizer(rule, parameters: $0.parameters) }
        let (table, dense) = (arenas[0].parameters[0], arenas[0].parameters[1])
        var probe = Probe(5)
        for rows in [[0, 1, 7, 299], [], Array(3..<150), [8, 170]] {
            var gradients = [Float](repeating: 0, count: arenas[0].values.count)
            let touched = rows.map { table.offset + $0 * 64..<table.offset + $0 * 64 + 64 } + [dense.range]
            for range in touched { gradients.replaceSubrange(range, with: probe.values(range.count)) }
            gradients.withUnsafeBufferPointer {
                optimizers[0].step(values: arenas[0].values, gradients: $0, participating: [true, true])
                optimizers[1].step(
                    values: arenas[1].values, gradients: $0, participating: [true, true],
                    touched: TouchedFloats.union(touched))
            }
            #expect(arenas[0].values.map(\.bitPattern) == arenas[1].values.map(\.bitPattern))
        }
        for (one, two) in zip(optimizers[0].state, optimizers[1].state) {
            #expect(one.values.map(\.bitPattern) == two.values.map(\.bitPattern))
        }
    }

    @Test(arguments: rules)
    func goesOnFromItsStateWithTheSameBits(_ rule: OptimizerRule) {
        var probe = Probe(12)
        let arenas = [arena(), arena()]
        let optimizers = arenas.map { Optimizer(rule, parameters: $0.parameters) }
        let gradients = (0..<4).map { _ in probe.values(arenas[0].values.count) }
        func steps(_ index: Int, _ range: Range<Int>) {
            for step in range {
                gradients[step].withUnsafeBufferPointer {
                    optimizers[index].step(
                        values: arenas[index].values, gradients: $0, participating: [true, true, step != 1])
                }
            }
        }
        steps(0, 0..<2)
        _ = arenas[1].values.update(fromContentsOf: arenas[0].values)
        for (from, to) in zip(optimizers[0].state, optimizers[1].state) {
            #expect(from.name == to.name)
            _ = to.values.update(fromContentsOf: from.values)
        }
        optimizers[1].steps = optimizers[0].steps
        for index in 0..<2 { steps(index, 2..<4) }
        #expect(arenas[0].values.map(\.bitPattern) == arenas[1].values.map(\.bitPattern))
    }

    @Test func normIsTheRootOfTheBlocksSquares() {
        var probe = Probe(3)
        let gradients = probe.values(3 * GradientNorm.block + 17)
        let exact = gradients.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        gradients.withUnsafeBufferPointer {
            #expect(abs(GradientNorm.norm(of: $0, scale: 0.5) - exact / 2) < 1e-9 * exact)
            #expect(GradientNorm.squares(of: $0).count == 4)
        }
        #expect(GradientNorm.clipFactor(norm: 0.5, maximum: 1) == 1)
        #expect(abs(GradientNorm.clipFactor(norm: 4, maximum: 1) - 0.25) < 1e-6)
    }
}
