import Foundation
import Synchronization

/// A wish to stop, given once from any thread.
package final class StopToken: Sendable {
    private let requested = Atomic<Bool>(false)
    private let handlers = Mutex<[@Sendable () -> Void]>([])

    package init() {}

    /// Whether a stop was asked for.
    package var isRequested: Bool { requested.load(ordering: .acquiring) }

    /// Asks for a stop.
    package func request() {
        guard !requested.exchange(true, ordering: .acquiringAndReleasing) else { return }
        for handler in handlers.withLock({ $0 }) { handler() }
    }

    /// Calls `handler` when a stop is asked for, at once if it was already.
    package func whenRequested(_ handler: @escaping @Sendable () -> Void) {
        let isLate = handlers.withLock { list in
            list.append(handler)
            return isRequested
        }
        if isLate { handler() }
    }
}
