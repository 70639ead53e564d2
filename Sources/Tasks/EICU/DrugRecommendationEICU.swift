package import ClinicalData

/// Which drugs to give at this unit stay, given what was found and given up to it?
///
/// Stays in the order of the file; samples as in ``DrugHistory``; codes as in ``MortalityPredictionEICU``, drug names
/// neither mapped nor made distinct. Source: PyHealth `DrugRecommendationEICU`.
package struct DrugRecommendationEICU: ClinicalTask {
    package let name = "DrugRecommendationEICU"
    package let datasets = ["eicu"]
    package let inputSchema = DrugHistory.inputSchema
    package let outputSchema = DrugHistory.outputSchema
    package let requirements = [EICUStays.requirement()] + EICUStays.sources.requirements
    package let exclusionRules = DrugHistory.exclusionRules

    package func samples(of patient: Patient, attrition: inout Attrition) throws -> [Sample] {
        let codes = VisitCodes(patient, EICUStays.sources)
        return try DrugHistory.samples(
            of: patient, patient.events("patient"), id: EICUStays.id, attrition: &attrition
        ) { try codes.lists(of: $0) }
    }
}
