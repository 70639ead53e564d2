package import ClinicalData
package import Groundwork

/// Will the patient die, given the codes of this visit?
///
/// Every visit but the last in order of time, left out only if it has no code at all; concept ids by `visit_occurrence_id`,
/// nulls left out. Label 1 if the patient has a death with a time, however late. With `outcome_window` (days; our option, the
/// default is none) label 1 only if death − `visit_end_datetime` < window, strictly; a death before that end counts as well,
/// and a visit without an end is left out. Source: PyHealth `MortalityPredictionOMOP`.
package struct MortalityPredictionOMOP: ClinicalTask {
    package let name = "MortalityPredictionOMOP"
    package let datasets = ["omop"]
    package let inputSchema = VisitCodes.schema
    package let outputSchema = [FieldSchema("mortality", "binary")]
    package var requirements: [TableRequirement] {
        let visits =
            outcomeWindow == nil ? OMOPVisits.requirement() : OMOPVisits.requirement("visit_end_datetime")
        return [visits, TableRequirement("death", [])] + Self.sources.requirements
    }
    package let exclusionRules = [
        ExclusionRule.fewerThanTwoVisits, ExclusionRule.lastVisit, ExclusionRule.missingDiagnoses,
        ExclusionRule.missingTime, ExclusionRule.noVisitLeft,
    ]
    private static let sources = OMOPVisits.sources(keepsNulls: false)
    /// The names of the options in run files.
    static let options = ["outcome_window"]
    /// Days after the visit within which a death counts; nil, the default: any death.
    package let outcomeWindow: Double?

    init(outcomeWindow: Double? = nil) { self.outcomeWindow = outcomeWindow }

    /// Throws `ConfigurationError` for an option that is out of range or of a wrong type.
    package init(options: ConfigurationNode) throws {
        self.init(outcomeWindow: try options.child("outcome_window")?.double(in: 0...36_500))
    }

    package func samples(of patient: Patient, attrition: inout Attrition) throws -> [Sample] {
        guard let visits = attrition.enter(patient, "visit_occurrence", atLeast: 2) else { return [] }
        let codes = VisitCodes(patient, Self.sources)
        let death = patient.events("death").lazy.compactMap(\.timestamp).first
        return try attrition.samplesBeforeNext(of: patient, visits, id: OMOPVisits.id) { visit, _ in
            let inputs = try codes.lists(of: visit).map(FieldValue.codes)
            guard inputs.contains(where: { $0 != .codes([]) }) else {
                return .excluded(ExclusionRule.missingDiagnoses)
            }
            guard let outcomeWindow else { return .sample(inputs + [.integer(death == nil ? 0 : 1)]) }
            guard let end = try visit.time("visit_end_datetime") else {
                return .excluded(ExclusionRule.missingTime)
            }
            let dies = death?.isLess(thanDays: outcomeWindow, after: end) ?? false
            return .sample(inputs + [.integer(dies ? 1 : 0)])
        }
    }
}
