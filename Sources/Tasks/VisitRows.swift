import ClinicalData

/// A patient's rows of one table by visit (`hadm_id`), kept as runs of consecutive rows of the same visit.
struct VisitRows {
    private var runs: [(visit: Symbol, rows: Range<Int>)] = []

    init(_ events: Events) {
        let visits = events.column("hadm_id")
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
        guard let id = visit.symbol("hadm_id") else { return [] }
        return runs.filter { $0.visit == id }.flatMap(\.rows)
    }
}
