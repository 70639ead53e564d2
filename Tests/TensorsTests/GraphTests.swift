import Foundation
import Layers
import Tensors
import Testing

private let cycle = Edges(
    nodes: 5, from: [0, 1, 2, 2, 4, 0, 1], to: [1, 2, 0, 4, 2, 0, 2], weights: [1, 2, 0.5, 1, 3, 1, -1])

/// Attention over x moved above zero in even rows and below in odd ones, so that scores stay away from 0, where the slope
/// changes, and have both signs among the edges of a node (else the target's vector would not count).
private func attention(
    _ context: Context, _ inputs: [Tensor], _ edges: Edges, heads: Int, dropout: Float = 0
) -> Tensor {
    let x = inputs[0], offsets = (0..<x.count).map { Float($0 / x.columns % 2 == 0 ? 0.6 : -0.6) }
    let h = context.add(context.scale(x, 0.2), context.tensor(offsets, shape: x.shape))
    let source = context.addRow(
        context.scale(context.multiply(inputs[1], inputs[1]), 0.3),
        context.tensor(Array(repeating: 0.3, count: 6), shape: [6]))
    return context.graphAttention(
        h, source: source, target: context.scale(inputs[2], 0.2), edges, heads: heads, dropout: dropout)
}

/// Graph convolution and attention against their formulas, their gradients, and beside other graphs.
@Suite struct GraphTests {
    static let cases = [
        GradientCase("graphConvolution", [[5, 19]]) { $0.graphConvolution($1[0], cycle) },
        GradientCase("graphConvolution of a tensor used twice", [[5, 3]]) {
            $0.add($0.graphConvolution($1[0], cycle.withLoops), $1[0])
        },
        GradientCase("graphAttention", [[5, 6], [6], [6]]) { attention($0, $1, cycle.withLoops, heads: 2) },
        GradientCase("graphAttention of one head", [[5, 6], [6], [6]]) {
            attention($0, $1, cycle.withLoops, heads: 1)
        },
        GradientCase("graphAttention with dropout", [[5, 6], [6], [6]]) {
            attention($0, $1, .complete(Segments(lengths: [3, 2])), heads: 3, dropout: 0.3)
        },
    ]

    @Test(arguments: cases) func pullbackEqualsDifferenceQuotient(_ operation: GradientCase) {
        for seed in [UInt64(1), 2] {
            let error = operation.largestError(seed: seed)
            #expect(error < 2e-4, "seed \(seed): relative error \(error)")
        }
    }

    @Test func edgesAreSortedByTheirEndAndKeepTheirOrder() {
        #expect(cycle.incoming.offsets == [0, 2, 3, 6, 6, 7])
        #expect(cycle.sources == [2, 0, 0, 1, 4, 1, 2] && cycle.weights == [0.5, 1, 1, 2, 3, -1, 1])
        let loops = cycle.withLoops
        #expect(loops.incoming.offsets == [0, 2, 4, 8, 9, 11] && loops.withLoops == loops)
        #expect(loops.sources == [2, 0, 0, 1, 1, 4, 1, 2, 3, 2, 4])
        let joined = Edges(joining: [cycle, loops])
        #expect(joined.nodes == 10 && joined.sources.suffix(11) == [7, 5, 5, 6, 6, 9, 6, 7, 8, 7, 9])
        #expect(Edges.complete(Segments(lengths: [2, 0, 1])).sources == [0, 1, 0, 1, 2])
    }

    @Test func normalisationIsSymmetric() {
        // a path of three nodes, both ways: degrees with loops 2, 3, 2
        let edges = Edges(nodes: 3, from: [0, 1, 1, 2], to: [1, 0, 2, 1]).withLoops.normalized
        let side = 1 / Float(6).squareRoot()
        let expected: [Float] = [side, 0.5, side, side, 1 / 3, side, 0.5]
        #expect(zip(edges.weights, expected).allSatisfy { abs($0 - $1) < 1e-6 } && edges.count == 7)
        // nothing ends in node 1
        let alone = Edges(nodes: 2, from: [1], to: [0]).normalized
        #expect(alone.weights == [0])
    }

