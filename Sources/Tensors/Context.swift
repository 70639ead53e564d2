import Groundwork
import Kernels

/// How a computation is meant.
package enum ComputationMode: Sendable {
    /// Dropout is on; products are as fast as possible.
    case training
    /// Dropout is off; a row's bits do not depend on the other rows of the batch.
    case evaluation
}

/// What the random numbers of a computation are a function of, beside the place of each draw.
package struct Randomness: Sendable, Equatable {
    package let seed: UInt64
    package let epoch: Int
    package let step: Int
    /// The virtual rank.
    package let rank: Int

    package init(seed: UInt64, epoch: Int = 0, step: Int = 0, rank: Int = 0) {
        self.seed = seed
        self.epoch = epoch
        self.step = step
        self.rank = rank
    }

    /// The stream of the `ordinal`-th dropout.
    func dropout(_ ordinal: Int) -> RandomStream {
        RandomStream(seed: seed, purpose: .dropout, epoch: epoch, step: step, rank: rank, layer: ordinal)
    }
}

/// One computation: its mode, its memory, its random numbers, and the tape that remembers how to go back.
///
/// Operations are methods in extensions, one file per family, forward and pullback side by side. A context is used
/// for one micro-batch on one thread.
package final class Context {
    /// Goes back through one operation: gets the gradient of the operation's output, adds to those of its inputs.
    typealias Pullback = (_ gradient: UnsafePointer<Float>, _ context: Context) -> Void

    package let mode: ComputationMode
    /// Whether operations are remembered for ``backward(from:)``.
    package let recordsGradients: Bool
    package let pool: BufferPool
    /// What computations with the same parameters share; nil: nothing.
    let packedWeights: PackedWeights?
    /// Whether every result and every gradient is looked through for NaN and infinities, see ``numericFault``.
    package let checksNumerics: Bool
    /// The first result or gradient with a NaN or an infinity; nil if there is none or nobody looks for it.
    ///
    /// Results that are −∞ by definition (``logSoftmax(_:valid:)``) are passed over.
    package private(set) var numericFault: NumericFault?
    private let randomness: Randomness
    private var dropouts = 0
    private var tape: [Step] = []
    private var hasGoneBack = false

    /// One entry of the tape.
    private struct Step {
        let output: Tensor
        let operation: String
        let pullback: Pullback
    }

    /// A computation; the default randomness is seed 0. Without `checksNumerics`, looking for NaN costs nothing.
    package init(
        mode: ComputationMode, recordsGradients: Bool, pool: BufferPool,
        packedWeights: PackedWeights? = nil, randomness: Randomness = Randomness(seed: 0),
        checksNumerics: Bool = false
    ) {
        self.packedWeights = packedWeights
        self.checksNumerics = checksNumerics
        self.mode = mode
        self.recordsGradients = recordsGradients
        self.pool = pool
        self.randomness = randomness
    }

    /// An input without gradient.
    package func tensor(_ values: [Float], shape: [Int]) -> Tensor {
        fill(values, shape, wantsGradient: false)
    }

    /// An input whose gradient is wanted; read it from ``Tensor/gradient`` after ``backward(from:)``.
    package func variable(_ values: [Float], shape: [Int]) -> Tensor {
        fill(values, shape, wantsGradient: true)
    }

    /// Walks the tape back from `loss` (one value, whose derivative by itself is 1) and uses it up.
    ///
    /// Gradients are added to those of the parameters. Saved values are released on the way.
    ///
    /// First derivatives only: a gradient is plain numbers without a tape, so there are no gradients of gradients, and
    /// going back a second time ends the process with a message. Second derivatives are needed by none of the product's
    /// models and interpretation methods: these ask for gradients of a score by inputs or embeddings, some with other
    /// pullbacks of single operations.
    ///
    /// `afterEach` is called after every operation with the number of those left.
    package func backward(from loss: Tensor, afterEach: ((_ left: Int) -> Void)? = nil) {
        require(recordsGradients, "backward: this context does not record gradients")
        require(
            !hasGoneBack,
            "backward: the tape of this context is used up, and gradients of gradients are not built; "
                + "compute in a new context")
        require(loss.count == 1, "backward: one value expected, shape \(loss)")
        hasGoneBack = true
        guard let target = loss.gradientTarget(self) else { return tape.removeAll() }
        target.floats[0] = target.add ? target.floats[0] + 1 : 1
        while let step = tape.popLast() {
            if let gradient = step.output.gradientBuffer { goBack(step, gradient) }
            afterEach?(tape.count)
        }
    }

    private func goBack(_ step: Step, _ gradient: Buffer) {
        if checksNumerics { look(at: gradient.floats, of: step.output, step.operation, isGradient: true) }
        // Here alone: what is called between the operations adds up ranks, as others do who do not flush.
        Kernel.flushingSubnormals { step.pullback(gradient.floats, self) }
        step.output.releaseGradient()
    }

    /// A number that tells apart tapes of other operations or of another order.
    package var tapeSignature: UInt64 {
        tape.reduce(UInt64(tape.count)) { hash, step in
            step.operation.utf8.reduce(hash &* 31 &+ 7) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
        }
    }

    // MARK: For operations

    /// How products are computed here.
    var products: ProductMode { mode == .training ? .fast : .rowStable }

    /// A new tensor for the result of an operation on `inputs`, contents undefined.
    func result(_ shape: [Int], from inputs: Tensor...) -> Tensor {
        result(shape, wantsGradient: inputs.contains { $0.wantsGradient })
    }

    /// A new tensor, contents undefined; its gradient is only wanted when this context records.
    func result(_ shape: [Int], wantsGradient: Bool) -> Tensor {
        let buffer = pool.buffer(shape.reduce(1, *))
        return Tensor(shape: shape, buffer: buffer, wantsGradient: wantsGradient && recordsGradients)
    }

    /// Ends an operation: remembers how to go back from its finished `output`, if that gradient is wanted.
    ///
    /// `operation` is its name, up to the first parenthesis; `isFinite` is false where infinities are no fault.
    func record(
        _ output: Tensor, operation: String = #function, isFinite: Bool = true, _ pullback: @escaping Pullback
    ) {
        if checksNumerics && isFinite { look(at: output.values, of: output, operation, isGradient: false) }
        if output.wantsGradient {
            tape.append(Step(output: output, operation: operation, pullback: pullback))
        }
    }

    /// The random stream of the next dropout.
    func nextDropout() -> RandomStream {
        defer { dropouts += 1 }
        return randomness.dropout(dropouts)
    }

    /// Remembers the first fault.
    private func look(
        at values: UnsafePointer<Float>, of output: Tensor, _ operation: String, isGradient: Bool
    ) {
        guard numericFault == nil, Kernel.firstNonFinite(values, count: output.count) != nil else { return }
        numericFault = NumericFault(
            operation: String(operation.prefix { $0 != "(" }), shape: output.shape, isGradient: isGradient,
            randomness: randomness)
    }

    private func fill(_ values: [Float], _ shape: [Int], wantsGradient: Bool) -> Tensor {
        require(
            values.count == shape.reduce(1, *), "tensor: \(values.count) values do not fill \(shape)")
        let tensor = result(shape, wantsGradient: wantsGradient)
        values.withUnsafeBufferPointer { source in
            if let base = source.baseAddress { tensor.values.update(from: base, count: source.count) }
        }
        if checksNumerics { look(at: tensor.values, of: tensor, "input", isGradient: false) }
        return tensor
    }
}
