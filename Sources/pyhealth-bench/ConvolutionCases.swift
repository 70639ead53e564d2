import Layers
import Tensors

/// Convolutions forward, and forward with both gradients.
enum ConvolutionCases {
    /// The cases, in the order in which they are printed.
    static var all: [Case] {
        let images = ImageConvolution(batch: 8, size: 56, channels: 64)
        let steps = TimeConvolution(Segments(lengths: Array(repeating: 50, count: 32)), channels: 128)
        return [
            ResidualNet.case(backward: false), ResidualNet.case(backward: true),
            Case(name: "conv2d 3x3 64-64 56x56 B8 forward", work: .operations(images.operations)) {
                images.forward()
            },
            Case(
                name: "conv2d 3x3 64-64 56x56 B8 forward+backward", work: .operations(3 * images.operations)
            ) {
                images.forwardAndBackward()
            },
            Case(name: "conv1d k3 128-128 T50 B32 forward", work: .operations(steps.operations)) {
                steps.forward()
            },
            Case(
                name: "conv1d k3 128-128 T50 B32 forward+backward", work: .operations(3 * steps.operations)
            ) {
                steps.forwardAndBackward()
            },
        ]
    }
}

/// A 3 × 3 convolution of images that keeps their size.
private final class ImageConvolution {
    let operations: Double
    private let layer: Convolution2D
    private let arena: ParameterArena
    private let pool = BufferPool()
    private let images: ParameterArena
    private let input: Tensor

    init(batch: Int, size: Int, channels: Int) {
        let builder = ParameterBuilder(seed: 1), source = ParameterBuilder(seed: 2)
        layer = Convolution2D(channels, channels, kernel: 3, padding: 1, parameters: builder)
        // a parameter is the tensor that outlives its context
        input = source.parameter("images", [batch, size, size, channels], .uniform(bound: 1))
        arena = builder.build()
        images = source.build()
        operations = 2 * Double(batch * size * size * 9 * channels * channels)
    }

    func forward() -> Float {
        layer(input, Context(mode: .evaluation, recordsGradients: false, pool: pool)).values[0]
    }

    func forwardAndBackward() -> Float {
        arena.zeroGradients()
        images.zeroGradients()
        let context = Context(mode: .training, recordsGradients: true, pool: pool)
        let loss = context.sum(layer(input, context))
        context.backward(from: loss)
        return loss.item
    }
}

/// A convolution of three taps over time that keeps the steps.
private final class TimeConvolution {
    let operations: Double
    private let layer: Convolution1D
    private let arena: ParameterArena
    private let pool = BufferPool()
    private let source: ParameterArena
    private let input: Tensor
    private let segments: Segments

    init(_ segments: Segments, channels: Int) {
        let builder = ParameterBuilder(seed: 1), source = ParameterBuilder(seed: 2)
        layer = Convolution1D(channels, channels, kernel: 3, padding: 1, parameters: builder)
        input = source.parameter("steps", [segments.total, channels], .uniform(bound: 1))
        arena = builder.build()
        self.source = source.build()
        self.segments = segments
        operations = 2 * Double(segments.total * 3 * channels * channels)
    }

    func forward() -> Float {
        let context = Context(mode: .evaluation, recordsGradients: false, pool: pool)
        return layer(input, segments, context).y.values[0]
    }

    func forwardAndBackward() -> Float {
        arena.zeroGradients()
        source.zeroGradients()
        let context = Context(mode: .training, recordsGradients: true, pool: pool)
        let loss = context.sum(layer(input, segments, context).y)
        context.backward(from: loss)
        return loss.item
    }
}

/// resnet18 on eight images of 224 × 224 with three channels: images in, scores of 1000 classes out.
private final class ResidualNet {
    private let net: ResNet
    private let arena: ParameterArena
    private let pool = BufferPool()
    private let images: ParameterArena
    private let input: Tensor

    private static let batch = 8
    /// Multiply-adds of the convolutions and the last layer for one image.
    private static let products = 1_814_073_344.0

    private init() {
        let builder = ParameterBuilder(seed: 1), source = ParameterBuilder(seed: 2)
        net = ResNet(parameters: builder)
        input = source.parameter(
            "images", [Self.batch, 224, 224, 3], .uniform(bound: 1), isTrainable: false)
        arena = builder.build()
        images = source.build()
    }

    /// The weights are made when the case runs first.
    static func `case`(backward: Bool) -> Case {
        var net: ResidualNet?
        let operations = (backward ? 3 : 1) * 2 * products * Double(batch)
        return Case(
            name: "resnet18 224x224 B8 forward\(backward ? "+backward" : "")",
            work: .samples(Double(batch), operations: operations)
        ) {
            let made = net ?? ResidualNet()
            net = made
            return backward ? made.forwardAndBackward() : made.forward()
        }
    }

    private func forward() -> Float {
        net(input, Context(mode: .evaluation, recordsGradients: false, pool: pool)).values[0]
    }

    private func forwardAndBackward() -> Float {
        arena.zeroGradients()
        let context = Context(mode: .training, recordsGradients: true, pool: pool)
        let labels = (0..<Self.batch).map { Int32($0 * 97) }
        let loss = context.crossEntropy(logits: net(input, context), labels: labels)
        context.backward(from: loss.total)
        return loss.total.item
    }
}
