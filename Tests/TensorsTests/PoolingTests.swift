import Tensors
import Testing

private let ragged = Segments(lengths: [3, 0, 17, 1, 9])

/// x moved apart by 2.6 within every column, so that no step changes which value is the largest.
private func spaced(_ context: Context, _ x: Tensor) -> Tensor {
    let levels = (0..<x.count).map { Float(($0 / x.columns * 7 + $0 % x.columns) % x.rows) }
    return context.add(x, context.tensor(levels.map { 2.6 * $0 }, shape: x.shape))
}

private let gradients = [
    GradientCase("maxPool1d", [[30, 3]]) {
        $0.maxPool1d(spaced($0, $1[0]), ragged, kernel: 3, stride: 2, padding: 1).y
    },
    GradientCase("maxPool2d", [[1, 5, 6, 3]]) {
        $0.maxPool2d(spaced($0, $1[0]), kernel: Extent(2, 3), stride: 1)
    },
    GradientCase("adaptiveMaxPool1d", [[30, 4]]) {
        $0.adaptiveMaxPool1d(spaced($0, $1[0]), ragged, size: 4)
    },
    GradientCase("adaptiveMaxPool2d", [[1, 5, 6, 3]]) {
        $0.adaptiveMaxPool2d(spaced($0, $1[0]), size: Extent(2, 3))
    },
    GradientCase("averagePool1d", [[30, 3]]) {
        $0.averagePool1d($1[0], ragged, kernel: 3, stride: 2, padding: 1).y
    },
    GradientCase("averagePool1d without padding's zeros", [[30, 19]]) {
        $0.averagePool1d($1[0], ragged, kernel: 3, stride: 1, padding: 1, countsPadding: false).y
    },
    GradientCase("averagePool2d", [[2, 5, 6, 3]]) {
        $0.averagePool2d($1[0], kernel: Extent(2, 3), stride: 1)
    },
    GradientCase("adaptiveAveragePool1d", [[30, 4]]) { $0.adaptiveAveragePool1d($1[0], ragged, size: 4) },
    GradientCase("adaptiveAveragePool2d", [[2, 5, 7, 3]]) {
        $0.adaptiveAveragePool2d($1[0], size: Extent(2, 3))
    },
]

@Suite struct PoolingTests {
    @Test(arguments: gradients)
    func pullbackEqualsDifferenceQuotient(_ operation: GradientCase) {
        for seed in [UInt64(1), 2] {
            let error = operation.largestError(seed: seed)
            #expect(error < 2e-4, "seed \(seed): relative error \(error)")
        }
    }

    /// A difference quotient would step over the kinks: the chosen values are known here.
    @Test func theGradientOfAMaximumGoesToTheFirstOfTheLargest() {
        let context = context(.training, records: true)
        let x = context.variable([1, 5, 2, 5, 5, 0, 7, -1], shape: [8, 1])
        let (y, segments) = context.maxPool1d(
            x, Segments(lengths: [5, 3]), kernel: 3, stride: 2, padding: 1)
        #expect(y.array == [5, 5, 5, 7, 7] && segments.offsets == [0, 3, 5])
        let weights = context.tensor([1, 2, 4, 8, 16], shape: [5, 1])
        context.backward(from: context.sum(context.multiply(y, weights)))
        #expect(x.gradient == [0, 3, 0, 4, 0, 0, 24, 0])
    }

    @Test func poolsImages() {
        let context = context(.training, records: true)
        let x = context.variable((0..<32).map { Float($0 * 7 % 32) }, shape: [1, 4, 4, 2])
        let y = context.maxPool2d(x, kernel: 2)
        #expect(y.shape == [1, 2, 2, 2])
        #expect(y.array == largest(x.array))
        context.backward(from: context.sum(y))
        #expect(x.gradient?.reduce(0, +) == 8)
        #expect(context.averagePool2d(x, kernel: 4).array == [means(x.array, 0), means(x.array, 1)])
        #expect(
            context.adaptiveAveragePool2d(x, size: 1).array
                == context.averagePool2d(x, kernel: 4).array)
        #expect(context.adaptiveMaxPool2d(x, size: 2).array == largest(x.array))
    }

    private func largest(_ x: [Float]) -> [Float] {
        var y: [Float] = []
        for v in 0..<2 {
            for u in 0..<2 {
                for c in 0..<2 {
                    let window = [(0, 0), (0, 1), (1, 0), (1, 1)].map {
                        x[((2 * v + $0) * 4 + 2 * u + $1) * 2 + c]
                    }
                    y.append(window.reduce(-.infinity, max))
                }
            }
        }
        return y
    }

    private func means(_ x: [Float], _ channel: Int) -> Float {
        (0..<16).reduce(0) { $0 + x[$1 * 2 + channel] } / 16
    }

    @Test func averagesCountThePaddingUnlessToldNotTo() {
        let context = context()
        let x = context.tensor([2, 4, 6], shape: [3, 1]), segments = Segments(lengths: [3])
        let pool = { (counts: Bool) in
            context.averagePool1d(x, segments, kernel: 2, stride: 2, padding: 1, countsPadding: counts).y
                .array
        }
        #expect(pool(true) == [1, 5] && pool(false) == [2, 5])
    }

    @Test func adaptivePartsOverlapAsTheyMust() {
        let context = context()
        let x = context.tensor([1, 2, 3, 4, 5, 9], shape: [6, 1]), segments = Segments(lengths: [5, 0, 1])
        #expect(
            context.adaptiveAveragePool1d(x, segments, size: 2).array == [2, 4, 0, 0, 9, 9])
        #expect(context.adaptiveMaxPool1d(x, segments, size: 1).array == [5, 0, 9])
    }

    @Test func nanIsTheLargest() {
        let context = context()
        let x = context.tensor([1, .nan, 3], shape: [3, 1])
        #expect(context.adaptiveMaxPool1d(x, Segments(lengths: [3]), size: 1).array[0].isNaN)
    }

    @Test func aSampleHasTheSameBitsAloneAndInAnyBatch() {
        var probe = Probe(5)
        let lengths = [2, 61, 5, 1, 30], segments = Segments(lengths: lengths)
        let x = probe.values(segments.total * 21)
        let run = { (sample: Range<Int>) -> [UInt32] in
            let rows = Int(segments.offsets[sample.lowerBound])..<Int(segments.offsets[sample.upperBound])
            let context = context(), part = Segments(lengths: Array(lengths[sample]))
            let input = context.tensor(
                Array(x[rows.lowerBound * 21..<rows.upperBound * 21]), shape: [rows.count, 21])
            return [
                context.averagePool1d(input, part, kernel: 3, stride: 2, padding: 1).y,
                context.maxPool1d(input, part, kernel: 3, stride: 2, padding: 1).y,
            ].flatMap { $0.array.map(\.bitPattern) }
        }
        let count = { (sample: Int) in run(sample..<sample + 1).count / 2 }
        let all = run(0..<5)
        let means = (0..<5).flatMap { Array(run($0..<$0 + 1).prefix(count($0))) }
        let largest = (0..<5).flatMap { Array(run($0..<$0 + 1).suffix(count($0))) }
        #expect(all == means + largest)
    }

    @Test func refusesShapesThatDoNotFit() async {
        await #expect(processExitsWith: .failure) {
            let context = context()
            _ = context.maxPool2d(context.tensor([1], shape: [1, 1]), kernel: 2)
        }
        await #expect(processExitsWith: .failure) {
            let context = context()
            let x = context.tensor([1, 2], shape: [2, 1])
            _ = context.maxPool1d(x, Segments(lengths: [2]), kernel: 2, padding: 2)
        }
    }
}
