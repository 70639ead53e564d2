import ArgumentParser
import Groundwork
import Layers
import Tensors

/// Measures whole training steps of single layers.
struct LayersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "layers",
        abstract:
            "Forward, backward and Adam step of recurrent nets, attention and MLPs, gradient of the input included; convolutions.",
        discussion: "Example: pyhealth-bench layers --only GRU --format json")

    @OptionGroup var options: ReportOptions

    func run() throws {
        try Report.run(recurrent + transformers + perceptrons + ConvolutionCases.all, options)
    }

    private var recurrent: [Case] {
        var cases: [Case] = []
        for cell in [RecurrentCell.gru, .lstm] {
            for (batch, steps, width) in [(32, 50, 128), (32, 20, 64), (16, 10, 32)] {
                let name = "\(cell.rawValue) B\(batch) T\(steps) H\(width)"
                cases.append(TrainingStep(name, even(batch, steps), .recurrent(cell, width)).asCase)
            }
        }
        let plain = TrainingStep(
            "LSTM B32 T50 H128 without Adam", even(32, 50), .recurrent(.lstm, 128), optimizes: false)
        let ragged = TrainingStep("GRU B32 corpus H128", Self.corpus, .recurrent(.gru, 128))
        return cases + [plain.asCase, ragged.asCase]
    }

    private var transformers: [Case] {
        let wide = EncoderShape(width: 128, heads: 4, inner: 512)
        let shapes = [
            (32, 50, wide), (32, 20, EncoderShape(width: 64, heads: 2, inner: 128)),
            (16, 10, EncoderShape(width: 32, heads: 1, inner: 64)),
        ]
        var cases = shapes.map { batch, steps, shape in
            TrainingStep(
                "transformer B\(batch) T\(steps) \(shape)", even(batch, steps), .transformer(shape)
            ).asCase
        }
        cases.append(TrainingStep("transformer B32 corpus \(wide)", Self.corpus, .transformer(wide)).asCase)
        let dropping = EncoderShape(width: 128, heads: 4, inner: 512, dropout: 0.1)
        for (name, segments) in [("T50", even(32, 50)), ("corpus", Self.corpus)] {
            let step = TrainingStep("transformer B32 \(name) \(dropping)", segments, .transformer(dropping))
            cases.append(step.asCase)
        }
        return cases
    }

    private var perceptrons: [Case] {
        [TrainingStep("embedding MLP B32 corpus D128", Self.corpus, .perceptron(128)).asCase]
    }

    private func even(_ batch: Int, _ steps: Int) -> Segments {
        Segments(lengths: Array(repeating: steps, count: batch))
    }

    /// The codes of 32 samples of the synthetic corpus that stand next to each other, as a batch of it has them.
    private static let corpus = Segments(lengths: [
        33, 17, 32, 14, 69, 51, 21, 59, 57, 31, 40, 14, 49, 36, 25, 75, 35, 39, 78, 51, 40, 44, 47, 31, 68,
        29,
        54, 60, 98, 26, 58, 29,
    ])
}

/// A layer over given vectors (or an MLP over given codes) and everything a training step of it needs.
final class TrainingStep {
    enum Body {
        case recurrent(RecurrentCell, Int)
        case transformer(EncoderShape)
        case perceptron(Int)
    }

    private static let vocabulary = 5000
    let name: String
    private let segments: Segments
    private let optimizes: Bool
    private let operations: Double
    private let forward: (Context) -> Tensor
    private let arena: ParameterArena
    private let optimizer: Optimizer
    /// Where every step takes its memory.
    let pool = BufferPool()
    private var step = 0

