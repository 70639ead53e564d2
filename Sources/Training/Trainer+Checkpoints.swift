import Foundation
import Groundwork
package import Storage

/// What a trainer needs to keep checkpoints between the ends of epochs.
package struct CheckpointPolicy: Sendable {
    /// The folder of the checkpoints.
    package var store: CheckpointStore
    /// Seconds from one to the next; nil: only when asked.
    package var seconds: Double?
    /// Whether somebody asks for one now.
    package var isRequested: @Sendable () -> Bool = { false }
    /// Told the position of a checkpoint that was asked for, once it is on disk.
    package var whenRequestedIsWritten: @Sendable (UInt64) -> Void = { _ in }
    /// Told whether writing waits for space on the disk.
    package var whenDiskIsFull: @Sendable (Bool) -> Void = { _ in }

    /// A policy; nobody asks.
    package init(store: CheckpointStore, seconds: Double? = nil) {
        self.store = store
        self.seconds = seconds
    }
}

extension Trainer {
    /// Phases from one comparison of digests to the next.
    static let agreementInterval: UInt64 = 100

    /// Whether this member wants a checkpoint after the step: it says so in the step's scalars, so that all members know.
    func wantsCheckpoint(_ exchange: any GradientExchange) -> Bool {
        guard exchange.memberIndex == 0, let policy = checkpoints else { return false }
        if policy.isRequested() { return true }
        guard let seconds = policy.seconds, checkpointWriter?.isBusy != true else { return false }
        return ProcessInfo.processInfo.systemUptime - lastCheckpoint >= seconds
    }

    /// After a phase: compares digests now and then and before every checkpoint, and begins a checkpoint.
    func afterStep(isCheckpointDue: Bool, _ exchange: any GradientExchange) throws {
        if isCheckpointDue || position % Self.agreementInterval == 0, exchange.memberCount > 1 {
            try exchange.agree(on: Array(stateDigest().utf8), position: position)
        }
        guard isCheckpointDue, exchange.memberIndex == 0 else { return }
        beginCheckpoint()
    }

    /// Copies the state, and writes it in the background.
    private func beginCheckpoint() {
        guard let policy = checkpoints, let writer = checkpointWriter else { return }
        lastCheckpoint = ProcessInfo.processInfo.systemUptime
        let position = position
        writer.begin(
            snapshot(), position: position, whenDone: { policy.whenRequestedIsWritten(position) },
            whenFull: policy.whenDiskIsFull)
    }

    /// Writes the state as a checkpoint, unless the last one holds it, and waits until it is on disk.
    ///
    /// Throws `HDF5Error`, `FileError`.
    package func writeCheckpoint() throws {
        guard let writer = checkpointWriter else { return }
        try? writer.finish()
        if writer.written != position { beginCheckpoint() }
        try writer.finish()
    }

    /// Loads the newest checkpoint that is whole, if it is further than the present state; returns how many were passed over.
    ///
    /// Throws ``TrainingError`` for one of another training.
    package func loadNewest() throws -> Int {
        guard let newest = checkpoints?.store.newest() else { return 0 }
        if newest.position > position { try load(from: newest.path) }
        return newest.damaged
    }
}
