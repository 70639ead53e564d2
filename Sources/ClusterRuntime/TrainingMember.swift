package import Foundation
package import Groundwork

/// One worker's part in a training: holds parameters and optimizer state, computes the leaves of its virtual ranks.
///
/// All members at the same ``position`` hold the same bits. Used on the worker's compute thread only.
package protocol TrainingMember: AnyObject {
    /// Phases applied so far: optimizer steps and evaluations. An update is swapped in whole, so that a phase is applied
    /// or not, also when ``run(with:progress:)`` is interrupted.
    var position: UInt64 { get }
    /// A digest of the complete state (parameters, optimizer, history) at ``position``.
    func stateDigest() -> Data
    /// A copy of the complete state for members that are elsewhere.
    func state() throws -> Data
    /// Replaces the complete state.
    func restore(_ state: Data) throws
    /// Writes the complete state as a checkpoint and waits until it is on disk; what the last one holds is not written again.
    func writeCheckpoint() throws
    /// Checkpoints that were passed over when the member was made, because they are torn or have other content.
    var damagedCheckpoints: Int { get }
    /// Trains from ``position`` to the end and returns the result.
    ///
    /// Throws ``CollectiveInterrupted`` (from the collective, passed on) when the membership changes; is then called again
    /// with another collective. Called again after it has finished, it returns the same result at once.
    /// A NaN loss and the like is a thrown `PyHealthError`; see ``WorkExecutor`` for what happens then.
    func run(with collective: any Collective, progress: ProgressCounter) throws -> TrainingResult
}

/// What a finished training came to; equal on every member except for `files`, which come from member 0.
package struct TrainingResult: Sendable {
    /// Finished files, relative to the run directory; named in the stage's manifest with size and digest.
    package var files: [String]
    /// Small facts for the driver; at most ``ClusterLimits/payloadBytes``.
    package var result: Data

    package init(files: [String] = [], result: Data) {
        self.files = files
        self.result = result
    }
}

/// Where a training member runs.
package struct TrainingWork: Sendable {
    package var stageID: String
    package var stageName: String
    /// The run directory as this worker sees it.
    package var runDirectory: String
    /// The stage's folder relative to the run directory; checkpoints and other files of the stage belong there.
    package var folder: String
    /// K, fixed for the job.
    package var virtualRanks: Int
    /// The worker process, as eight hex digits; part of temporary file names.
    package var instance: String
    /// The coordinator's wish for a checkpoint.
    package var checkpointRequest: CheckpointRequest

    package init(
        stageID: String, stageName: String, runDirectory: String, folder: String, virtualRanks: Int,
        instance: String, checkpointRequest: CheckpointRequest = CheckpointRequest()
    ) {
        self.stageID = stageID
        self.stageName = stageName
        self.runDirectory = runDirectory
        self.folder = folder
        self.virtualRanks = virtualRanks
        self.instance = instance
        self.checkpointRequest = checkpointRequest
    }
}

/// Thrown by ``Collective/agree(on:position:)``: members hold different states.
///
/// Pass it on like ``CollectiveInterrupted``; the coordinator decides who is right.
package struct StatesDiffer: Error, Sendable {
    package var position: UInt64
    /// In member order.
    package var digests: [Data]
}

/// Thrown by a collective when its generation has ended: go back to the last applied phase and return to the caller.
package struct CollectiveInterrupted: Error, Sendable {
    package init() {}
}

/// How the members of one generation add and share numbers; valid for one call of ``TrainingMember/run(with:progress:)``.
///
/// Every member must make the same calls in the same order. Member 0 writes checkpoints and files.
package protocol Collective: AnyObject {
    /// This member's place, 0-based.
    var memberIndex: Int { get }
    var memberCount: Int { get }
    /// The virtual ranks that this member computes; a part of 0..<K, never empty.
    var virtualRanks: Range<Int> { get }

    /// Tells that the elements from `offset` on are final in all leaves of the sum that comes next: they may travel while
    /// the rest is computed. Offsets descend; ``allReduce(leaves:scalars:scalarCount:into:)`` with the same root ends it.
    func release(
        _ leaves: [TouchedFloats?], from offset: Int, into root: UnsafeMutableBufferPointer<Float>) throws

    /// Adds one leaf per virtual rank over all K by the fixed tree and gives every member the same root.
    ///
    /// `leaves` holds one buffer per owned virtual rank in order, nil for an absent one (it is passed over, not added as
    /// zero); all have the length of `root`. Their content is undefined afterwards. `scalars` holds one list per owned virtual
    /// rank, empty for an absent one, all others of `scalarCount` numbers; they are added in the same tree in Float64.
    /// If every leaf is absent root and sums are zero. `root` may be the same memory as the first leaf.
    func allReduce(
        leaves: [TouchedFloats?], scalars: [[Double]], scalarCount: Int,
        into root: UnsafeMutableBufferPointer<Float>
    ) throws -> ReducedSum

    /// Every member's bytes, in member order.
    func allGather(_ mine: Data) throws -> [Data]
}

extension Collective {
    /// Compares a digest of the state at `position` over all members; throws ``StatesDiffer`` unless all are equal.
    package func agree(on digest: Data, position: UInt64) throws {
        guard memberCount > 1 else { return }
        let digests = try allGather(digest)
        if digests.contains(where: { $0 != digest }) {
            throw StatesDiffer(position: position, digests: digests)
        }
    }
}
