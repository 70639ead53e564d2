import Testing
import Groundwork
import Tensors

/// An operation whose pullback is compared with difference quotients.
struct GradientCase: CustomTestStringConvertible, Sendable {
    let name: String
    let shapes: [[Int]]
    let mode: ComputationMode
    let operation: @Sendable (Context, [Tensor]) -> Tensor

    init(
        _ name: String, _ shapes: [[Int]], mode: ComputationMode = .training,
        _ operation: @escaping @Sendable (Context, [Tensor]) -> Tensor
    ) {
        self.name = name
        self.shapes = shapes
        self.mode = mode
        self.operation = operation
    }

    var testDescription: String { name }

    /// The largest relative difference over inputs and directions between the pullback and a fourth-order central
    /// difference quotient of Σ r y, r fixed and random, accumulated in double precision.
    func largestError(seed: UInt64) -> Double {
        var probe = Probe(seed)
        let inputs = shapes.map { probe.values($0.reduce(1, *)) }
        let gradients = analytic(inputs, seed)
        var worst = 0.0
        for index in inputs.indices {
            guard let gradient = gradients[index] else { return .infinity }
            for _ in 0..<3 {
                let direction = probe.values(inputs[index].count)
                let expected = slope(inputs, index, direction, seed)
                let got = zip(gradient, direction).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
                let size = zip(gradient, direction).reduce(1e-3) { $0 + abs(Double($1.0) * Double($1.1)) }
                worst = max(worst, abs(got - expected) / size)
            }
        }
        return worst
    }

    private func analytic(_ inputs: [[Float]], _ seed: UInt64) -> [[Float]?] {
        let context = context(mode, records: true)
        let tensors = zip(inputs, shapes).map { context.variable($0, shape: $1) }
        let y = operation(context, tensors)
        let weights = context.tensor(weights(y.count, seed), shape: y.shape)
        context.backward(from: context.sum(context.multiply(y, weights)))
        return tensors.map(\.gradient)
    }

    private func slope(_ inputs: [[Float]], _ index: Int, _ direction: [Float], _ seed: UInt64) -> Double {
        let h: Float = 0.015625
        let at = { (factor: Float) -> Double in
            var moved = inputs
            moved[index] = zip(inputs[index], direction).map { $0 + factor * h * $1 }
            return value(moved, seed)
        }
        return (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * Double(h))
    }

    private func value(_ inputs: [[Float]], _ seed: UInt64) -> Double {
        let context = context(mode)
        let y = operation(context, zip(inputs, shapes).map { context.tensor($0, shape: $1) }).array
        return zip(y, weights(y.count, seed)).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }

    private func weights(_ count: Int, _ seed: UInt64) -> [Float] {
        var probe = Probe(seed ^ 0xABCD)
        return probe.values(count)
    }
}
