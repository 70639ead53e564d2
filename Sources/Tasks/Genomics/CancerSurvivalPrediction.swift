package import ClinicalData

/// Has the patient with prostate cancer died, given mutated genes, age and Gleason score?
///
/// One sample per patient from the first clinical row. Label 1 for a `vital_status` of dead, deceased or 1, 0 for alive,
/// living or 0, in any case of letters; others are left out. `mutations` are the `hugo_symbol` of all mutations, repeats kept;
/// a missing number is 0. Source: PyHealth `CancerSurvivalPrediction`.
package struct CancerSurvivalPrediction: ClinicalTask {
    package let name = "CancerSurvivalPrediction"
    package let datasets = ["tcgaprad"]
    package let inputSchema = [
        FieldSchema("mutations", "sequence"), FieldSchema("age_at_diagnosis", "tensor"),
        FieldSchema("gleason_score", "tensor"),
    ]
    package let outputSchema = [FieldSchema("vital_status", "binary")]
    package let requirements = [
        TableRequirement("mutations", ["hugo_symbol"]),
        TableRequirement("clinical", ["age_at_diagnosis", "gleason_score", "vital_status"]),
    ]
    package let exclusionRules = [
        ExclusionRule.noVisit, ExclusionRule.missingLabel, ExclusionRule.noVisitLeft,
    ]

    /// Throws ``TaskError/unparsableNumber(table:column:)`` for an age or a score that is none.
    package func samples(of patient: Patient, attrition: inout Attrition) throws -> [Sample] {
        let first = patient.events("clinical").prefix(1)
        guard attrition.enter(first) else { return [] }
        return try attrition.samples(of: patient, first, id: nil) { record in
            let label: Int
            switch record["vital_status"]?.lowercased() {
            case "dead", "deceased", "1": label = 1
            case "alive", "living", "0": label = 0
            default: return .excluded(ExclusionRule.missingLabel)
            }
            return .sample([
                .codes(patient.mutatedGenes), .number(try record.number("age_at_diagnosis") ?? 0),
                .number(try record.number("gleason_score") ?? 0), .integer(label),
            ])
        }
    }
}
