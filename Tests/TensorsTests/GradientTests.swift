import Layers
import Tensors
import Testing

private let ragged = Segments(lengths: [3, 0, 5, 1, 2])
private let otherRagged = Segments(lengths: [2, 3, 0, 4, 1])
private let indices: [Int32] = [1, 0, 3, 3, 2, 4, 1, 0, 1, 2, 4]
private let valid = [true, false, true, true, true, false, true, true, false, true, true]

/// x moved apart by 2.6 within every row and every segment of a `[11, 6]` matrix, so that no step changes the order.
private func spaced(_ context: Context, _ x: Tensor) -> Tensor {
    let levels: [Int] = (0..<x.count).map { ($0 * 5 + $0 / 6) % 6 }
    let offsets: [Float] = levels.map { 2.6 * Float($0) }
    return context.add(x, context.tensor(offsets, shape: x.shape))
}

/// 0.1 x in some columns of every row, 1 less in the others, so that no step changes who has a share.
private func withSupport(_ context: Context, _ x: Tensor) -> Tensor {
    let width = x.columns
    let offsets: [Float] = (0..<x.count).map { ($0 + $0 / width) % 3 == 0 ? 0 : -1 }
    return context.add(context.scale(x, 0.1), context.tensor(offsets, shape: x.shape))
}

private let everyThird = (0..<105).map { $0 % 3 != 1 }
private let targets: [Float] = (0..<16).map { $0 % 3 == 0 ? 1 : 0 }

private let elementwise =
    Activation.allCases.map { function in
        GradientCase("activation \(function)", [[5, 7]]) { $0.activation($1[0], function) }
    } + [
        GradientCase("add", [[3, 7], [3, 7]]) { $0.add($1[0], $1[1]) },
        GradientCase("add of a tensor to itself", [[3, 7]]) { $0.add($1[0], $1[0]) },
        GradientCase("subtract", [[3, 7], [3, 7]]) { $0.subtract($1[0], $1[1]) },
        GradientCase("multiply", [[3, 7], [3, 7]]) { $0.multiply($1[0], $1[1]) },
        GradientCase("square by multiply", [[3, 19]]) { $0.multiply($1[0], $1[0]) },
        GradientCase("exp", [[3, 19]]) { $0.exp($1[0]) },
        GradientCase("log", [[3, 19]]) { $0.log($0.multiply($1[0], $1[0])) },
        GradientCase("squareRoot", [[3, 19]]) { $0.squareRoot($0.exp($1[0])) },
        GradientCase("divide", [[3, 19], [3, 19]]) { $0.divide($1[0], $0.exp($1[1])) },
        GradientCase("divide a tensor by itself and more", [[3, 7]]) { $0.divide($1[0], $0.exp($1[0])) },
        GradientCase("scale", [[3, 7]]) { $0.scale($1[0], -1.5) },
        GradientCase("addRow", [[5, 18], [18]]) { $0.addRow($1[0], $1[1]) },
        GradientCase("scaleRows", [[5, 18], [5, 1]]) { $0.scaleRows($1[0], $1[1]) },
        GradientCase("keepRows", [[11, 3]]) { $0.keepRows($1[0], where: valid) },
        GradientCase("dropout", [[9, 21]]) { $0.dropout($1[0], 0.4) },
        GradientCase("sum", [[9, 21]]) { $0.sum($1[0]) },
        GradientCase("mean", [[9, 21]]) { $0.mean($1[0]) },
        GradientCase("rowSum", [[9, 21]]) { $0.rowSum($1[0]) },
        GradientCase("rowMean", [[9, 21]]) { $0.rowMean($1[0]) },
        GradientCase("choose", [[5, 21], [5, 21]]) { $0.choose($1[0], where: everyThird, else: $1[1]) },
        GradientCase("choose of a tensor from itself", [[5, 21]]) {
            $0.choose($1[0], where: everyThird, else: $1[0])
        },
        GradientCase("maximum", [[11, 6]]) { $0.maximum(spaced($0, $1[0]), $0.scale(spaced($0, $1[0]), -2)) },
        GradientCase("minimum", [[11, 6]]) { $0.minimum(spaced($0, $1[0]), $0.scale(spaced($0, $1[0]), -2)) },
    ]

