import Kernels
import Tensors
import Testing

/// The bits of a small net of convolutions, norms and poolings, and of its gradients.
private func bits() -> [UInt32] {
    var probe = Probe(31)
    let context = context(.training, records: true)
    let x = context.variable(probe.values(2 * 9 * 11 * 16), shape: [2, 9, 11, 16])
    let kernel = context.variable(probe.values(40 * 16 * 9), shape: [40, 16, 3, 3])
    let wide = context.variable(probe.values(2 * 15 * 14 * 16), shape: [2, 15, 14, 16])
    let strided = context.variable(probe.values(3 * 40 * 2), shape: [3, 40, 1, 2])
    let weight = context.variable(probe.values(40), shape: [40])
    let bias = context.variable(probe.values(40), shape: [40])
    var y = context.conv2d(x, kernel, bias, padding: 1)
    y = context.batchNorm(y, weight, bias, RunningStatistics(mean: bias, variance: weight))
    y = context.groupNorm(images: y, groups: 5, weight, bias)
    y = context.maxPool2d(y, kernel: 3, stride: 2, padding: 1)
    y = context.averagePool2d(y, kernel: 2, stride: 1)
    y = context.conv2d(context.multiply(y, y), strided, stride: 2)
    var z = context.conv2d(
        wide, context.variable(probe.values(48 * 16 * 9), shape: [48, 16, 3, 3]), padding: 1)
    z = context.activation(z, .tanh)
    let line = context.activation(
        context.conv1d(
            context.variable(probe.values(45 * 16), shape: [45, 16]), Segments(lengths: [30, 4, 11]),
            context.variable(probe.values(48 * 16 * 3), shape: [48, 16, 3]), padding: 1
        ).y, .tanh)
    context.backward(
        from: context.add(context.sum(line), context.add(context.sum(y), context.sum(z))))
    return ([x, kernel, strided, weight, wide].flatMap { $0.gradient ?? [] } + y.array + line.array).map(
        \.bitPattern)
}

@Suite struct ConvolutionLevelTests {
    @Test(.enabled(if: Kernel.bestLevel == .avx512)) func fusedLevelsGiveTheSameBits() async {
        await #expect(processExitsWith: .success) {
            let first = bits()
            #expect(first.count > 5000 && Kernel.use(.avx2) == .avx2)
            #expect(bits() == first)
        }
    }
}
