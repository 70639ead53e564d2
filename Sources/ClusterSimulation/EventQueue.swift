import ClusterProtocol

/// Events in the order of their times; those of one time in the order in which they were put (a binary heap).
struct EventQueue<Event> {
    private struct Entry {
        let time: Seconds
        let order: Int
        let event: Event

        func isBefore(_ other: Entry) -> Bool {
            time != other.time ? time < other.time : order < other.order
        }
    }

    private var heap: [Entry] = []
    private var order = 0

    /// Adds an event.
    mutating func put(_ event: Event, at time: Seconds) {
        order += 1
        heap.append(Entry(time: time, order: order, event: event))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].isBefore(heap[parent]) else { break }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    /// Takes the next event; nil if there is none.
    mutating func take() -> (time: Seconds, event: Event)? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        guard !heap.isEmpty else { return (first.time, first.event) }
        heap[0] = last
        var parent = 0
        while true {
            var next = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && heap[child].isBefore(heap[next]) { next = child }
            if next == parent { return (first.time, first.event) }
            heap.swapAt(parent, next)
            parent = next
        }
    }
}
