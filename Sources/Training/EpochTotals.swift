/// Sums over the training samples of one epoch so far, kept so that an interrupted epoch goes on with the same bits.
struct EpochTotals: Codable, Sendable, Equatable {
    /// Sum of the samples' losses.
    var loss = 0.0
    /// Number of samples.
    var samples = 0.0
}
