import ClusterProtocol
import Synchronization
import ZeroMQ

/// What the worker's other threads see and steer of a collective: they interrupt it and ask whether it waits.
final class CollectiveControl: Sendable {
    /// Wakes the thread inside a collective.
    let wakeUp: WakeUp
    private let fence = Atomic<UInt64>(0)
    private let generation = Atomic<UInt64>(0)
    private let calls = Atomic<UInt64>(0)
    private let position = Atomic<UInt64>(0)
    private let waiting = Atomic<Bool>(false)
    private let framesDropped = Atomic<Int>(0)

    init() throws { wakeUp = try WakeUp() }

    /// Ends collectives of generations before this one.
    func interrupt(before generation: UInt64) {
        // Not `Atomic.max`: it compares as signed numbers (Swift 6.3), so that `.max` would interrupt nothing.
        var old = fence.load(ordering: .acquiring)
        while old < generation {
            let (isDone, now) = fence.compareExchange(
                expected: old, desired: generation, ordering: .acquiringAndReleasing)
            if isDone { break }
            old = now
        }
        wakeUp.signal()
    }

    /// Forgets interruptions; called before another training begins.
    func reset() {
        fence.store(0, ordering: .releasing)
        generation.store(0, ordering: .relaxed)
        waiting.store(false, ordering: .relaxed)
    }

    /// Whether collectives of `generation` have been ended.
    func isInterrupted(_ generation: UInt64) -> Bool { generation < fence.load(ordering: .acquiring) }

    func begin(_ generation: UInt64) {
        self.generation.store(generation, ordering: .relaxed)
        calls.store(0, ordering: .relaxed)
        waiting.store(false, ordering: .relaxed)
    }

    /// Where the training member is; told by the thread it belongs to.
    func reached(_ position: UInt64) { self.position.store(position, ordering: .relaxed) }

    func call(_ number: UInt64) { calls.store(number, ordering: .relaxed) }
    func wait(_ isWaiting: Bool) { waiting.store(isWaiting, ordering: .relaxed) }
    func drop() { framesDropped.add(1, ordering: .relaxed) }

    /// Frames of other generations or with wrong check values.
    var droppedFrames: Int { framesDropped.load(ordering: .relaxed) }

    /// The part of a heartbeat that the collective knows.
    var state: WireTrainingState {
        var state = WireTrainingState()
        state.generation = generation.load(ordering: .relaxed)
        state.calls = calls.load(ordering: .relaxed)
        state.position = position.load(ordering: .relaxed)
        state.waiting = waiting.load(ordering: .relaxed)
        return state
    }
}
