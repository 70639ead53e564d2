import ClinicalData

/// One patient as a declarative task sees him: his triggers, the events that its selectors choose, and where his record ends.
struct PatientRecord {
    let patient: Patient
    let triggers: [Event]
    private(set) var begin: Timestamp?
    private(set) var end: Timestamp?
    private var selected: [EventSelector.Bound] = []

    init(_ patient: Patient, _ trigger: DeclarativeTrigger) {
        self.patient = patient
        let events = patient.events(trigger.table)
        let conditions = trigger.conditions.map { BoundCondition($0, events, patient.symbols) }
        triggers = events.indices.filter { row in conditions.allSatisfy { $0.holds(row) } }.map { events[$0] }
    }

    /// Looks up what `selectors` choose; the record reaches from the first to the last event of `tables`.
    mutating func open(_ selectors: [EventSelector], tables: [String]) throws {
        selected = try selectors.map { try EventSelector.Bound($0, patient) }
        for table in tables {
            let events = patient.events(table)
            guard let last = events.last?.timestamp else { continue }
            end = max(end ?? last, last)
            if let first = events.lazy.compactMap(\.timestamp).first { begin = min(begin ?? first, first) }
        }
    }

    /// The events of the selector with that number.
    func events(_ selector: Int) -> EventSelector.Bound { selected[selector] }
}
