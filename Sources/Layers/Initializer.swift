/// How a parameter's first values are drawn; the same as PyTorch's defaults.
package enum Initializer: Sendable, Equatable {
    /// Evenly in [−bound, bound).
    case uniform(bound: Float)
    /// Normal with mean 0.
    case normal(deviation: Float)
    /// Standard normal, row 0 (padding) zero.
    case embedding
    case zeros
    case ones
}
