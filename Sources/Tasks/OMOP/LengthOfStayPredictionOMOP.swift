package import ClinicalData

/// How long does this visit last, in 10 classes?
///
/// Every visit; days = floor((`visit_end_datetime` − `visit_start_datetime`) / 24 h); classes as in ``LengthOfStayClass``;
/// codes as in ``ReadmissionPredictionOMOP``. Source: PyHealth `LengthOfStayPredictionOMOP`.
package struct LengthOfStayPredictionOMOP: ClinicalTask {
    package let name = "LengthOfStayPredictionOMOP"
    package let datasets = ["omop"]
    package let inputSchema = VisitCodes.schema
    package let outputSchema = [FieldSchema("los", "multiclass")]
    package let requirements =
        [OMOPVisits.requirement("visit_end_datetime")] + Self.sources.requirements
    package let exclusionRules = [
        ExclusionRule.noVisit, ExclusionRule.missingCodes, ExclusionRule.missingTime,
        ExclusionRule.noVisitLeft,
    ]
    private static let sources = OMOPVisits.sources(keepsNulls: true)

    package func samples(of patient: Patient, attrition: inout Attrition) throws -> [Sample] {
        guard let visits = attrition.enter(patient, "visit_occurrence") else { return [] }
        let codes = VisitCodes(patient, Self.sources)
        return try attrition.samples(of: patient, visits, id: OMOPVisits.id) { visit in
            guard let inputs = try codes.inputs(of: visit, keepsNullDrugs: true) else {
                return .excluded(ExclusionRule.missingCodes)
            }
            guard let ended = try visit.time("visit_end_datetime"), let began = visit.timestamp else {
                return .excluded(ExclusionRule.missingTime)
            }
            return .sample(inputs + [.integer(LengthOfStayClass.of(days: ended.days(since: began)))])
        }
    }
}