private let matrices = [
    GradientCase("linear", [[6, 19], [7, 19], [7]]) { $0.linear($1[0], $1[1], $1[2]) },
    GradientCase("linear without bias", [[6, 19], [7, 19]], mode: .evaluation) { $0.linear($1[0], $1[1]) },
    GradientCase("linear to one column", [[6, 19], [1, 19], [1]]) { $0.linear($1[0], $1[1], $1[2]) },
    GradientCase("matmul", [[6, 5], [5, 7]]) { $0.matmul($1[0], $1[1]) },
    GradientCase("matmul aᵀ b", [[5, 6], [5, 7]]) { $0.matmul($1[0], $1[1], transposeA: true) },
    GradientCase("matmul a bᵀ", [[6, 5], [7, 5]]) { $0.matmul($1[0], $1[1], transposeB: true) },
    GradientCase("matmul aᵀ bᵀ", [[5, 6], [7, 5]], mode: .evaluation) {
        $0.matmul($1[0], $1[1], transposeA: true, transposeB: true)
    },
]

private let rows = [
    GradientCase("softmax", [[5, 21]]) { $0.softmax($1[0]) },
    GradientCase("logSoftmax", [[5, 21]]) { $0.logSoftmax($1[0]) },
    GradientCase("softmax of valid elements", [[5, 21]]) { $0.softmax($1[0], valid: everyThird) },
    GradientCase("logSoftmax of valid elements", [[5, 21]]) {
        // −∞ elsewhere cannot be weighed
        $0.choose($0.logSoftmax($1[0], valid: everyThird), where: everyThird, else: $1[0])
    },
    GradientCase("sparsemax", [[9, 7]]) { $0.sparsemax(withSupport($0, $1[0])) },
    GradientCase("layerNorm", [[5, 21], [21], [21]]) { $0.layerNorm($1[0], $1[1], $1[2]) },
    GradientCase("concatenate", [[5, 3], [5, 17]]) { $0.concatenate([$1[0], $1[1], $1[0]]) },
    GradientCase("columns", [[5, 20]]) { $0.columns($1[0], 2..<19) },
    GradientCase("gatherRows", [[5, 18]]) { $0.gatherRows($1[0], rows: [4, -1, 0, 4, 2]) },
    GradientCase("scatterAddRows", [[5, 18]]) {
        $0.scatterAddRows($1[0], rows: [2, -1, 0, 2, 3], count: 4)
    },
    GradientCase("scatterAddRows of a tensor used twice", [[5, 18]]) {
        $0.add($0.scatterAddRows($1[0], rows: [2, -1, 0, 2, 3], count: 5), $1[0])
    },
    GradientCase("gatherColumns", [[3, 18]]) {
        $0.gatherColumns($1[0], places: [17, 0, 0, 3, 2, 1], count: 2)
    },
    GradientCase("sort", [[11, 6]]) { $0.sort(spaced($0, $1[0])).values },
    GradientCase("sort ascending", [[11, 6]]) { $0.sort(spaced($0, $1[0]), descending: false).values },
    GradientCase("topK", [[11, 6]]) { $0.topK(spaced($0, $1[0]), 2).values },
    GradientCase("rowMax", [[11, 6]]) { $0.rowMax(spaced($0, $1[0])).values },
    GradientCase("rowMin", [[11, 6]]) { $0.rowMin(spaced($0, $1[0])).values },
    GradientCase("embedding", [[5, 18]]) { $0.embedding($1[0], indices) },
    GradientCase("embeddingSum", [[5, 18]]) { $0.embeddingSum($1[0], indices, ragged) },
    GradientCase("embeddingMean", [[5, 18]]) { $0.embeddingMean($1[0], indices, ragged) },
]

