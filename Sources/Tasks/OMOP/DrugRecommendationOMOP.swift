package import ClinicalData

/// Which drugs to give at this visit, given what was found and given up to it?
///
/// Visits in order of time; samples as in ``DrugHistory``; concept ids by `visit_occurrence_id`, those that name nothing
/// (null, "0", "nan") left out. Source: PyHealth `DrugRecommendationOMOP`.
package struct DrugRecommendationOMOP: ClinicalTask {
    package let name = "DrugRecommendationOMOP"
    package let datasets = ["omop"]
    package let inputSchema = DrugHistory.inputSchema
    package let outputSchema = DrugHistory.outputSchema
    package let requirements = [OMOPVisits.requirement()] + Self.sources.requirements
    package let exclusionRules = DrugHistory.exclusionRules
    private static let sources = OMOPVisits.sources(keepsNulls: false)

    package func samples(of patient: Patient, attrition: inout Attrition) throws -> [Sample] {
        let codes = VisitCodes(patient, Self.sources)
        let nothing = ["0", "nan"].compactMap(patient.symbols.find)
        return try DrugHistory.samples(
            of: patient, patient.events("visit_occurrence"), id: OMOPVisits.id, attrition: &attrition
        ) { visit in
            try codes.lists(of: visit).map { list in
                list.filter { code in code.map { !nothing.contains($0) } ?? false }
            }
        }
    }
}
