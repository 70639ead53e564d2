import Layers
import Tensors
import Testing

/// A small net over ragged samples with every operation that mixes rows.
private struct EveryOperation {
    let arena: ParameterArena
    private let table: Embedding
    private let recurrent: [Recurrent]
    private let norm: LayerNorm
    private let projections: [Linear]
    private let score: Linear
    private let output: Linear

    init() {
        let builder = ParameterBuilder(seed: 2)
        table = Embedding(40, 24, parameters: builder["table"])
        recurrent = RecurrentCell.allCases.map {
            Recurrent($0, inputSize: 24, hiddenSize: 20, bidirectional: true, parameters: builder["\($0)"])
        }
        norm = LayerNorm(24, parameters: builder["norm"])
        projections = (0..<3).map { Linear(24, 24, bias: false, parameters: builder["p\($0)"]) }
        score = Linear(40, 1, parameters: builder["score"])
        output = Linear(24 * 10 + 40 * 3, 2, parameters: builder["output"])
        arena = builder.build()
    }

    func callAsFunction(_ samples: [[Int32]]) -> [[UInt32]] {
        let context = context(.evaluation)
        let codes = samples.flatMap { $0 }, segments = Segments(lengths: samples.map(\.count))
        let x = table.lookup(codes, context), n = norm(x, context)
        let qkv = projections.map { $0(n, context) }
        let mixed = context.attention(
            query: qkv[0], key: qkv[1], value: qkv[2], heads: 3, segments: segments,
            valid: codes.map { $0 != 0 })
        var parts = [
            context.first(mixed, segments), table.mean(codes, segments, context),
            context.segmentMean(context.activation(mixed, .gelu), segments),
        ]
        parts.append(context.segmentMax(mixed, segments).values)
        parts.append(context.segmentMin(context.activation(n, .softplus), segments).values)
        parts.append(context.segmentSum(context.sparsemax(x), segments))
        let known = codes.map { $0 % 3 != 0 }
        parts.append(
            context.segmentSum(
                context.multiply(n, context.segmentSoftmax(x, segments, valid: known)), segments))
        parts.append(context.first(context.segmentLogSoftmax(x, segments), segments))
        parts.append(context.last(context.sort(x).values, segments))
        // to the last three steps of every sample
        let ends = (0..<segments.count).map { segments[$0].suffix(3) }
        let recent = context.gatherRows(n, rows: ends.flatMap { $0.map(Int32.init) })
        let crossed = context.crossAttention(
            query: qkv[0], key: recent, value: recent, heads: 3, segments: segments,
            keySegments: Segments(lengths: ends.map(\.count)))
        parts.append(context.segmentMean(crossed, segments))
        for net in recurrent {
            let states = net(x, segments, context)
            let weights = context.segmentSoftmax(score(states, context), segments)
            parts.append(context.weightedSegmentSum(states, weights: weights, segments))
        }
        let logits = context.softmax(output(context.concatenate(parts), context)).array.map(\.bitPattern)
        return samples.indices.map { Array(logits[2 * $0..<2 * $0 + 2]) }
    }
}

@Suite struct BatchIndependenceTests {
    @Test(arguments: [UInt64(1), 2, 3])
    func aSampleHasTheSameBitsAloneAndInAnyBatch(_ seed: UInt64) {
        let net = EveryOperation()
        var probe = Probe(seed)
        let samples = probe.lengths(37, upTo: 70, allowingEmpty: false).map { probe.integers($0, below: 40) }
        let alone = samples.map { net([$0])[0] }
        #expect(Set(alone).count == samples.count)
        #expect(net(samples) == alone)
        #expect(net(samples.reversed()) == alone.reversed())
        #expect(net(Array(samples[5..<12])) == Array(alone[5..<12]))
    }
}