private let segments = [
    GradientCase("first", [[11, 5]]) { $0.first($1[0], ragged) },
    GradientCase("last", [[11, 5]]) { $0.last($1[0], ragged) },
    GradientCase("reversed", [[11, 5]]) { $0.reversed($1[0], ragged) },
    GradientCase("segmentSum", [[11, 18]]) { $0.segmentSum($1[0], ragged) },
    GradientCase("segmentMean", [[11, 18]]) { $0.segmentMean($1[0], ragged) },
    GradientCase("segmentMean of valid rows", [[11, 18]]) { $0.segmentMean($1[0], ragged, valid: valid) },
    GradientCase("weightedSegmentSum", [[11, 18], [11, 1]]) {
        $0.weightedSegmentSum($1[0], weights: $1[1], ragged)
    },
    GradientCase("segmentSoftmax of one column", [[11, 1]]) { $0.segmentSoftmax($1[0], ragged) },
    GradientCase("segmentSoftmax", [[11, 18]]) { $0.segmentSoftmax($1[0], ragged) },
    GradientCase("segmentSoftmax of valid rows", [[11, 18]]) {
        $0.segmentSoftmax($1[0], ragged, valid: valid)
    },
    GradientCase("segmentLogSoftmax of one column", [[11, 1]]) { $0.segmentLogSoftmax($1[0], ragged) },
    GradientCase("segmentLogSoftmax", [[11, 18]]) { $0.segmentLogSoftmax($1[0], ragged) },
    GradientCase("segmentMax", [[11, 6]]) { $0.segmentMax(spaced($0, $1[0]), ragged).values },
    GradientCase("segmentMin", [[11, 6]]) { $0.segmentMin(spaced($0, $1[0]), ragged).values },
    GradientCase("attention", [[11, 8], [11, 8], [11, 8]]) {
        $0.attention(query: $1[0], key: $1[1], value: $1[2], heads: 2, segments: ragged)
    },
    GradientCase("attention with invalid steps and dropout", [[11, 8], [11, 8], [11, 8]]) {
        $0.attention(
            query: $1[0], key: $1[1], value: $1[2], heads: 2, segments: ragged, valid: valid, dropout: 0.3)
    },
    GradientCase("crossAttention", [[11, 8], [10, 8], [10, 8]]) {
        $0.crossAttention(
            query: $1[0], key: $1[1], value: $1[2], heads: 2, segments: ragged, keySegments: otherRagged)
    },
    GradientCase("crossAttention with invalid keys and dropout", [[11, 8], [10, 8], [10, 8]]) {
        $0.crossAttention(
            query: $1[0], key: $1[1], value: $1[2], heads: 2, segments: ragged, keySegments: otherRagged,
            keyValid: Array(valid[..<10]), dropout: 0.3)
    },
    GradientCase("crossAttention with invalid queries", [[11, 8], [10, 8], [10, 8]]) {
        $0.crossAttention(
            query: $1[0], key: $1[1], value: $1[2], heads: 2, segments: ragged, keySegments: otherRagged,
            valid: (0..<11).map { $0 % 3 != 1 }, keyValid: (0..<10).map { $0 % 4 != 1 })
    },
    GradientCase("crossAttention within one tensor", [[11, 8]]) {
        let keys = Segments(lengths: [1, 4, 0, 2, 4])
        return $0.crossAttention(
            query: $1[0], key: $1[0], value: $1[0], heads: 2, segments: ragged, keySegments: keys)
    },
    GradientCase("attention of a tensor with itself", [[11, 6]], mode: .evaluation) {
        $0.attention(query: $1[0], key: $1[0], value: $1[0], heads: 1, segments: ragged, valid: valid)
    },
]

