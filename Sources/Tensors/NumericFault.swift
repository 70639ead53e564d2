/// The first value of a computation that is NaN or infinite: which operation made it, and where in the training.
package struct NumericFault: Sendable, Equatable {
    /// The operation of ``Context``, or `input` for numbers that came from outside.
    package let operation: String
    /// The shape of its result.
    package let shape: [Int]
    /// Whether the result's gradient is meant rather than the result.
    package let isGradient: Bool
    /// The computation's epoch, step and virtual rank.
    package let randomness: Randomness
}
