import ArgumentParser
import Groundwork
import Layers
import Tensors

/// Measures whole training steps of single layers.
struct LayersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "layers",
        abstract: "Forward, backward and Adam step of recurrent nets, attention and MLPs.",
        discussion: "Example: pyhealth-bench layers --only GRU --format json")

    @OptionGroup var options: ReportOptions

    func run() throws {
        let even = { (batch: Int, steps: Int) in Segments(lengths: Array(repeating: steps, count: batch)) }
        var stream = RandomStream(seed: 1, purpose: .test)
        // lengths like those of real records: many short, few long
        let ragged = Segments(
            lengths: (0..<32).map { _ in 1 + stream.nextInt(below: 20) * stream.nextInt(below: 12) })
        var cases: [Case] = []
        for cell in [RecurrentCell.gru, .lstm] {
            for (batch, steps, width) in [(32, 50, 128), (32, 20, 64), (16, 10, 32)] {
                let name = "\(cell.rawValue) B\(batch) T\(steps) H\(width)"
                cases.append(TrainingStep(name, even(batch, steps), .recurrent(cell, width)).asCase)
            }
        }
        for (batch, steps, width, heads) in [(32, 50, 128, 4), (32, 20, 64, 2), (16, 10, 32, 1)] {
            let name = "transformer B\(batch) T\(steps) D\(width) heads \(heads)"
            cases.append(TrainingStep(name, even(batch, steps), .transformer(width, heads)).asCase)
        }
        cases.append(TrainingStep("GRU B32 ragged H128", ragged, .recurrent(.gru, 128)).asCase)
        cases.append(TrainingStep("transformer B32 ragged D128 heads 4", ragged, .transformer(128, 4)).asCase)
        cases.append(TrainingStep("embedding MLP B32 D128", ragged, .perceptron(128)).asCase)
        try Report.run(cases, options)
    }
}

/// A net over one feature of codes with one output, and everything a training step needs.
final class TrainingStep {
    enum Body {
        case recurrent(RecurrentCell, Int)
        case transformer(Int, Int)
        case perceptron(Int)
    }

    private static let vocabulary = 5000
    let name: String
    private let segments: Segments
    private let codes: [Int32]
    private let targets: [Float]
    private let table: Embedding
    private let output: Linear
    private let forward: (TrainingStep, Context) -> Tensor
    private let arena: ParameterArena
    private let optimizer: Optimizer
    /// Where every step takes its memory.
    let pool = BufferPool()
    private var step = 0

    init(_ name: String, _ segments: Segments, _ body: Body) {
        self.name = name
        self.segments = segments
        var stream = RandomStream(seed: 2, purpose: .test)
        codes = (0..<segments.total).map { _ in Int32(1 + stream.nextInt(below: Self.vocabulary - 1)) }
        targets = (0..<segments.count).map { _ in Float(stream.nextInt(below: 2)) }
        let builder = ParameterBuilder(seed: 1)
        let width: Int
        switch body {
        case .recurrent(let cell, let hidden):
            width = hidden
            let net = Recurrent(cell, inputSize: hidden, hiddenSize: hidden, parameters: builder["net"])
            forward = { step, context in
                let x = step.table.lookup(step.codes, context)
                return net.final(net(x, step.segments, context), step.segments, context)
            }
        case .transformer(let size, let heads):
            width = size
            let block = TransformerBlock(size, heads, builder["block"])
            forward = { step, context in
                context.first(
                    block(step.table.lookup(step.codes, context), step.segments, context), step.segments)
            }
        case .perceptron(let size):
            width = size
            let first = Linear(size, size, parameters: builder["0"])
            let second = Linear(size, size, parameters: builder["2"])
            forward = { step, context in
                let x = step.table.mean(step.codes, step.segments, context)
                return second(context.activation(first(x, context), .relu), context)
            }
        }
        table = Embedding(Self.vocabulary, width, parameters: builder["table"])
        output = Linear(width, 1, parameters: builder["output"])
        arena = builder.build()
        optimizer = Optimizer(.adam(.init(learningRate: 1e-4)), parameters: arena.parameters)
    }

    var asCase: Case {
        Case(name: name, work: .samples(Double(segments.count))) { self.train() }
    }

    /// One step: forward, backward, Adam; returns the loss.
    func train() -> Float {
        step += 1
        arena.zeroGradients()
        let context = Context(
            mode: .training, recordsGradients: true, pool: pool, randomness: Randomness(seed: 1, step: step))
        let logits = output(forward(self, context), context)
        let loss = context.binaryCrossEntropy(logits: logits, targets: targets)
        context.backward(from: loss.total)
        optimizer.step(
            values: arena.values, gradients: UnsafeBufferPointer(arena.gradients),
            scale: 1 / Float(segments.count), participating: arena.receivedGradient)
        return loss.total.item
    }
}

/// A pre-norm encoder block with dropout 0.1.
private struct TransformerBlock {
    private let norms: [LayerNorm]
    private let projections: [Linear]
    private let output: Linear
    private let widen: Linear
    private let narrow: Linear
    private let heads: Int

    init(_ width: Int, _ heads: Int, _ parameters: ParameterBuilder) {
        self.heads = heads
        norms = (0..<2).map { LayerNorm(width, parameters: parameters["norm\($0)"]) }
        projections = (0..<3).map {
            Linear(width, width, bias: false, parameters: parameters["projection\($0)"])
        }
        output = Linear(width, width, bias: false, parameters: parameters["output"])
        widen = Linear(width, 4 * width, parameters: parameters["widen"])
        narrow = Linear(4 * width, width, parameters: parameters["narrow"])
    }

    func callAsFunction(_ x: Tensor, _ segments: Segments, _ context: Context) -> Tensor {
        let normed = norms[0](x, context)
        let parts = projections.map { $0(normed, context) }
        let mixed = context.attention(
            query: parts[0], key: parts[1], value: parts[2], heads: heads, segments: segments, dropout: 0.1)
        let attended = context.add(x, context.dropout(output(mixed, context), 0.1))
        let hidden = context.activation(widen(norms[1](attended, context), context), .gelu)
        let changed = narrow(context.dropout(hidden, 0.1), context)
        return context.add(attended, context.dropout(changed, 0.1))
    }
}
