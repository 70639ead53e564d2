import ClinicalData

/// A patient's rows of one table by visit (`hadm_id` or another attribute that names it), kept as runs of consecutive rows of
/// the same visit.
struct VisitRows {
    private let id: String
    private var runs: [(visit: Symbol, rows: Range<Int>)] = []

    init(_ events: Events, by id: String = "hadm_id") {
        self.id = id
        let visits = events.column(id)
        var start = visits.startIndex
        while start < visits.endIndex {
            let visit = visits[start]
            var end = start + 1
            while end < visits.endIndex, visits[end] == visit { end += 1 }
            if let visit { runs.append((visit, start..<end)) }
            start = end
        }
    }

    /// The rows of an admission in canonical order; none for one without an id.
    func of(_ visit: Event) -> [Int] {
        var rows: [Int] = []
        forEachRun(of: visit) { rows += $0 }
        return rows
    }

    /// Calls `body` with runs of rows of an admission in canonical order.
    func forEachRun(of visit: Event, _ body: (Range<Int>) throws -> Void) rethrows {
        guard let id = visit.symbol(id) else { return }
        for run in runs where run.visit == id { try body(run.rows) }
    }
}
