package import Kernels

/// Row-major floats with a shape; a value in a computation, or a parameter.
///
/// Operations of ``Context`` make tensors; they live in pooled memory that is used again once the tensor is released.
/// Nearly all are matrices `[rows, columns]`; other shapes are read as such with the last axis as columns.
/// Tensors belong to one thread.
package final class Tensor {
    /// The length of every axis.
    package let shape: [Int]
    /// The product of all axes but the last.
    package let rows: Int
    /// The last axis.
    package let columns: Int
    /// Whether gradients flow to it.
    package let wantsGradient: Bool
    private var place: UnsafeMutablePointer<Float>?
    private let buffer: Buffer?
    /// The gradient that has arrived so far; nil before the first contribution.
    private(set) var gradientBuffer: Buffer?
    /// Set for parameters.
    package private(set) var slot: ParameterSlot?

    /// A tensor in pooled memory, contents undefined.
    init(shape: [Int], buffer: Buffer, wantsGradient: Bool) {
        self.shape = shape
        columns = shape.last ?? 1
        rows = shape.dropLast().reduce(1, *)
        place = buffer.floats
        self.buffer = buffer
        self.wantsGradient = wantsGradient
    }

    /// A parameter that gets its memory later, by ``bind(values:)``; `slot` holds its gradient.
    package init(unboundParameter shape: [Int], slot: ParameterSlot) {
        self.shape = shape
        columns = shape.last ?? 1
        rows = shape.dropLast().reduce(1, *)
        place = nil
        self.slot = slot
        buffer = nil
        wantsGradient = slot.isTrainable
    }

    /// Gives a parameter its memory.
    package func bind(values: UnsafeMutablePointer<Float>) { place = values }

    /// The values, row-major.
    package var values: UnsafeMutablePointer<Float> {
        guard let place else { refuse("parameter: used before ParameterBuilder.build()") }
        return place
    }

    /// The number of values.
    package var count: Int { rows * columns }
    /// A copy of the values.
    package var array: [Float] { Array(UnsafeBufferPointer(start: values, count: count)) }
    /// The only value of a tensor with one.
    package var item: Float {
        require(count == 1, "item: one value expected, shape \(shape)")
        return values[0]
    }

    /// A copy of the gradient, nil when none arrived; for inputs made by ``Context/variable(_:shape:)``.
    package var gradient: [Float]? {
        gradientBuffer.map { Array(UnsafeBufferPointer(start: $0.floats, count: count)) }
    }

    /// The values as a matrix.
    package var view: MatrixView { MatrixView(values, rows: rows, columns: columns) }
}

extension Tensor: CustomStringConvertible {
    /// The shape, after the name of a parameter: `"fc.weight" [1, 128]`.
    package var description: String { slot.map { "\"\($0.name)\" \(shape)" } ?? "\(shape)" }
}

/// Where a pullback puts a gradient.
struct GradientTarget {
    let floats: UnsafeMutablePointer<Float>
    /// Add to what is there instead of overwriting it.
    let add: Bool
}

extension Tensor {
    /// Where a pullback writes all elements of this tensor's gradient; nil when nobody wants it.
    func gradientTarget(_ context: Context) -> GradientTarget? {
        guard wantsGradient else { return nil }
        if let slot { return GradientTarget(floats: slot.denseGradient(), add: true) }
        if let gradientBuffer { return GradientTarget(floats: gradientBuffer.floats, add: true) }
        let fresh = context.pool.buffer(count)
        gradientBuffer = fresh
        return GradientTarget(floats: fresh.floats, add: false)
    }

    /// Where a pullback adds to some elements of this tensor's gradient (zero before); nil when nobody wants it.
    func gradientSum(_ context: Context) -> UnsafeMutablePointer<Float>? {
        guard let target = gradientTarget(context) else { return nil }
        if !target.add { target.floats.update(repeating: 0, count: count) }
        return target.floats
    }

    /// Gives the gradient's memory back.
    func releaseGradient() { gradientBuffer = nil }
}
