import Foundation

/// A queue between two threads: one puts in, the other takes out and waits while it is empty.
final class WorkQueue<Item: Sendable>: @unchecked Sendable {
    // Safe to share: everything is only touched under `condition`.
    private let condition = NSCondition()
    private var items: [Item] = []
    private var isClosed = false

    /// Whether nothing is there to be taken.
    var isEmpty: Bool {
        condition.lock()
        defer { condition.unlock() }
        return items.isEmpty
    }

    /// Puts an item at the end.
    func put(_ item: Item) {
        condition.lock()
        items.append(item)
        condition.signal()
        condition.unlock()
    }

    /// Takes the first item; nil once the queue is closed and empty.
    func take() -> Item? {
        condition.lock()
        defer { condition.unlock() }
        while items.isEmpty, !isClosed { condition.wait() }
        return items.isEmpty ? nil : items.removeFirst()
    }

    /// Takes everything there is, at least one item; empty once the queue is closed and empty.
    func takeAll() -> [Item] {
        condition.lock()
        defer { condition.unlock() }
        while items.isEmpty, !isClosed { condition.wait() }
        defer { items = [] }
        return items
    }

    /// Takes everything there is without waiting.
    func drain() -> [Item] {
        condition.lock()
        defer { condition.unlock() }
        defer { items = [] }
        return items
    }

    /// Lets takers end once the queue is empty.
    func close() {
        condition.lock()
        isClosed = true
        condition.broadcast()
        condition.unlock()
    }
}
