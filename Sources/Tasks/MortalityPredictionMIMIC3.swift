package import ClinicalData

/// Will the patient die in the next hospital stay, given the codes of this one?
///
/// Visits are admissions in time order; the label of each but the last is the next one's `hospital_expire_flag` (1 for "1",
/// else 0). Codes belong to a visit by `hadm_id`: conditions and procedures `icd9_code` (nulls kept), drugs `ndc` (nulls
/// dropped, "0" kept). A visit without any of the three is left out. Source: PyHealth `MortalityPredictionMIMIC3`.
package struct MortalityPredictionMIMIC3: ClinicalTask {
    package let name = "MortalityPredictionMIMIC3"
    package let datasets = ["mimic3"]
    package let inputSchema = VisitCodes.schema
    package let outputSchema = [FieldSchema("mortality", "binary")]
    package let requirements =
        [TableRequirement("admissions", ["hadm_id", "hospital_expire_flag"])] + VisitCodes.requirements(.icd9)
    package let exclusionRules = [
        ExclusionRule.fewerThanTwoVisits, ExclusionRule.lastVisit, ExclusionRule.missingCodes,
        ExclusionRule.noVisitLeft,
    ]

    /// The task; it has no options.
    package init() {}

    package func samples(of patient: Patient, attrition: inout Attrition) throws -> [Sample] {
        guard let admissions = attrition.enter(patient, atLeast: 2) else { return [] }
        let codes = VisitCodes(patient, .icd9)
        return try attrition.samplesBeforeNext(of: patient, admissions) { visit, next in
            guard let inputs = try codes.inputs(of: visit) else {
                return .excluded(ExclusionRule.missingCodes)
            }
            return .sample(inputs + [.integer(next.hospitalDeath)])
        }
    }
}
