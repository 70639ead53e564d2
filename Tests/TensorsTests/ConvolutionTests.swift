import Kernels
import Tensors
import Testing

/// A convolution by its definition, in double precision, over images in the channels-last layout.
private struct Definition {
    var image = Extent(1, 1)
    var channels = 1
    var outputs = 1
    var kernel = Extent(1, 1)
    var stride: Extent = 1
    var before: Extent = 0
    var after: Extent = 0
    var dilation: Extent = 1
    var groups = 1

    func callAsFunction(_ x: ArraySlice<Float>, _ weight: [Float], _ bias: [Float]) -> [Double] {
        let x = Array(x)
        let span = { (length: Int, kernel: Int, stride: Int, dilation: Int) in
            max(0, (length - dilation * (kernel - 1) - 1 + stride) / stride)
        }
        let height = span(
            image.height + before.height + after.height, kernel.height, stride.height, dilation.height)
        let width = span(
            image.width + before.width + after.width, kernel.width, stride.width, dilation.width)
        let depth = channels / groups
        var y: [Double] = []
        for v in 0..<height {
            for u in 0..<width {
                for o in 0..<outputs {
                    var sum = Double(bias[o])
                    let first = o / (outputs / groups) * depth
                    for i in 0..<kernel.height {
                        for j in 0..<kernel.width {
                            let line = v * stride.height + i * dilation.height - before.height
                            let column = u * stride.width + j * dilation.width - before.width
                            guard line >= 0, line < image.height, column >= 0, column < image.width else {
                                continue
                            }
                            for c in 0..<depth {
                                let w = weight[((o * depth + c) * kernel.height + i) * kernel.width + j]
                                sum +=
                                    Double(x[(line * image.width + column) * channels + first + c])
                                    * Double(w)
                            }
                        }
                    }
                    y.append(sum)
                }
            }
        }
        return y
    }
}

private let ragged = Segments(lengths: [3, 0, 17, 1, 9])
private let long = Segments(lengths: [23, 19, 21])

