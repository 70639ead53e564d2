import Foundation
import Layers
import Tensors
import Testing

/// A recurrent net, step by step and sample by sample in double precision.
private struct Naive {
    let cell: RecurrentCell
    let width: Int
    let arena: ParameterArena

    func layer(_ x: [[Double]], _ suffix: String, reversed: Bool) -> [[Double]] {
        let input = weights("weight_ih\(suffix)"), hidden = weights("weight_hh\(suffix)")
        let inputBias = weights("bias_ih\(suffix)"), hiddenBias = weights("bias_hh\(suffix)")
        var h = [Double](repeating: 0, count: width), c = h
        var states = x.map { _ in h }
        for t in reversed ? Array(x.indices.reversed()) : Array(x.indices) {
            let a = affine(input, inputBias, x[t]), b = affine(hidden, hiddenBias, h)
            for j in 0..<width { (h[j], c[j]) = next(a, b, j, h[j], c[j]) }
            states[t] = h
        }
        return states
    }

    private func next(_ a: [Double], _ b: [Double], _ j: Int, _ h: Double, _ c: Double) -> (Double, Double) {
        let gate = { (k: Int) in a[k * width + j] + b[k * width + j] }
        let sigmoid = { (v: Double) in 1 / (1 + exp(-v)) }
        switch cell {
        case .elman: return (tanh(gate(0)), 0)
        case .gru:
            let n = tanh(a[2 * width + j] + sigmoid(gate(0)) * b[2 * width + j])
            return ((1 - sigmoid(gate(1))) * n + sigmoid(gate(1)) * h, 0)
        case .lstm:
            let state = sigmoid(gate(1)) * c + sigmoid(gate(0)) * tanh(gate(2))
            return (sigmoid(gate(3)) * tanh(state), state)
        }
    }

    private func affine(_ w: [Double], _ bias: [Double], _ x: [Double]) -> [Double] {
        bias.indices.map { i in zip(w[(i * x.count)...], x).reduce(bias[i]) { $0 + $1.0 * $1.1 } }
    }

    private func weights(_ name: String) -> [Double] {
        arena.index(of: name).map { arena.tensor(at: $0).array.map(Double.init) } ?? []
    }
}

@Suite struct RecurrentTests {
    @Test(arguments: RecurrentCell.allCases, [1, 2])
    func equalsTheNetStepByStep(_ cell: RecurrentCell, _ layers: Int) {
        for bidirectional in [false, true] {
            let builder = ParameterBuilder(seed: 3)
            let net = Recurrent(
                cell, inputSize: 6, hiddenSize: 19, layers: layers, bidirectional: bidirectional,
                dropout: 0.5,
                parameters: builder)
            let naive = Naive(cell: cell, width: 19, arena: builder.build())
            let segments = Segments(lengths: [4, 1, 0, 7, 7, 2])
            var probe = Probe(11)
            let x = probe.values(segments.total * 6)
            let context = context()
            let y = net(context.tensor(x, shape: [segments.total, 6]), segments, context)
            let expected = (0..<segments.count).flatMap { sample -> [[Double]] in
                var states = segments[sample].map { row in x[row * 6..<row * 6 + 6].map(Double.init) }
                for layer in 0..<layers {
                    let forward = naive.layer(states, "_l\(layer)", reversed: false)
                    let back = bidirectional ? naive.layer(states, "_l\(layer)_reverse", reversed: true) : []
                    states = bidirectional ? zip(forward, back).map { $0 + $1 } : forward
                }
                return states
            }
            #expect(largestDifference(y.array, expected.flatMap { $0 }) < 2e-6)
        }
    }

    @Test func reversedEqualsReversingInputsAndOutputs() {
        let segments = Segments(lengths: [3, 5, 1])
        var probe = Probe(4)
        let x = probe.values(9 * 4)
        let run = { (reversed: Bool) -> [Float] in
            let builder = ParameterBuilder(seed: 3)
            let net = Recurrent(.gru, inputSize: 4, hiddenSize: 8, reversed: reversed, parameters: builder)
            let arena = builder.build()
            let context = context()
            let input = context.tensor(x, shape: [9, 4])
            defer { withExtendedLifetime(arena) {} }
            if reversed { return net(input, segments, context).array }
            return context.reversed(net(context.reversed(input, segments), segments, context), segments).array
        }
        #expect(run(true) == run(false))
    }

    @Test func finalStateIsTheEndOfEachWay() {
        let segments = Segments(lengths: [2, 0, 3])
        for bidirectional in [false, true] {
            let builder = ParameterBuilder(seed: 3)
            let net = Recurrent(
                .elman, inputSize: 2, hiddenSize: 3, bidirectional: bidirectional, parameters: builder)
            let arena = builder.build()
            let context = context()
            var probe = Probe(2)
            let x = context.tensor(probe.values(10), shape: [5, 2])
            let y = net(x, segments, context)
            let rows = y.array, width = y.columns
            let half = { (row: Int, from: Int) in Array(rows[row * width + from..<row * width + from + 3]) }
            let zero = [Float](repeating: 0, count: width)
            let back = { (row: Int) in bidirectional ? half(row, 3) : [] }
            let expected = half(1, 0) + back(0) + zero + half(4, 0) + back(2)
            #expect(net.final(x, segments, context).array == expected)
            withExtendedLifetime(arena) {}
        }
    }
}
