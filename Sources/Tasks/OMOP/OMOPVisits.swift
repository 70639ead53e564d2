import ClinicalData

/// The visits of patients in the OMOP Common Data Model.
enum OMOPVisits {
    /// The attribute that names a visit.
    static let id = "visit_occurrence_id"

    /// The table of visits with the attributes that a task reads.
    static func requirement(_ attributes: String...) -> TableRequirement {
        TableRequirement("visit_occurrence", [id] + attributes)
    }

    /// Concept ids of conditions, procedures and drugs.
    static func sources(keepsNulls: Bool) -> VisitCodeSources {
        func source(_ table: String, _ code: String) -> CodeSource {
            CodeSource(table: table, visit: id, code: code, keepsNulls: keepsNulls)
        }
        return VisitCodeSources(
            conditions: source("condition_occurrence", "condition_concept_id"),
            procedures: source("procedure_occurrence", "procedure_concept_id"),
            drugs: source("drug_exposure", "drug_concept_id"))
    }
}
