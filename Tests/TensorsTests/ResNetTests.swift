import Layers
import Tensors
import Testing

/// The residual net has torchvision's parameters and shapes, and does what its layers do.
@Suite struct ResNetTests {
    @Test func resnet18HasTorchvisionsParameters() {
        let builder = ParameterBuilder(seed: 1)
        _ = ResNet(parameters: builder)
        let parameters = builder.build().parameters
        #expect(parameters.filter(\.isTrainable).reduce(0) { $0 + $1.count } == 11_689_512)
        // `state_dict` has one more entry per norm, a counter
        #expect(parameters.count == 122 - 20)
        let shapes = Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, $0.shape) })
        #expect(shapes["conv1.weight"] == [64, 3, 7, 7] && shapes["bn1.running_mean"] == [64])
        #expect(
            shapes["layer1.0.conv1.weight"] == [64, 64, 3, 3] && shapes["layer1.0.downsample.0.weight"] == nil
        )
        #expect(
            shapes["layer2.0.conv1.weight"] == [128, 64, 3, 3] && shapes["layer2.1.bn2.running_var"] == [128])
        #expect(shapes["layer4.0.downsample.0.weight"] == [512, 256, 1, 1])
        #expect(shapes["layer4.0.downsample.1.weight"] == [512] && shapes["fc.weight"] == [1000, 512])
        #expect(parameters.first?.name == "conv1.weight" && parameters.last?.name == "fc.bias")
    }

    @Test func resnet34HasTorchvisionsNumberOfParameters() {
        let builder = ParameterBuilder(seed: 1)
        _ = ResNet(blocks: [3, 4, 6, 3], parameters: builder)
        let trainable = builder.build().parameters.filter(\.isTrainable)
        #expect(trainable.reduce(0) { $0 + $1.count } == 21_797_672)
    }

    @Test func imagesShrinkThirtyTwoTimesAndKeepTheirBitsInAnyBatch() {
        let builder = ParameterBuilder(seed: 2)
        let net = ResNet(blocks: [1, 1, 1, 1], channels: 1, classes: 5, parameters: builder)
        let arena = builder.build()
        var probe = Probe(3)
        let images = probe.values(3 * 40 * 33)
        let logits = { (images: [Float], count: Int) -> [Float] in
            let context = context()
            let y = net(context.tensor(images, shape: [count, 40, 33, 1]), context)
            #expect(y.shape == [count, 5])
            return y.array
        }
        let together = logits(images, 3)
        let alone = (0..<3).flatMap { logits(Array(images[$0 * 1320..<($0 + 1) * 1320]), 1) }
        #expect(together == alone && Set(together).count > 10 && arena.parameters.count > 20)
    }

    @Test func everyParameterLearns() {
        let builder = ParameterBuilder(seed: 2)
        let net = ResNet(blocks: [1, 1, 1, 1], channels: 3, classes: 2, parameters: builder)
        let arena = builder.build()
        let optimizer = Optimizer(.adam(.init(learningRate: 1e-3)), parameters: arena.parameters)
        var probe = Probe(4)
        let images = probe.values(4 * 36 * 36 * 3)
        var losses: [Float] = []
        for _ in 0..<6 {
            arena.zeroGradients()
            let context = context(.training, records: true)
            let x = context.tensor(images, shape: [4, 36, 36, 3])
            let loss = context.crossEntropy(logits: net(x, context), labels: [0, 1, 1, 0])
            losses.append(loss.total.item)
            context.backward(from: loss.total)
            #expect(arena.receivedGradient.allSatisfy { $0 })
            arena.follow(arena.gradients, ranks: arena.parameters.map { $0.momentum == nil ? 0 : 1 })
            optimizer.step(
                values: arena.values, gradients: UnsafeBufferPointer(arena.gradients), scale: 0.25,
                participating: zip(arena.receivedGradient, arena.parameters).map { $0 && $1.isTrainable })
        }
        #expect(losses[5] < losses[0] / 2, "\(losses)")
    }
}
