import Foundation
import Layers
import Tensors
import Testing

@Suite struct OperationTests {
    private let segments = Segments(lengths: [2, 0, 3])

    @Test func segmentsTellTheirRows() {
        #expect(segments.count == 3 && segments.total == 5 && segments.longest == 3)
        #expect(segments[0] == 0..<2 && segments[1].isEmpty && segments[2] == 2..<5)
        #expect(Segments(offsets: [0, 2, 2, 5]) == segments)
        #expect(Segments.singles(3).offsets == [0, 1, 2, 3])
    }

    @Test func refusesFallingOffsets() async {
        await #expect(processExitsWith: .failure) { _ = Segments(offsets: [0, 3, 2]) }
        await #expect(processExitsWith: .failure) { _ = Segments(offsets: [1, 2]) }
    }

    @Test func pickingAndSummingRows() {
        let context = context()
        let x = context.tensor([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], shape: [5, 2])
        #expect(context.first(x, segments).array == [1, 2, 0, 0, 5, 6])
        #expect(context.last(x, segments).array == [3, 4, 0, 0, 9, 10])
        #expect(context.reversed(x, segments).array == [3, 4, 1, 2, 9, 10, 7, 8, 5, 6])
        #expect(context.segmentSum(x, segments).array == [4, 6, 0, 0, 21, 24])
        #expect(context.segmentMean(x, segments).array == [2, 3, 0, 0, 7, 8])
        let valid = [false, false, true, false, true]
        #expect(context.segmentMean(x, segments, valid: valid).array == [0, 0, 0, 0, 7, 8])
        #expect(context.keepRows(x, where: valid).array == [0, 0, 0, 0, 5, 6, 0, 0, 9, 10])
        let weights = context.tensor([1, 0, 2, 0, -1], shape: [5, 1])
        #expect(context.weightedSegmentSum(x, weights: weights, segments).array == [1, 2, 0, 0, 1, 2])
        #expect(context.columns(x, 1..<2).array == [2, 4, 6, 8, 10])
        #expect(
            context.concatenate([context.columns(x, 1..<2), context.columns(x, 0..<1)]).array[..<4] == [
                2, 1, 4, 3,
            ])
    }

    @Test func embeddingsSumAndAverageTheirRows() {
        let context = context()
        let table = context.tensor([9, 9, 1, 2, 3, 4], shape: [3, 2])
        #expect(context.embedding(table, [2, 0, 1]).array == [3, 4, 0, 0, 1, 2])
        #expect(context.embeddingSum(table, [1, 2, 0, 1, 2], segments).array == [4, 6, 0, 0, 4, 6])
        #expect(context.embeddingMean(table, [0, 2, 0, 1, 2], segments).array == [3, 4, 0, 0, 2, 3])
        #expect(context.embeddingMean(table, [0, 0, 0, 0, 0], segments).array.allSatisfy { $0 == 0 })
    }

    @Test func segmentSoftmaxSumsToOne() {
        let context = context()
        for columns in [1, 3, 20] {
            var probe = Probe(UInt64(columns))
            let x = context.tensor(probe.values(5 * columns, to: 30), shape: [5, columns])
            let sums = context.segmentSum(context.segmentSoftmax(x, segments), segments).array
            #expect(sums[..<columns].allSatisfy { abs($0 - 1) < 1e-6 })
            #expect(sums[(2 * columns)...].allSatisfy { abs($0 - 1) < 1e-6 })
        }
    }

    @Test func attentionFollowsItsFormula() {
        let valid = [true, true, true, false, true]
        var probe = Probe(8)
        let q = probe.values(20), k = probe.values(20), v = probe.values(20)
        let context = context()
        let y = context.attention(
            query: context.tensor(q, shape: [5, 4]), key: context.tensor(k, shape: [5, 4]),
            value: context.tensor(v, shape: [5, 4]), heads: 2, segments: segments, valid: valid
        ).array
        var expected = [Double](repeating: 0, count: 20)
        for sample in 0..<3 {
            for i in segments[sample] {
                for head in 0..<2 {
                    let columns = head * 2..<head * 2 + 2
                    let weights = segments[sample].map { j -> Double in
                        let score = columns.reduce(0.0) { $0 + Double(q[i * 4 + $1]) * Double(k[j * 4 + $1]) }
                        return valid[i] && valid[j] ? exp(score / 2.0.squareRoot()) : valid[i] ? 0 : 1
                    }
                    let total = weights.reduce(0, +)
                    for (j, weight) in zip(segments[sample], weights) {
                        for c in columns { expected[i * 4 + c] += weight / total * Double(v[j * 4 + c]) }
                    }
                }
            }
        }
        #expect(largestDifference(y, expected) < 1e-6)
    }

    @Test func crossAttentionFollowsItsFormula() {
        let keySegments = Segments(lengths: [3, 2, 0]), keyValid = [true, false, true, true, true]
        var probe = Probe(18)
        let q = probe.values(20), k = probe.values(20), v = probe.values(20)
        let context = context()
        let y = context.crossAttention(
            query: context.tensor(q, shape: [5, 4]), key: context.tensor(k, shape: [5, 4]),
            value: context.tensor(v, shape: [5, 4]), heads: 2, segments: segments, keySegments: keySegments,
            keyValid: keyValid
        ).array
        var expected = [Double](repeating: 0, count: 20)
        for sample in 0..<3 {
            for i in segments[sample] {
                for column in stride(from: 0, to: 4, by: 2) {
                    let weights = keySegments[sample].map { j -> Double in
                        let score = (column..<column + 2).reduce(0.0) {
                            $0 + Double(q[i * 4 + $1]) * Double(k[j * 4 + $1])
                        }
                        return keyValid[j] ? exp(score / 2.0.squareRoot()) : 0
                    }
                    let total = weights.reduce(0, +)
                    for (j, weight) in zip(keySegments[sample], weights) {
                        for c in column..<column + 2 {
                            expected[i * 4 + c] += weight / total * Double(v[j * 4 + c])
                        }
                    }
                }
            }
        }
        #expect(largestDifference(y, expected) < 1e-6)
        // the last sample has no keys
        #expect(y[8...].allSatisfy { $0 == 0 } && y[..<8].allSatisfy { $0 != 0 })
    }

    @Test func crossAttentionToTheSameStepsIsAttention() {
        var probe = Probe(19)
        let context = context(), x = context.tensor(probe.values(40), shape: [5, 8])
        let same = context.attention(query: x, key: x, value: x, heads: 2, segments: segments)
        let crossed = context.crossAttention(
            query: x, key: x, value: x, heads: 2, segments: segments, keySegments: segments)
        #expect(crossed.array.map(\.bitPattern) == same.array.map(\.bitPattern))
    }

    @Test func lossesAreSumsOverSamples() {
        let context = context()
        let logits = context.tensor([0.5, -2, 30, -200], shape: [2, 2])
        let loss = context.binaryCrossEntropy(logits: logits, targets: [1, 0, 0, 0], positiveWeight: [2])
        let softplus = { (x: Double) in max(x, 0) + log1p(exp(-abs(x))) }
        let first = (2 * softplus(-0.5) + softplus(-2)) / 2, second = (softplus(30) + softplus(-200)) / 2
        #expect(abs(Double(loss.total.item) - first - second) < 1e-5 && loss.count == 2)
        #expect(abs(Double(loss.perSample[0]) - first) < 1e-6)
        let entropy = context.crossEntropy(logits: logits, labels: [1, 0])
        #expect(abs(Double(entropy.perSample[0]) - softplus(2.5)) < 1e-6 && entropy.perSample[1] == 0)
        let squared = context.meanSquaredError(predictions: logits, targets: [0, 0, 30, -199])
        #expect(squared.perSample == [2.125, 0.5])
    }

    @Test func refusesShapesThatDoNotFit() async {
        await #expect(processExitsWith: .failure) {
            let context = context()
            _ = context.add(context.tensor([1], shape: [1, 1]), context.tensor([1, 2], shape: [1, 2]))
        }
        await #expect(processExitsWith: .failure) { _ = context().tensor([1, 2, 3], shape: [2, 2]) }
        await #expect(processExitsWith: .failure) {
            let context = context(), x = context.tensor([1, 2], shape: [2, 1])
            _ = context.crossAttention(
                query: x, key: x, value: x, heads: 1, segments: Segments(lengths: [2]),
                keySegments: Segments(lengths: [1, 1]))
        }
        await #expect(processExitsWith: .failure) {
            let context = context()
            _ = context.segmentSum(context.tensor([1], shape: [1, 1]), Segments(lengths: [2]))
        }
    }

    @Test func fingerprintIsRepeatable() {
        #expect(NumericFingerprint.current() == NumericFingerprint.current())
    }
}