private let losses = [
    GradientCase("binaryCrossEntropy", [[5, 3]]) {
        $0.binaryCrossEntropy(logits: $1[0], targets: (0..<15).map { Float($0 % 2) }).total
    },
    GradientCase("binaryCrossEntropy with positive weights", [[5, 3]]) {
        $0.binaryCrossEntropy(
            logits: $1[0], targets: (0..<15).map { Float($0 % 2) }, positiveWeight: [3, 1, 0.5]
        ).total
    },
    GradientCase("crossEntropy", [[5, 4]]) { $0.crossEntropy(logits: $1[0], labels: [0, 3, 1, 1, 2]).total },
    GradientCase("hinge", [[2, 8]]) {
        $0.hinge(scores: $0.scale($1[0], 0.8), targets: targets).total
    },
    GradientCase("hinge, partly beyond the margin", [[2, 8]]) {
        $0.hinge(scores: withSupport($0, $1[0]), targets: targets, margin: 0.5).total
    },
    GradientCase("multilabelMargin", [[2, 8]]) {
        $0.multilabelMargin(scores: $0.scale($1[0], 0.4), targets: targets).total
    },
    GradientCase("multilabelMargin, partly beyond the margin", [[3, 6]]) {
        let labels: [Float] = (0..<18).map { $0 % 6 < 2 ? 1 : 0 }
        return $0.multilabelMargin(scores: spaced($0, $1[0]), targets: labels).total
    },
    GradientCase("meanSquaredError", [[5, 2]]) {
        $0.meanSquaredError(predictions: $1[0], targets: (0..<10).map { Float($0) / 5 }).total
    },
]

private let recurrent = RecurrentCell.allCases.flatMap { cell -> [GradientCase] in
    let rows = cell.gates * 5
    let weights = [[rows, 3], [rows, 5], [rows], [rows]]
    let direction = { @Sendable (t: ArraySlice<Tensor>, reversed: Bool) in
        let first = t.startIndex
        return RecurrentWeights(
            input: t[first], hidden: t[first + 1], inputBias: t[first + 2], hiddenBias: t[first + 3],
            reversed: reversed)
    }
    return [
        GradientCase("recurrent \(cell)", [[11, 3]] + weights) {
            $0.recurrent(cell, $1[0], ragged, [direction($1[1...4], false)])
        },
        GradientCase(
            "recurrent \(cell) in both directions", [[11, 3]] + weights + weights, mode: .evaluation
        ) {
            $0.recurrent(cell, $1[0], ragged, [direction($1[1...4], false), direction($1[5...8], true)])
        },
        GradientCase("recurrent \(cell), final states", [[11, 3]] + weights + weights, mode: .evaluation) {
            $0.recurrent(
                cell, $1[0], ragged, [direction($1[1...4], false), direction($1[5...8], true)],
                onlyFinal: true)
        },
    ]
}

@Suite struct GradientTests {
    /// Float results and a fourth-order quotient agree to a few 1e-5 of the terms' size; a wrong term is far above.
    @Test(arguments: elementwise + matrices + rows + segments + losses + recurrent)
    func pullbackEqualsDifferenceQuotient(_ operation: GradientCase) {
        for seed in [UInt64(1), 2] {
            let error = operation.largestError(seed: seed)
            #expect(error < 2e-4, "seed \(seed): relative error \(error)")
        }
    }

    @Test func wrongPullbackIsNoticed() {
        // the quotient sees a² + a, the tape only a constant copy's share
        let wrong = GradientCase("wrong", [[3, 7]]) { context, inputs in
            context.multiply(inputs[0], context.tensor(inputs[0].array, shape: [3, 7]))
        }
        #expect(wrong.largestError(seed: 1) > 0.01)
    }

    @Test func usedTwiceAddsBothGradients() {
        let context = context(.training, records: true)
        let x = context.variable([2], shape: [1, 1])
        context.backward(from: context.sum(context.add(context.scale(x, 3), context.multiply(x, x))))
        #expect(x.gradient == [7])
    }

    @Test func inputsWithoutUseHaveNoGradient() {
        let context = context(.training, records: true)
        let x = context.variable([2], shape: [1, 1]), unused = context.variable([2], shape: [1, 1])
        context.backward(from: context.sum(x))
        #expect(x.gradient == [1] && unused.gradient == nil)
    }
}
