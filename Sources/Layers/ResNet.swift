package import Tensors

/// The residual net of two 3 × 3 convolutions per block: resnet18 and resnet34, with torchvision's parameter names.
///
/// Stem: 7 × 7 convolution with stride 2, batch norm, ReLU, 3 × 3 maximum with stride 2. Four groups of blocks of 64, 128,
/// 256, 512 channels; the first block of groups 2 to 4 halves the image. Then the mean over the image and a linear layer.
/// First values: convolutions normal with variance 2 / (O k²), norms 1 and 0.
/// Source: He et al., Deep residual learning for image recognition, CVPR 2016, table 1.
package struct ResNet {
    private let stem: Convolution2D
    private let norm: BatchNorm
    private let blocks: [ResidualBlock]
    private let head: Linear

    /// A net with the given numbers of blocks per group; resnet18 has two each, resnet34 has 3, 4, 6, 3.
    ///
    /// `channels` are those of the images, `classes` the columns of the result.
    package init(
        blocks counts: [Int] = [2, 2, 2, 2], channels: Int = 3, classes: Int = 1000,
        parameters: ParameterBuilder
    ) {
        stem = convolution(channels, 64, kernel: 7, stride: 2, padding: 3, parameters["conv1"])
        norm = BatchNorm(64, parameters: parameters["bn1"])
        var blocks: [ResidualBlock] = [], inputs = 64
        for (group, count) in counts.enumerated() {
            let outputs = 64 << group
            for block in 0..<count {
                blocks.append(
                    ResidualBlock(
                        inputs, outputs, stride: group > 0 && block == 0 ? 2 : 1,
                        parameters["layer\(group + 1).\(block)"]))
                inputs = outputs
            }
        }
        self.blocks = blocks
        head = Linear(inputs, classes, parameters: parameters["fc"])
    }

    /// Shapes: images `[N, height, width, channels]`, result `[N, classes]`.
    package func callAsFunction(_ images: Tensor, _ context: Context) -> Tensor {
        head(features(images, context), context)
    }

    /// What stands before the last layer: images `[N, height, width, channels]` give `[N, 512]`.
    package func features(_ images: Tensor, _ context: Context) -> Tensor {
        var x = context.activation(norm(stem(images, context), context), .relu)
        x = context.maxPool2d(x, kernel: 3, stride: 2, padding: 1)
        for block in blocks { x = block(x, context) }
        return context.channelsFirst(context.adaptiveAveragePool2d(x, size: 1))
    }
}

/// relu(norm(conv(relu(norm(conv x)))) + x), with x projected where the shapes differ.
private struct ResidualBlock {
    private let convolutions: [Convolution2D]
    private let norms: [BatchNorm]
    private let projection: (convolution: Convolution2D, norm: BatchNorm)?

    init(_ inputs: Int, _ outputs: Int, stride: Extent, _ parameters: ParameterBuilder) {
        let first = convolution(inputs, outputs, kernel: 3, stride: stride, padding: 1, parameters["conv1"])
        let firstNorm = BatchNorm(outputs, parameters: parameters["bn1"])
        let second = convolution(outputs, outputs, kernel: 3, stride: 1, padding: 1, parameters["conv2"])
        convolutions = [first, second]
        norms = [firstNorm, BatchNorm(outputs, parameters: parameters["bn2"])]
        guard stride.count > 1 || inputs != outputs else {
            projection = nil
            return
        }
        let down = parameters["downsample"]
        projection = (
            convolution(inputs, outputs, kernel: 1, stride: stride, padding: 0, down["0"]),
            BatchNorm(outputs, parameters: down["1"])
        )
    }

    func callAsFunction(_ x: Tensor, _ context: Context) -> Tensor {
        let inner = context.activation(norms[0](convolutions[0](x, context), context), .relu)
        let y = norms[1](convolutions[1](inner, context), context)
        let kept = projection.map { $0.norm($0.convolution(x, context), context) } ?? x
        return context.activation(context.add(y, kept), .relu)
    }
}

private func convolution(
    _ inputs: Int, _ outputs: Int, kernel: Extent, stride: Extent, padding: Extent,
    _ parameters: ParameterBuilder
) -> Convolution2D {
    Convolution2D(
        inputs, outputs, kernel: kernel, stride: stride, padding: padding, bias: false,
        initial: .normal(deviation: (2 / Float(outputs * kernel.count)).squareRoot()), parameters: parameters)
}