    init(_ name: String, _ segments: Segments, _ body: Body, optimizes: Bool = true) {
        self.name = name
        self.segments = segments
        self.optimizes = optimizes
        var stream = RandomStream(seed: 2, purpose: .test)
        let builder = ParameterBuilder(seed: 1)
        let vectors = { (width: Int) in (0..<segments.total * width).map { _ in stream.nextFloat() * 2 - 1 } }
        let rows = Double(segments.total)
        // products forward, and twice as many back
        switch body {
        case .recurrent(let cell, let width):
            let net = Recurrent(cell, inputSize: width, hiddenSize: width, parameters: builder["net"])
            let x = vectors(width)
            operations = 12 * rows * Double(cell.gates * width * width)
            forward = { net($0.variable(x, shape: [segments.total, width]), segments, $0) }
        case .transformer(let shape):
            let block = TransformerBlock(shape, builder["block"])
            let x = vectors(shape.width)
            operations = 3 * shape.operations(segments)
            forward = { block($0.variable(x, shape: [segments.total, shape.width]), segments, $0) }
        case .perceptron(let width):
            let codes = (0..<segments.total).map { _ in Int32(1 + stream.nextInt(below: Self.vocabulary - 1))
            }
            let table = Embedding(Self.vocabulary, width, parameters: builder["table"])
            let first = Linear(width, width, parameters: builder["0"])
            let second = Linear(width, width, parameters: builder["2"])
            operations = 12 * Double(segments.count * width * width)
            forward = { context in
                let x = table.mean(codes, segments, context)
                return second(context.activation(first(x, context), .relu), context)
            }
        }
        arena = builder.build()
        optimizer = Optimizer(.adam(.init(learningRate: 1e-6)), parameters: arena.parameters)
    }

    var asCase: Case {
        Case(name: name, work: .samples(Double(segments.count), operations: operations)) { self.train() }
    }

    /// One step: forward, backward, Adam; returns the sum of all outputs.
    func train() -> Float {
        step += 1
        arena.zeroGradients()
        let context = Context(
            mode: .training, recordsGradients: true, pool: pool, randomness: Randomness(seed: 1, step: step))
        let total = context.sum(forward(context))
        context.backward(from: total)
        if optimizes {
            optimizer.step(
                values: arena.values, gradients: UnsafeBufferPointer(arena.gradients), scale: 1,
                participating: arena.receivedGradient)
        }
        return total.item
    }
}

/// The sizes of an encoder block.
struct EncoderShape: CustomStringConvertible {
    let width: Int
    let heads: Int
    /// Units of the layer in the middle.
    let inner: Int
    var dropout: Float = 0

    var description: String {
        "D\(width) heads \(heads) FF\(inner)" + (dropout > 0 ? " dropout \(dropout)" : "")
    }

    /// Floating-point operations of the forward products: four projections, two layers, scores and mixing.
    func operations(_ segments: Segments) -> Double {
        let scores = (0..<segments.count).reduce(0) { $0 + segments[$1].count * segments[$1].count }
        return 2 * Double(segments.total * width * (4 * width + 2 * inner)) + 4 * Double(scores * width)
    }
}

/// A pre-norm encoder block with GELU, as PyTorch's `TransformerEncoderLayer` with `norm_first`.
private struct TransformerBlock {
    private let norms: [LayerNorm]
    private let projections: [Linear]
    private let output: Linear
    private let widen: Linear
    private let narrow: Linear
    private let shape: EncoderShape

    init(_ shape: EncoderShape, _ parameters: ParameterBuilder) {
        self.shape = shape
        let width = shape.width
        norms = (0..<2).map { LayerNorm(width, parameters: parameters["norm\($0)"]) }
        projections = (0..<3).map { Linear(width, width, parameters: parameters["projection\($0)"]) }
        output = Linear(width, width, parameters: parameters["output"])
        widen = Linear(width, shape.inner, parameters: parameters["widen"])
        narrow = Linear(shape.inner, width, parameters: parameters["narrow"])
    }

    func callAsFunction(_ x: Tensor, _ segments: Segments, _ context: Context) -> Tensor {
        let normed = norms[0](x, context)
        let parts = projections.map { $0(normed, context) }
        let mixed = context.attention(
            query: parts[0], key: parts[1], value: parts[2], heads: shape.heads, segments: segments,
            dropout: shape.dropout)
        let attended = context.add(x, context.dropout(output(mixed, context), shape.dropout))
        let hidden = context.activation(widen(norms[1](attended, context), context), .gelu)
        let changed = narrow(context.dropout(hidden, shape.dropout), context)
        return context.add(attended, context.dropout(changed, shape.dropout))
    }
}