    @Test(arguments: [UInt64(1), 2, 3]) func convolutionIsTheProductWithTheMatrix(_ seed: UInt64) {
        var probe = Probe(seed)
        let x = probe.values(5 * 19), context = context()
        let y = context.graphConvolution(context.tensor(x, shape: [5, 19]), cycle).array
        var matrix = [Float](repeating: 0, count: 25)
        for node in 0..<5 {
            for edge in cycle.incoming[node] {
                matrix[node * 5 + Int(cycle.sources[edge])] += cycle.weights[edge]
            }
        }
        #expect(largestDifference(y, product(matrix, x, 5, 19, 5)) < 1e-5)
    }

    @Test(arguments: [UInt64(1), 2, 3]) func attentionFollowsItsFormula(_ seed: UInt64) {
        var probe = Probe(seed)
        let edges = cycle.withLoops, heads = 3, width = 4, columns = 12
        let h = probe.values(5 * columns), s = probe.values(columns), t = probe.values(columns)
        let context = context()
        let y = context.graphAttention(
            context.tensor(h, shape: [5, columns]), source: context.tensor(s, shape: [1, 3, 4]),
            target: context.tensor(t, shape: [1, 3, 4]), edges, heads: heads
        ).array
        let dot = { (node: Int, vector: [Float], head: Int) in
            (head * width..<(head + 1) * width).reduce(0.0) {
                $0 + Double(h[node * columns + $1]) * Double(vector[$1])
            }
        }
        var expected = [Double](repeating: 0, count: 5 * columns)
        for node in 0..<5 {
            for head in 0..<heads {
                let powers = edges.incoming[node].map { edge -> Double in
                    let score = dot(Int(edges.sources[edge]), s, head) + dot(node, t, head)
                    return exp(score < 0 ? 0.2 * score : score)
                }
                for (edge, power) in zip(edges.incoming[node], powers) {
                    for c in head * width..<(head + 1) * width {
                        expected[node * columns + c] +=
                            power / powers.reduce(0, +) * Double(h[Int(edges.sources[edge]) * columns + c])
                    }
                }
            }
        }
        #expect(largestDifference(y, expected) < 1e-5)
    }

    @Test func aNodeThatNothingReachesIsZero() {
        let context = context(), x = context.tensor([1, 2], shape: [2, 1]),
            one = context.tensor([1], shape: [1])
        let edges = Edges(nodes: 2, from: [0], to: [1])
        #expect(context.graphConvolution(x, edges).array == [0, 1])
        #expect(context.graphAttention(x, source: one, target: one, edges, heads: 1).array == [0, 1])
    }

