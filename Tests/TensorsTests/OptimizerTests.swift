import Foundation
import Layers
import Tensors
import Testing

/// PyTorch's rules on one number in double precision.
private struct Scalar {
    var p: Double
    var m = 0.0
    var v = 0.0
    var t = 0

    mutating func step(_ rule: OptimizerRule, _ gradient: Double, decay: Double) {
        t += 1
        switch rule {
        case .sgd(let o):
            let g = gradient + decay * p
            m = t == 1 ? g : o.momentum * m + g
            p -= o.learningRate * (o.momentum == 0 ? g : o.nesterov ? g + o.momentum * m : m)
        case .adam(let o): adam(o, gradient + decay * p)
        case .adamW(let o):
            p -= o.learningRate * decay * p
            adam(o, gradient)
        }
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
