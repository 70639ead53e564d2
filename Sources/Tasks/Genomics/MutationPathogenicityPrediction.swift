package import ClinicalData

/// Is a mutation of a tumour harmful, by the FATHMM score?
///
/// One sample per mutation whose `fathmm_prediction` is PATHOGENIC (label 1) or NEUTRAL (0). Source: PyHealth
/// `MutationPathogenicityPrediction`.
package struct MutationPathogenicityPrediction: ClinicalTask {
    package let name = "MutationPathogenicityPrediction"
    package let datasets = ["cosmic"]
    package let inputSchema = [
        FieldSchema("gene_name", "text"), FieldSchema("mutation_description", "text"),
        FieldSchema("primary_site", "text"),
    ]
    package let outputSchema = [FieldSchema("fathmm_prediction", "binary")]
    package let requirements = [
        TableRequirement(
            "mutations", ["gene_name", "mutation_description", "primary_site", "fathmm_prediction"])
    ]
    package let exclusionRules = [
        ExclusionRule.noVisit, ExclusionRule.missingLabel, ExclusionRule.noVisitLeft,
    ]

    package func samples(of patient: Patient, attrition: inout Attrition) -> [Sample] {
        guard let mutations = attrition.enter(patient, "mutations") else { return [] }
        return attrition.samples(of: patient, mutations, id: nil) { mutation in
            let inputs = inputSchema.map { mutation.text($0.name) }
            switch mutation["fathmm_prediction"] {
            case "PATHOGENIC": return .sample(inputs + [.integer(1)])
            case "NEUTRAL": return .sample(inputs + [.integer(0)])
            default: return .excluded(ExclusionRule.missingLabel)
            }
        }
    }
}
