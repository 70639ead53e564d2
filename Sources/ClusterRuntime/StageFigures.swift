import ClusterProtocol

/// What one stage cost.
struct StageFigures: Sendable {
    var seconds = 0.0
    var computeSeconds = 0.0
    var bytes: UInt64 = 0
}

/// What the coordinator's loop tells the thread that runs the driver.
enum StageOutcome: Sendable {
    case done([WireShardCommit], StageFigures)
    case failed(ClusterError)
    /// A file of an earlier stage must be made again.
    case inputDamaged(WireFailure)
}