private let gradients = [
    GradientCase("conv1d", [[30, 3], [4, 3, 3], [4]]) {
        $0.conv1d($1[0], ragged, $1[1], $1[2], padding: 1).y
    },
    GradientCase("conv1d, causal and dilated", [[30, 3], [4, 3, 2]], mode: .evaluation) {
        $0.conv1d($1[0], ragged, $1[1], causal: true, dilation: 3).y
    },
    GradientCase("conv1d with stride and groups", [[30, 4], [6, 2, 3], [6]]) {
        $0.conv1d($1[0], ragged, $1[1], $1[2], stride: 2, padding: 2, groups: 2).y
    },
    GradientCase("conv1d without padding", [[30, 4], [5, 4, 4]]) { $0.conv1d($1[0], ragged, $1[1]).y },
    GradientCase("conv1d of one output per group", [[30, 4], [4, 1, 3]]) {
        $0.conv1d($1[0], ragged, $1[1], padding: 1, groups: 4).y
    },
    GradientCase("conv1d read in place", [[63, 32], [32, 16, 4], [32]]) {
        $0.conv1d($1[0], long, $1[1], $1[2], padding: 1, groups: 2).y
    },
    GradientCase("conv1d by Winograd's transform in groups", [[63, 32], [32, 16, 3], [32]]) {
        $0.conv1d($1[0], long, $1[1], $1[2], padding: 1, groups: 2).y
    },
    GradientCase("causal conv1d by Winograd's transform", [[63, 16], [48, 16, 3]]) {
        $0.conv1d($1[0], long, $1[1], causal: true).y
    },
    GradientCase("conv1d read in place with stride", [[63, 16], [48, 16, 5], [48]]) {
        $0.conv1d($1[0], long, $1[1], $1[2], stride: 2, padding: 1).y
    },
    GradientCase("conv1d beside samples of no outputs", [[63, 32], [32, 16, 3], [32]]) {
        $0.conv1d($1[0], Segments(lengths: [1, 2, 30, 0, 2, 28]), $1[1], $1[2], groups: 2).y
    },
    GradientCase("convTranspose1d", [[30, 3], [3, 4, 3], [4]]) {
        $0.convTranspose1d($1[0], ragged, $1[1], $1[2], padding: 1).y
    },
    GradientCase("convTranspose1d with wide padding", [[10, 3], [3, 4, 3]]) {
        $0.convTranspose1d($1[0], Segments(lengths: [5, 0, 5]), $1[1], padding: 2).y
    },
    GradientCase("convTranspose1d with stride, dilation and groups", [[30, 4], [4, 3, 4], [6]]) {
        $0.convTranspose1d(
            $1[0], ragged, $1[1], $1[2], stride: 3, padding: 2, outputPadding: 2, dilation: 2, groups: 2
        ).y
    },
    GradientCase("convTranspose1d by Winograd's transform", [[63, 16], [16, 32, 3]], mode: .evaluation) {
        $0.convTranspose1d($1[0], long, $1[1], padding: 1).y
    },
    GradientCase("convTranspose2d", [[2, 5, 4, 4], [4, 3, 2, 3], [6]]) {
        $0.convTranspose2d(
            $1[0], $1[1], $1[2], stride: Extent(2, 1), padding: Extent(1, 0), outputPadding: Extent(1, 0),
            groups: 2)
    },
    GradientCase("conv1d with more padding than kernel", [[30, 3], [4, 3, 2]]) {
        $0.conv1d($1[0], ragged, $1[1], padding: 3).y
    },
    GradientCase("conv1d of one tap", [[30, 3], [4, 3, 1], [4]]) { $0.conv1d($1[0], ragged, $1[1], $1[2]).y },
    GradientCase("conv2d", [[2, 5, 6, 3], [4, 3, 3, 2], [4]]) {
        $0.conv2d($1[0], $1[1], $1[2], padding: Extent(1, 2))
    },
    GradientCase("conv2d with everything", [[2, 7, 8, 4], [6, 2, 3, 2]], mode: .evaluation) {
        $0.conv2d($1[0], $1[1], stride: Extent(2, 3), padding: 1, dilation: Extent(1, 2), groups: 2)
    },
    GradientCase("conv2d read in place", [[2, 8, 9, 16], [16, 16, 3, 3], [16]]) {
        $0.conv2d($1[0], $1[1], $1[2], padding: 1)
    },
    GradientCase("conv2d by Winograd's transform", [[2, 13, 14, 16], [32, 16, 3, 3], [32]]) {
        $0.conv2d($1[0], $1[1], $1[2], padding: 1)
    },
    GradientCase("conv2d by Winograd's transform in groups", [[1, 15, 18, 32], [32, 16, 3, 3]]) {
        $0.conv2d($1[0], $1[1], padding: Extent(0, 1), groups: 2)
    },
    GradientCase("conv2d of one tap with stride", [[2, 6, 6, 3], [5, 3, 1, 1]]) {
        $0.conv2d($1[0], $1[1], stride: 2)
    },
    GradientCase("channelsLast", [[2, 60]]) {
        $0.channelsLast($1[0], channels: 3, height: 4, width: 5)
    },
    GradientCase("channelsFirst", [[2, 4, 5, 3]]) { $0.channelsFirst($1[0]) },
]

@Suite struct ConvolutionTests {
    @Test(arguments: gradients)
    func pullbackEqualsDifferenceQuotient(_ operation: GradientCase) {
        for seed in [UInt64(1), 2] {
            let error = operation.largestError(seed: seed)
            #expect(error < 2e-4, "seed \(seed): relative error \(error)")
        }
    }

    @Test(arguments: [UInt64(1), 2, 3, 4, 5, 6])
    func overTimeFollowsItsDefinition(_ seed: UInt64) {
        var probe = Probe(seed)
        for _ in 0..<12 {
            let draw = probe.integers(7, below: 3).map(Int.init)
            let groups = 1 + draw[0], depth = [1, 3, 16][draw[1]], outputs = groups * [1, 5, 32][draw[2]]
            let kernel = 1 + draw[3], stride = 1 + draw[4], dilation = 1 + draw[5], padding = draw[6]
            let lengths = probe.lengths(6, upTo: seed % 2 == 0 ? 6 : 40)
            let segments = Segments(lengths: lengths), channels = groups * depth
            let x = probe.values(segments.total * channels)
            let weight = probe.values(outputs * depth * kernel), bias = probe.values(outputs)
            let context = context()
            let (y, after) = context.conv1d(
                context.tensor(x, shape: [segments.total, channels]), segments,
                context.tensor(weight, shape: [outputs, depth, kernel]),
                context.tensor(bias, shape: [outputs]), stride: stride, padding: padding, dilation: dilation,
                groups: groups)
            var expected: [Double] = []
            for (index, length) in lengths.enumerated() {
                let definition = Definition(
                    image: Extent(1, length), channels: channels, outputs: outputs,
                    kernel: Extent(1, kernel), stride: Extent(1, stride), before: Extent(0, padding),
                    after: Extent(0, padding), dilation: Extent(1, dilation), groups: groups)
                let rows = segments[index]
                let part = definition(
                    x[rows.lowerBound * channels..<rows.upperBound * channels], weight, bias)
                #expect(part.count == after[index].count * outputs, "seed \(seed), length \(length)")
                expected += part
            }
            #expect(largestDifference(y.array, expected) < 1e-4, "seed \(seed), \(draw)")
        }
    }

