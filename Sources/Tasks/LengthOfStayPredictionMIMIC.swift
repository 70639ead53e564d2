package import ClinicalData
package import Groundwork

/// How long does this hospital stay last, in 10 classes? MIMIC-III and MIMIC-IV.
///
/// Every admission, no rule of age; days = floor((dischtime − admittime) / 24 h); class 0 below one day, 1…7 the days, 8 for
/// 8…14, 9 beyond. Codes by `hadm_id` as in ``ReadmissionPredictionMIMIC``, but drugs without `ndc` are kept as nulls. With
/// `prior_visits_only` (our option) the codes of the visits that were over at admission, and not the stay's own. Source:
/// PyHealth `LengthOfStayPredictionMIMIC3`, `LengthOfStayPredictionMIMIC4`.
package struct LengthOfStayPredictionMIMIC: ClinicalTask {
    package let name: String
    package let datasets: [String]
    package let inputSchema = VisitCodes.schema
    package let outputSchema = [FieldSchema("los", "multiclass")]
    package let requirements: [TableRequirement]
    package var exclusionRules: [String] {
        [
            ExclusionRule.noVisit, StayInputs.exclusionRule(priorVisitsOnly: priorVisitsOnly),
            ExclusionRule.missingTime, ExclusionRule.noVisitLeft,
        ]
    }
    private let release: MIMICRelease
    private let priorVisitsOnly: Bool

    /// The task over a release.
    package init(_ release: MIMICRelease, priorVisitsOnly: Bool = false) {
        name = release.named("LengthOfStayPrediction")
        datasets = release.datasets
        requirements =
            [TableRequirement("admissions", ["hadm_id", "dischtime"])]
            + VisitCodes.requirements(release.style)
        self.release = release
        self.priorVisitsOnly = priorVisitsOnly
    }

    /// Throws `ConfigurationError` for an option of a wrong type.
    package init(_ release: MIMICRelease, options: ConfigurationNode) throws {
        self.init(release, priorVisitsOnly: try StayInputs.priorVisitsOnly(options))
    }

    package func samples(of patient: Patient, attrition: inout Attrition) throws -> [Sample] {
        guard let admissions = attrition.enter(patient) else { return [] }
        var stays = StayInputs(
            VisitCodes(patient, release.style, namesNulls: true), keepsNullDrugs: true,
            priorVisitsOnly: priorVisitsOnly)
        var late = 0
        let samples = try attrition.samples(of: patient, admissions) { visit in
            guard let inputs = try stays.inputs(of: visit, until: try visit.time("dischtime")) else {
                return .excluded(StayInputs.exclusionRule(priorVisitsOnly: priorVisitsOnly))
            }
            guard let discharged = try visit.time("dischtime"), let admitted = visit.timestamp else {
                return .excluded(ExclusionRule.missingTime)
            }
            // Diagnoses are coded at discharge, the length of stay is predicted at admission.
            if !priorVisitsOnly, discharged > admitted { late += 1 }
            let label = LengthOfStayClass.of(days: discharged.days(since: admitted))
            return .sample(inputs + [.integer(label)])
        }
        attrition.count(lateInputs: late)
        return samples
    }
}
