import ClinicalData

/// Conditions, procedures and drugs of a patient's visits, found by `hadm_id`.
struct VisitCodes {
    private let conditions: CodeTable
    private let procedures: CodeTable
    private let drugs: CodeTable
    private let keepsNullDrugs: Bool

    /// The tables that are read.
    static let requirements = [
        TableRequirement("diagnoses_icd", ["hadm_id", "icd9_code"]),
        TableRequirement("procedures_icd", ["hadm_id", "icd9_code"]),
        TableRequirement("prescriptions", ["hadm_id", "ndc"]),
    ]
    /// The fields that ``inputs(of:)`` fills.
    static let schema = [
        FieldSchema("conditions", "sequence"), FieldSchema("procedures", "sequence"),
        FieldSchema("drugs", "sequence"),
    ]

    /// The codes of `patient`; drugs without a code are kept as nulls or left out.
    init(_ patient: Patient, keepsNullDrugs: Bool) {
        conditions = CodeTable(patient.events("diagnoses_icd"), "icd9_code")
        procedures = CodeTable(patient.events("procedures_icd"), "icd9_code")
        drugs = CodeTable(patient.events("prescriptions"), "ndc")
        self.keepsNullDrugs = keepsNullDrugs
    }

    /// The three lists of a visit in canonical order, duplicates kept; nil if one of them is empty.
    func inputs(of visit: Symbol?) -> [FieldValue]? {
        guard let visit else { return nil }
        let drugs = drugs.codes(of: visit, keepsNulls: keepsNullDrugs)
        guard !drugs.isEmpty else { return nil }
        let conditions = conditions.codes(of: visit, keepsNulls: true)
        let procedures = procedures.codes(of: visit, keepsNulls: true)
        guard !conditions.isEmpty, !procedures.isEmpty else { return nil }
        return [.codes(conditions), .codes(procedures), .codes(drugs)]
    }
}

/// A patient's rows of one table: the visit and the code of each.
private struct CodeTable {
    private let visits: ArraySlice<UInt32>
    private let codes: ArraySlice<UInt32>

    init(_ events: Events, _ code: String) {
        visits = events.column("hadm_id").indicesOfSymbols
        codes = events.column(code).indicesOfSymbols
    }

    func codes(of visit: Symbol, keepsNulls: Bool) -> [Symbol?] {
        var found: [Symbol?] = []
        for row in visits.indices where visits[row] == visit.index {
            let code = codes[row]
            if code != EventTable.missingSymbol {
                found.append(Symbol(index: code))
            } else if keepsNulls {
                found.append(nil)
            }
        }
        return found
    }
}
