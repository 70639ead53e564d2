import ClinicalData

/// The notes of a patient's visits in one table, found by `hadm_id`.
struct VisitNotes {
    private let rows: VisitRows
    private let column: EventColumn
    private let symbols: SymbolTable

    /// What is read of the table.
    static func requirement(_ table: String) -> TableRequirement {
        TableRequirement(table, ["hadm_id", "text"])
    }

    init(_ patient: Patient, _ table: String) {
        let events = patient.events(table)
        rows = VisitRows(events)
        column = events.column("text")
        symbols = patient.symbols
    }

    /// The texts of a visit's notes in canonical order; notes without a text are left out.
    func texts(of visit: Event) -> [String] { rows.of(visit).compactMap { column[$0].map { symbols[$0] } } }
}
