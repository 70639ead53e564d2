import ClinicalData

/// Conditions, procedures and drugs of a patient's visits, found by the visit's id.
struct VisitCodes {
    let conditions: CodeTable
    let procedures: CodeTable
    let drugs: CodeTable

    /// The tables that are read.
    static func requirements(_ style: CodeStyle) -> [TableRequirement] {
        [
            TableRequirement("diagnoses_icd", ["hadm_id"] + style.columns),
            TableRequirement("procedures_icd", ["hadm_id"] + style.columns),
            TableRequirement("prescriptions", ["hadm_id", "ndc"]),
        ]
    }

    /// The fields that ``inputs(of:keepsNullDrugs:)`` fills.
    static let schema = ["conditions", "procedures", "drugs"].map { FieldSchema($0, "sequence") }

    /// The codes of MIMIC; null ones as ``CodeTable/init(_:_:_:namesNulls:)`` does.
    init(_ patient: Patient, _ style: CodeStyle, namesNulls: Bool = false) {
        conditions = CodeTable(patient, "diagnoses_icd", style, namesNulls: namesNulls)
        procedures = CodeTable(patient, "procedures_icd", style, namesNulls: namesNulls)
        drugs = CodeTable(patient, "prescriptions", column: "ndc")
    }

    /// The codes of any data set.
    init(_ patient: Patient, _ sources: VisitCodeSources) {
        conditions = CodeTable(patient, sources.conditions)
        procedures = CodeTable(patient, sources.procedures)
        drugs = CodeTable(patient, sources.drugs)
    }

    /// The three lists of a visit in canonical order, duplicates kept, drugs without a code left out unless told otherwise; nil
    /// if one of them is empty. Throws ``TaskError/unknownCodeVersion(table:column:)``.
    func inputs(of visit: Event, keepsNullDrugs: Bool = false) throws -> [FieldValue]? {
        let lists = try lists(of: visit, keepsNullDrugs: keepsNullDrugs)
        return lists.contains(where: \.isEmpty) ? nil : lists.map(FieldValue.codes)
    }

    /// As ``inputs(of:keepsNullDrugs:)``, but empty lists are given too.
    func lists(of visit: Event, keepsNullDrugs: Bool = false) throws -> [[Symbol?]] {
        [
            try conditions.codes(of: visit), try procedures.codes(of: visit),
            try drugs.codes(of: visit, droppingNulls: !keepsNullDrugs),
        ]
    }
}
