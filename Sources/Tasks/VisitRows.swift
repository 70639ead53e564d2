import ClinicalData

/// A patient's rows of one table by visit (`hadm_id` or another attribute that names it), kept as runs of consecutive rows of
/// the same visit.
struct VisitRows {
    private let id: String
    private var runs: [(visit: Symbol, rows: Range<Int>)] = []

    init(_ events: Events, by id: String = "hadm_id") {
        self.id = id
        let visits = events.column(id)
        for row in visits.indices {
            guard let visit = visits[row] else { continue }
            if let last = runs.last, last.visit == visit, last.rows.upperBound == row {
                runs[runs.count - 1].rows = last.rows.lowerBound..<(row + 1)
            } else {
                runs.append((visit, row..<(row + 1)))
            }
        }
    }

    /// The rows of an admission in canonical order; none for one without an id.
    func of(_ visit: Event) -> [Int] {
        guard let id = visit.symbol(id) else { return [] }
        return runs.filter { $0.visit == id }.flatMap(\.rows)
    }
}
