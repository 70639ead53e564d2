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
    /// Microseconds inside collectives of this generation, and the times at which it and the present wait began.
    private let waited = Atomic<Int>(0)
    private let began = Atomic<Int>(0)
    private let waitBegan = Atomic<Int>(0)
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
        waited.store(0, ordering: .relaxed)
        began.store(Self.microseconds, ordering: .relaxed)
    }

    /// Training begins in this generation: what was before Go does not count.
    func go() { began.store(Self.microseconds, ordering: .relaxed) }

    private static var microseconds: Int { Int(SystemFacts.now() * 1e6) }

    /// Where the training member is; told by the thread it belongs to.
    func reached(_ position: UInt64) { self.position.store(position, ordering: .relaxed) }

    func call(_ number: UInt64) { calls.store(number, ordering: .relaxed) }
    /// The thread begins or ends to wait inside a collective.
    func wait(_ isWaiting: Bool) {
        let now = Self.microseconds
        if isWaiting {
            waitBegan.store(now, ordering: .relaxed)
        } else {
            waited.add(now - waitBegan.load(ordering: .relaxed), ordering: .relaxed)
        }
        waiting.store(isWaiting, ordering: .relaxed)
    }
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
        let now = Self.microseconds
        var waited = waited.load(ordering: .relaxed)
        if state.waiting { waited += max(0, now - waitBegan.load(ordering: .relaxed)) }
        state.waitedSeconds = Double(waited) * 1e-6
        state.runSeconds = Double(max(0, now - began.load(ordering: .relaxed))) * 1e-6
        return state
    }
}