    @Test func overImagesFollowsItsDefinition() {
        var probe = Probe(11)
        for (size, stride) in [
            (Extent(9, 7), Extent(1, 1)), (Extent(20, 13), Extent(2, 1)), (Extent(3, 4), 2),
        ] {
            let definition = Definition(
                image: size, channels: 32, outputs: 40, kernel: Extent(3, 2), stride: stride, before: 1,
                after: 1, dilation: Extent(1, 2), groups: 2)
            let x = probe.values(2 * size.count * 32), weight = probe.values(40 * 16 * 6)
            let bias = probe.values(40)
            let context = context()
            let y = context.conv2d(
                context.tensor(x, shape: [2, size.height, size.width, 32]),
                context.tensor(weight, shape: [40, 16, 3, 2]), context.tensor(bias, shape: [40]),
                stride: stride, padding: 1, dilation: Extent(1, 2), groups: 2)
            let half = size.count * 32
            let expected = definition(x[..<half], weight, bias) + definition(x[half...], weight, bias)
            #expect(largestDifference(y.array, expected) < 1e-4)
        }
    }

    /// Images large enough for Winograd's transform, with tiles that reach beyond the edges.
    @Test(arguments: [(Extent(13, 14), 16, 48, 1, Extent(1, 1)), (Extent(16, 31), 64, 64, 2, Extent(0, 2))])
    func threeByThreeFollowsItsDefinitionInEveryBatch(
        _ size: Extent, _ channels: Int, _ outputs: Int, _ groups: Int, _ padding: Extent
    ) {
        var probe = Probe(12)
        let floats = size.count * channels
        let definition = Definition(
            image: size, channels: channels, outputs: outputs, kernel: 3, before: padding, after: padding,
            groups: groups)
        let x = probe.values(3 * floats), weight = probe.values(outputs * channels / groups * 9)
        let bias = probe.values(outputs)
        let run = { (images: Range<Int>) -> [Float] in
            let context = context()
            return context.conv2d(
                context.tensor(
                    Array(x[images.lowerBound * floats..<images.upperBound * floats]),
                    shape: [images.count, size.height, size.width, channels]),
                context.tensor(weight, shape: [outputs, channels / groups, 3, 3]),
                context.tensor(bias, shape: [outputs]), padding: padding, groups: groups
            ).array
        }
        let all = run(0..<3)
        #expect(
            largestDifference(
                all, (0..<3).flatMap { definition(x[$0 * floats..<($0 + 1) * floats], weight, bias) }) < 1e-4)
        #expect(all.map(\.bitPattern) == (0..<3).flatMap { run($0..<$0 + 1) }.map(\.bitPattern))
    }

    /// Lines around the shortest that go through Winograd's transform, with every remainder of outputs behind the last tile.
    @Test(arguments: [(0, 1), (1, 1), (2, 2), (5, 1)])
    func windowsOfThreeFollowTheirDefinition(_ padding: Int, _ groups: Int) {
        var probe = Probe(13)
        let lengths = [8, 3, 9, 7, 10, 0, 11, 1, 50, 13], segments = Segments(lengths: lengths)
        let channels = 16 * groups, outputs = 48 * groups
        let x = probe.values(segments.total * channels), weight = probe.values(outputs * 16 * 3)
        let bias = probe.values(outputs)
        let context = context()
        let (y, after) = context.conv1d(
            context.tensor(x, shape: [segments.total, channels]), segments,
            context.tensor(weight, shape: [outputs, 16, 3]), context.tensor(bias, shape: [outputs]),
            padding: padding, groups: groups)
        let expected = lengths.indices.flatMap { index -> [Double] in
            let definition = Definition(
                image: Extent(1, lengths[index]), channels: channels, outputs: outputs, kernel: Extent(1, 3),
                before: Extent(0, padding), after: Extent(0, padding), groups: groups)
            let rows = segments[index]
            return definition(x[rows.lowerBound * channels..<rows.upperBound * channels], weight, bias)
        }
        #expect(y.count == expected.count && after.total * outputs == expected.count)
        #expect(largestDifference(y.array, expected) < 1e-5)
    }

    @Test func aCausalConvolutionSeesNoLaterStep() {
        let context = context()
        let x = context.tensor([1, 2, 3, 10, 20], shape: [5, 1])
        let weight = context.tensor([100, 1], shape: [1, 1, 2])
        let (y, segments) = context.conv1d(x, Segments(lengths: [3, 2]), weight, causal: true)
        #expect(y.array == [1, 102, 203, 10, 1020] && segments.offsets == [0, 3, 5])
    }

    /// Not even by rounding: Winograd's transform reads tiles that reach beyond a window.
    @Test func aCausalConvolutionOfManyChannelsSeesNoLaterStep() {
        var probe = Probe(14)
        let x = probe.values(20 * 16), weight = probe.values(16 * 16 * 3)
        let run = { (later: Float) -> [UInt32] in
            let context = context()
            let changed = x.indices.map { $0 < 9 * 16 ? x[$0] : later }
            let (y, _) = context.conv1d(
                context.tensor(changed, shape: [20, 16]), Segments(lengths: [20]),
                context.tensor(weight, shape: [16, 16, 3]), causal: true)
            return y.array[..<(9 * 16)].map(\.bitPattern)
        }
        #expect(run(1) == run(1e8) && run(1) == run(.infinity))
    }

    /// What a sample without outputs leaves to its neighbours: their gradients' bits.
    @Test func gradientsBesideSamplesOfNoOutputsHaveTheSameBits() {
        var probe = Probe(15)
        let x = probe.values(9 * 16), weight = probe.values(16 * 16 * 3)
        let run = { (others: Int) -> [UInt32] in
            let context = context(.evaluation, records: true)
            let input = context.variable(
                x + [Float](repeating: 1, count: others * 16), shape: [9 + others, 16])
            let (y, _) = context.conv1d(
                input, Segments(lengths: others > 0 ? [9, others] : [9]),
                context.tensor(weight, shape: [16, 16, 3]))
            context.backward(from: context.sum(context.multiply(y, y)))
            return (input.gradient ?? [])[..<(9 * 16)].map(\.bitPattern)
        }
        #expect(run(0).count == 9 * 16)
        #expect(run(0) == run(1))
    }

    /// ⟨conv(x), y⟩ = ⟨x, convTranspose(y)⟩ with the same weight, and the length that PyTorch's formula gives.
    @Test(arguments: [UInt64(1), 2, 3, 4])
    func transposedIsTheAdjoint(_ seed: UInt64) {
        var probe = Probe(seed)
        for _ in 0..<12 {
            let draw = probe.integers(6, below: 3).map(Int.init)
            let groups = 1 + draw[0], channels = groups * [1, 3, 16][draw[1]],
                outputs = groups * [1, 5, 32][draw[2]]
            let kernel = 1 + draw[3], stride = 1 + draw[4], dilation = 1 + draw[5]
            let more = stride - 1, context = context()
            let segments = Segments(lengths: probe.lengths(5, upTo: 25))
            let y = probe.values(segments.total * outputs),
                weight = probe.values(outputs * channels / groups * kernel)
            let kernels = context.tensor(weight, shape: [outputs, channels / groups, kernel])
            let (spread, after) = context.convTranspose1d(
                context.tensor(y, shape: [segments.total, outputs]), segments, kernels, stride: stride,
                outputPadding: more, dilation: dilation, groups: groups)
            for sample in 0..<segments.count {
                let steps = segments[sample].count
                let expected = steps == 0 ? 0 : (steps - 1) * stride + dilation * (kernel - 1) + more + 1
                #expect(after[sample].count == expected, "seed \(seed), \(draw)")
            }
            let x = probe.values(after.total * channels)
            let (back, segmentsBack) = context.conv1d(
                context.tensor(x, shape: [after.total, channels]), after, kernels, stride: stride,
                dilation: dilation,
                groups: groups)
            #expect(segmentsBack.offsets == segments.offsets, "seed \(seed), \(draw)")
            let left = zip(back.array, y).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
            let right = zip(x, spread.array).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
            #expect(abs(left - right) < 1e-4 * Double(max(1, back.count)), "seed \(seed), \(draw)")
        }
    }

    @Test func layoutsOfImagesTurnIntoEachOther() {
        let context = context()
        let x = context.tensor([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], shape: [1, 12])
        let last = context.channelsLast(x, channels: 2, height: 2, width: 3)
        #expect(last.shape == [1, 2, 3, 2] && last.array == [1, 7, 2, 8, 3, 9, 4, 10, 5, 11, 6, 12])
        #expect(context.channelsFirst(last).array == x.array)
    }

    /// Short samples alone have their windows copied, among long ones they are read in place; one output per group is
    /// a product of another kind.
    @Test(arguments: [(1, 32), (1, 40), (2, 1), (16, 1), (1, 1)])
    func aSampleHasTheSameBitsAloneAndInAnyBatch(_ groups: Int, _ width: Int) {
        var probe = Probe(21)
        let lengths = [2, 61, 5, 1, 30, 3], segments = Segments(lengths: lengths)
        let x = probe.values(segments.total * 32)
        let weight = probe.values(width * groups * 32 / groups * 3)
        let run = { (samples: Range<Int>) -> [UInt32] in
            let rows = Int(segments.offsets[samples.lowerBound])..<Int(segments.offsets[samples.upperBound])
            let context = context()
            let input = context.tensor(
                Array(x[rows.lowerBound * 32..<rows.upperBound * 32]), shape: [rows.count, 32])
            let weight = context.tensor(weight, shape: [width * groups, 32 / groups, 3])
            return context.conv1d(
                input, Segments(lengths: Array(lengths[samples])), weight, padding: 1, groups: groups
            ).y.array.map(\.bitPattern)
        }
        #expect(run(0..<6) == (0..<6).flatMap { run($0..<$0 + 1) })
        #expect(run(0..<6) == run(0..<3) + run(3..<6))
    }

    @Test func gradientsAreTheSameWhereverWindowsAreRead() {
        var probe = Probe(22)
        let steps = 64
        // Five taps, so that Winograd's transform is taken nowhere.
        let x = probe.values(steps * 16), weight = probe.values(32 * 16 * 5),
            target = probe.values(steps * 32)
        // an image of one column has lines of one output, a sequence one long line; both are the same sums
        let run = { (isImage: Bool) -> [[Float]?] in
            let context = context(.training, records: true)
            let input = context.variable(x, shape: isImage ? [1, steps, 1, 16] : [steps, 16])
            let kernel = context.variable(weight, shape: isImage ? [32, 16, 5, 1] : [32, 16, 5])
            let y =
                isImage
                ? context.conv2d(input, kernel, padding: Extent(2, 0))
                : context.conv1d(input, Segments(lengths: [steps]), kernel, padding: 2).y
            context.backward(
                from: context.sum(context.multiply(y, context.tensor(target, shape: y.shape))))
            return [y.array, input.gradient, kernel.gradient]
        }
        #expect(run(true) == run(false))
    }

    @Test func refusesShapesThatDoNotFit() async {
        await #expect(processExitsWith: .failure) {
            let context = context()
            let x = context.tensor([1, 2, 3, 4], shape: [2, 2])
            _ = context.conv1d(x, Segments(lengths: [2]), context.tensor([1, 2, 3], shape: [1, 3, 1]))
        }
        await #expect(processExitsWith: .failure) {
            let context = context()
            let x = context.tensor([1, 2, 3, 4], shape: [2, 2])
            _ = context.conv1d(x, Segments(lengths: [3]), context.tensor([1, 2], shape: [1, 2, 1]))
        }
        await #expect(processExitsWith: .failure) {
            let context = context()
            _ = context.conv2d(
                context.tensor([1, 2], shape: [2, 1]), context.tensor([1], shape: [1, 1, 1, 1]))
        }
        await #expect(processExitsWith: .failure) {
            let context = context()
            let x = context.tensor([1, 2], shape: [1, 1, 2, 1]), w = context.tensor([1], shape: [1, 1, 1, 1])
            _ = context.conv2d(x, w, stride: 0)
        }
    }
}
