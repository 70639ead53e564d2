import Synchronization
import ZeroMQ

/// Messages from other threads to one that waits for sockets.
final class Mailbox<Item: Sendable>: Sendable {
    /// Ends the receiver's wait.
    let wakeUp: WakeUp
    private let items = Mutex<[Item]>([])

    init() throws { wakeUp = try WakeUp() }

    /// Leaves an item and wakes the receiver.
    func post(_ item: Item) {
        items.withLock { $0.append(item) }
        wakeUp.signal()
    }

    /// Everything left so far.
    func take() -> [Item] {
        items.withLock { list in
            defer { list = [] }
            return list
        }
    }
}
