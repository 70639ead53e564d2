import Layers
import Tensors
import Testing

private let ragged = Segments(lengths: [3, 0, 17, 1, 9])

@Sendable private func statistics(_ context: Context, _ width: Int) -> RunningStatistics {
    RunningStatistics(
        mean: context.tensor((0..<width).map { Float($0) / 9 }, shape: [width]),
        variance: context.tensor((0..<width).map { 1 + Float($0) / 5 }, shape: [width]))
}

private let gradients = [
    GradientCase("batchNorm", [[30, 19], [19], [19]]) {
        $0.batchNorm($1[0], $1[1], $1[2], statistics($0, 19))
    },
    GradientCase("batchNorm of images", [[2, 5, 4, 3], [3], [3]]) {
        $0.batchNorm($1[0], $1[1], $1[2], statistics($0, 3))
    },
    GradientCase("batchNorm in evaluation", [[30, 19], [19], [19]], mode: .evaluation) {
        $0.batchNorm($1[0], $1[1], $1[2], statistics($0, 19))
    },
    GradientCase("groupNorm", [[30, 20], [20], [20]]) {
        $0.groupNorm($1[0], ragged, groups: 4, $1[1], $1[2])
    },
    GradientCase("groupNorm of images", [[2, 5, 4, 6], [6], [6]]) {
        $0.groupNorm(images: $1[0], groups: 2, $1[1], $1[2])
    },
]

@Suite struct NormTests {
    @Test(arguments: gradients)
    func pullbackEqualsDifferenceQuotient(_ operation: GradientCase) {
        for seed in [UInt64(1), 2] {
            let error = operation.largestError(seed: seed)
            #expect(error < 2e-4, "seed \(seed): relative error \(error)")
        }
    }

    @Test func batchNormBringsChannelsToMeanZeroAndVarianceOne() {
        var probe = Probe(3)
        let context = context(.training)
        let x = context.tensor(probe.values(300 * 5).map { $0 + 1000 }, shape: [300, 5])
        let ones = context.tensor([1, 1, 1, 1, 1], shape: [5]),
            zeros = context.tensor([0, 0, 0, 0, 0], shape: [5])
        let y = context.batchNorm(x, ones, zeros, statistics(context, 5)).array.map(Double.init)
        for c in 0..<5 {
            let channel = stride(from: c, to: y.count, by: 5).map { y[$0] }
            #expect(abs(channel.reduce(0, +) / 300) < 1e-3)
            #expect(abs(channel.reduce(0) { $0 + $1 * $1 } / 300 - 1) < 1e-3)
        }
    }

    @Test func runningStatisticsFollowTheMeanOverTheRanks() {
        let builder = ParameterBuilder(seed: 1)
        let norm = BatchNorm(2, parameters: builder["bn"])
        let arena = builder.build()
        let names = ["bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"]
        #expect(arena.parameters.map(\.name) == names)
        for batch in [[Float(1), 10, 3, 30], [5, 50, 7, 90]] {
            let context = context(.training, records: true)
            context.backward(from: context.sum(norm(context.tensor(batch, shape: [2, 2]), context)))
        }
        arena.follow(arena.gradients, ranks: [2, 2, 2, 2])
        // observed means (2, 20) and (6, 70), unbiased variances (2, 200) and (2, 800)
        let mean = norm.running.mean.array, variance = norm.running.variance.array
        #expect(zip(mean, [0.4, 4.5]).allSatisfy { abs($0 - $1) < 1e-5 })
        #expect(zip(variance, [1.1, 50.9]).allSatisfy { abs($0 - $1) < 1e-4 })
        #expect(arena.parameters[2...].allSatisfy { p in p.range.allSatisfy { arena.gradients[$0] == 0 } })
        let context = context()
        let y = norm(context.tensor([0.4, 4.5], shape: [1, 2]), context).array
        #expect(y.allSatisfy { abs($0) < 1e-5 })
    }

    @Test func groupNormOfOneGroupPerRowIsLayerNorm() {
        var probe = Probe(4)
        let context = context()
        let x = context.tensor(probe.values(7 * 20), shape: [7, 20])
        let weight = context.tensor(probe.values(20), shape: [20])
        let bias = context.tensor(probe.values(20), shape: [20])
        let y = context.groupNorm(x, .singles(7), groups: 1, weight, bias)
        #expect(largestDifference(y.array, context.layerNorm(x, weight, bias).array.map(Double.init)) < 1e-5)
    }

    @Test func aSampleHasTheSameBitsAloneAndInAnyBatch() {
        var probe = Probe(6)
        let x = probe.values(30 * 21), weight = probe.values(21), bias = probe.values(21)
        let run = { (samples: Range<Int>) -> [UInt32] in
            let rows = Int(ragged.offsets[samples.lowerBound])..<Int(ragged.offsets[samples.upperBound])
            let context = context(), part = Segments(lengths: samples.map { ragged[$0].count })
            let input = context.tensor(
                Array(x[rows.lowerBound * 21..<rows.upperBound * 21]), shape: [rows.count, 21])
            let weight = context.tensor(weight, shape: [21]), bias = context.tensor(bias, shape: [21])
            let y = context.batchNorm(input, weight, bias, statistics(context, 21))
            return context.groupNorm(y, part, groups: 3, weight, bias).array.map(\.bitPattern)
        }
        #expect(run(0..<5) == (0..<5).flatMap { run($0..<$0 + 1) })
    }

    @Test func refusesShapesThatDoNotFit() async {
        await #expect(processExitsWith: .failure) {
            let context = context()
            let x = context.tensor([1, 2], shape: [1, 2]), one = context.tensor([1], shape: [1])
            _ = context.batchNorm(x, one, one, RunningStatistics(mean: one, variance: one))
        }
        await #expect(processExitsWith: .failure) {
            let context = context()
            let x = context.tensor([1, 2], shape: [1, 2]), w = context.tensor([1, 2], shape: [2])
            _ = context.groupNorm(x, .singles(1), groups: 3, w, w)
        }
    }
}