    @Test func layersHaveTheNamesOfTheirOrigins() {
        let builder = ParameterBuilder(seed: 3)
        _ = GraphConvolution(3, 4, parameters: builder["gcn"])
        _ = GraphConvolution(3, 4, style: .pyHealth, parameters: builder["gcn_layers.0"])
        _ = GraphAttention(3, 4, heads: 2, parameters: builder["gat"])
        _ = GraphAttention(3, 4, style: .pyHealth, parameters: builder["attentions.0"])
        let names = builder.build().parameters.map { "\($0.name) \($0.shape)" }
        #expect(
            names == [
                "gcn.lin.weight [4, 3]", "gcn.bias [4]", "gcn_layers.0.weight [3, 4]",
                "gcn_layers.0.bias [4]",
                "gat.lin.weight [8, 3]", "gat.att_src [1, 2, 4]", "gat.att_dst [1, 2, 4]", "gat.bias [8]",
                "attentions.0.W [3, 4]", "attentions.0.a1 [4, 1]", "attentions.0.a2 [4, 1]",
            ])
    }

    @Test func headsStandSideBySideOrAreAveraged() {
        let builder = ParameterBuilder(seed: 3)
        let wide = GraphAttention(3, 4, heads: 2, bias: false, parameters: builder["layer"])
        let other = ParameterBuilder(seed: 3)
        let narrow = GraphAttention(
            3, 4, heads: 2, concatenates: false, bias: false, parameters: other["layer"])
        let arenas = [builder.build(), other.build()]
        var probe = Probe(4)
        let context = context(), x = context.tensor(probe.values(15), shape: [5, 3])
        let both = wide(x, cycle, context).array, mean = narrow(x, cycle, context).array
        #expect(arenas.count == 2 && mean.count == 20)
        for node in 0..<5 {
            for c in 0..<4 {
                let expected = (both[node * 8 + c] + both[node * 8 + 4 + c]) / 2
                #expect(abs(mean[node * 4 + c] - expected) < 1e-6)
            }
        }
    }

    @Test func aSmallGraphIsLearned() {
        // node features are noise; a node's class is that of its only neighbour's sign
        let builder = ParameterBuilder(seed: 5)
        let first = GraphAttention(1, 4, heads: 2, parameters: builder["first"])
        let second = GraphConvolution(8, 1, parameters: builder["second"])
        let arena = builder.build()
        let optimizer = Optimizer(
            .adam(.init(learningRate: 0.05)), parameters: arena.parameters, isExempt: { _ in false })
        var probe = Probe(6)
        let values = probe.values(12)
        let edges = Edges(
            nodes: 12, from: (0..<12).map { Int32(($0 + 5) % 12) }, to: (0..<12).map(Int32.init))
        let targets: [Float] = (0..<12).map { values[($0 + 5) % 12] > 0 ? 1 : 0 }
        var losses: [Float] = []
        for _ in 0..<80 {
            arena.zeroGradients()
            let context = context(.training, records: true)
            let x = context.tensor(values, shape: [12, 1])
            let hidden = context.activation(first(x, edges, context), .elu)
            let logits = second(hidden, Edges.complete(.singles(12)), context)
            let loss = context.binaryCrossEntropy(logits: logits, targets: targets)
            losses.append(loss.total.item)
            context.backward(from: loss.total)
            optimizer.step(
                values: arena.values, gradients: UnsafeBufferPointer(arena.gradients), scale: 1 / 12,
                participating: arena.receivedGradient)
        }
        #expect(losses[79] < losses[0] / 3, "\(losses[0]) \(losses[79])")
    }

    /// PyTorch's leaky_relu has its slope below zero at zero, too; nodes without content have such scores.
    @Test func aScoreOfZeroHasTheSlopeBelowZero() throws {
        let context = context(records: true)
        let h = context.variable([0, 0, 1], shape: [3, 1]), one = context.tensor([1], shape: [1])
        let y = context.graphAttention(
            h, source: one, target: one, Edges(nodes: 3, from: [1, 2], to: [0, 0]), heads: 1)
        context.backward(from: context.sum(y))
        // α = softmax(0, 1); y₀ = α₂, so that ∂y₀/∂h₁ = α₁ − 0.2 α₁ α₂.
        let second = 1 / (1 + exp(Float(-1))), first = 1 - second
        let gradient = try #require(h.gradient)
        #expect(abs(gradient[1] - (first - 0.2 * first * second)) < 1e-6)
    }

    @Test func refusesEdgesAndShapesThatDoNotFit() async {
        await #expect(processExitsWith: .failure) { _ = Edges(nodes: 2, from: [0], to: [2]) }
        await #expect(processExitsWith: .failure) { _ = Edges(nodes: 2, from: [0, 1], to: [1]) }
        await #expect(processExitsWith: .failure) {
            let context = context()
            _ = context.graphConvolution(context.tensor([1], shape: [1, 1]), .complete(.singles(2)))
        }
        await #expect(processExitsWith: .failure) {
            let context = context(), x = context.tensor([1, 2, 3], shape: [1, 3])
            _ = context.graphAttention(x, source: x, target: x, .complete(.singles(1)), heads: 2)
        }
        await #expect(processExitsWith: .failure) {
            _ = GraphAttention(2, 2, heads: 2, style: .pyHealth, parameters: ParameterBuilder(seed: 1))
        }
    }
}
