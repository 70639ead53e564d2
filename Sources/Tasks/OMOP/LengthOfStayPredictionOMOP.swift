package import ClinicalData
package import Groundwork

/// How long does this visit last, in 10 classes?
///
/// Every visit; days = floor((`visit_end_datetime` − `visit_start_datetime`) / 24 h); classes as in ``LengthOfStayClass``;
/// codes as in ``ReadmissionPredictionOMOP``, or with `prior_visits_only` (our option) those of the visits that were over when
/// this one began. Source: PyHealth `LengthOfStayPredictionOMOP`.
package struct LengthOfStayPredictionOMOP: ClinicalTask {
    package let name = "LengthOfStayPredictionOMOP"
    package let datasets = ["omop"]
    package let inputSchema = VisitCodes.schema
    package let outputSchema = [FieldSchema("los", "multiclass")]
    package let requirements =
        [OMOPVisits.requirement("visit_end_datetime")] + Self.sources.requirements
    package var exclusionRules: [String] {
        [
            ExclusionRule.noVisit, StayInputs.exclusionRule(priorVisitsOnly: priorVisitsOnly),
            ExclusionRule.missingTime, ExclusionRule.noVisitLeft,
        ]
    }
    private static let sources = OMOPVisits.sources(keepsNulls: true)
    private let priorVisitsOnly: Bool

    init(priorVisitsOnly: Bool = false) { self.priorVisitsOnly = priorVisitsOnly }

    /// Throws `ConfigurationError` for an option of a wrong type.
    package init(options: ConfigurationNode) throws {
        self.init(priorVisitsOnly: try StayInputs.priorVisitsOnly(options))
    }

    package func samples(of patient: Patient, attrition: inout Attrition) throws -> [Sample] {
        guard let visits = attrition.enter(patient, "visit_occurrence") else { return [] }
        var stays = StayInputs(
            VisitCodes(patient, Self.sources), keepsNullDrugs: true, priorVisitsOnly: priorVisitsOnly)
        var late = 0
        let samples = try attrition.samples(of: patient, visits, id: OMOPVisits.id) { visit in
            guard let inputs = try stays.inputs(of: visit, until: try visit.time("visit_end_datetime")) else {
                return .excluded(StayInputs.exclusionRule(priorVisitsOnly: priorVisitsOnly))
            }
            guard let ended = try visit.time("visit_end_datetime"), let began = visit.timestamp else {
                return .excluded(ExclusionRule.missingTime)
            }
            // What is recorded during the visit is not known when it begins.
            if !priorVisitsOnly, ended > began { late += 1 }
            return .sample(inputs + [.integer(LengthOfStayClass.of(days: ended.days(since: began)))])
        }
        attrition.count(lateInputs: late)
        return samples
    }
}
