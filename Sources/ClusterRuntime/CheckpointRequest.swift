import Synchronization

/// A wish for a checkpoint, given by the coordinator and fulfilled by the training member at a boundary.
package final class CheckpointRequest: Sendable {
    private let isWished = Atomic<Bool>(false)
    private let whenWritten: @Sendable (UInt64) -> Void

    /// `whenWritten` hears the position of each checkpoint that was wished for, once it is on disk.
    package init(whenWritten: @escaping @Sendable (UInt64) -> Void = { _ in }) {
        self.whenWritten = whenWritten
    }

    /// Wishes for a checkpoint.
    package func wish() { isWished.store(true, ordering: .releasing) }

    /// Whether somebody wishes for one.
    package var isPending: Bool { isWished.load(ordering: .acquiring) }

    /// Takes the wish over, if there is one.
    package func take() -> Bool { isWished.exchange(false, ordering: .acquiringAndReleasing) }

    /// Says that the checkpoint is on disk.
    package func fulfil(position: UInt64) { whenWritten(position) }
}
