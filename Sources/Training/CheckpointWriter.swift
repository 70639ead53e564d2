import Foundation
import Groundwork
import Storage
import Synchronization

/// Writes checkpoints on a thread of its own, one at a time, while training goes on.
final class CheckpointWriter: Sendable {
    private struct State {
        var isBusy = false
        var written: UInt64?
        var failure: (any Error)?
    }

    private let store: CheckpointStore
    private let state = Mutex(State())
    private let idle = DispatchSemaphore(value: 1)

    init(_ store: CheckpointStore) { self.store = store }

    /// The position of the last checkpoint that is on disk.
    var written: UInt64? { state.withLock { $0.written } }

    /// Whether one is being written.
    var isBusy: Bool { state.withLock { $0.isBusy } }

    /// Begins to write `checkpoint`, after one that is under way; `whenDone` is called on the writer's thread if it went well.
    ///
    /// A checkpoint that cannot be written is left out: the next one is tried anew.
    func begin(
        _ checkpoint: CheckpointFile, position: UInt64, whenDone: @escaping @Sendable () -> Void,
        whenFull: @escaping @Sendable (Bool) -> Void
    ) {
        idle.wait()
        state.withLock { $0.isBusy = true }
        let thread = Thread { [self] in
            do {
                try DiskSpace.retrying(whenFull) { try store.write(checkpoint, position: position) }
                state.withLock {
                    $0.written = max(position, $0.written ?? 0)
                    $0.failure = nil
                }
                whenDone()
            } catch {
                state.withLock { $0.failure = error }
            }
            state.withLock { $0.isBusy = false }
            idle.signal()
        }
        thread.name = "checkpoint"
        thread.stackSize = 8 << 20
        thread.start()
    }

    /// Waits until nothing is being written; throws what the last checkpoint failed with.
    func finish() throws {
        idle.wait()
        idle.signal()
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }
}
