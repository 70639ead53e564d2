import ClinicalData

/// Codes of one table by the visit they belong to.
struct VisitCodes {
    private let visits: EventColumn
    private let codes: EventColumn

    /// The attribute `code` of the patient's events in `table`, to be asked for by `hadm_id`.
    init(_ patient: Patient, table: String, code: String) {
        let events = patient.events(table)
        visits = events.column("hadm_id")
        codes = events.column(code)
    }

    /// Codes of a visit in canonical order, duplicates and nulls kept.
    func all(of visit: Symbol) -> [Symbol?] {
        var found: [Symbol?] = []
        for (row, other) in zip(visits.indices, visits) where other == visit { found.append(codes[row]) }
        return found
    }

    /// Codes of a visit without nulls (empty cells are null).
    func present(of visit: Symbol) -> [Symbol?] { all(of: visit).filter { $0 != nil } }
}

/// The tables that the MIMIC-III visit tasks share.
enum MIMIC3Visits {
    static let inputSchema = [
        FieldSchema("conditions", "sequence"), FieldSchema("procedures", "sequence"),
        FieldSchema("drugs", "sequence"),
    ]
    static let codeTables = [
        TableRequirement("diagnoses_icd", ["hadm_id", "icd9_code"]),
        TableRequirement("procedures_icd", ["hadm_id", "icd9_code"]),
        TableRequirement("prescriptions", ["hadm_id", "ndc"]),
    ]
    /// The rule for visits without all three kinds of codes.
    static let emptyRule = "visit without conditions, procedures or drugs"
    /// The rule for visits that have no next one to take a label from.
    static let lastVisitRule = "last visit (no next visit to label it)"
    /// The rule for patients with one visit only.
    static let singleVisitRule = "patient with fewer than 2 visits"
    /// The rule for patients none of whose visits is left.
    static let nothingLeftRule = "patient with no visit left"
}
