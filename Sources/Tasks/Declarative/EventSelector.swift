import ClinicalData
import Groundwork

/// Which events of a table are meant: all conditions hold, and the key is the trigger's.
struct EventSelector: Sendable {
    let table: String
    /// An attribute that holds the event's time; nil: the row's own.
    var time: String?
    var conditions: [EventCondition] = []
    /// The attribute in which the event and the trigger agree; nil: any event of the patient.
    var same: String?

    static let keys = ["predicate", "table", "time", "where", "same"]

    /// Events in canonical order that satisfy the conditions, of one patient.
    struct Bound {
        let events: Events
        /// Rows that satisfy the conditions, in order of time.
        private let rows: [(row: Int, time: Int64)]
        private let keys: EventColumn?
        let same: String?

        init(_ selector: EventSelector, _ patient: Patient) throws {
            let events = patient.events(selector.table)
            self.events = events
            same = selector.same
            keys = selector.same.map(events.column)
            let conditions = selector.conditions.map { BoundCondition($0, events, patient.symbols) }
            var found: [(row: Int, time: Int64)] = []
            if let table = patient.shard.tables.first(where: { $0.name == selector.table }) {
                for row in events.indices where conditions.allSatisfy({ $0.holds(row) }) {
                    found.append((row, table.times[row]))
                }
            }
            guard let attribute = selector.time else {
                rows = found
                return
            }
            rows = try found.map { (row, _) in
                (row, try events[row].time(attribute)?.milliseconds ?? Timestamp.missing)
            }.sorted { ($0.time, $0.row) < ($1.time, $1.row) }
        }

        /// The rows of a sample within `span` (nil: whatever their time), with their times.
        func rows(_ scene: Scene, in span: TimeWindow.Span?) -> [(row: Int, time: Int64)] {
            var candidates = rows[...]
            if let span {
                let first = candidates.partition { $0.time >= max(span.low, Timestamp.missing + 1) }
                candidates = candidates[first...]
                candidates = candidates[..<candidates.partition { $0.time > span.high }]
            }
            guard let same, let keys else { return Array(candidates) }
            guard let key = scene.trigger.symbol(same) else { return [] }
            return candidates.filter { keys[$0.row] == key }
        }
    }
}

extension ArraySlice {
    /// The first place from which on `isRight` holds, in a slice ordered by it.
    fileprivate func partition(_ isRight: (Element) -> Bool) -> Int {
        var (low, high) = (startIndex, endIndex)
        while low < high {
            let middle = low + (high - low) / 2
            if isRight(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
