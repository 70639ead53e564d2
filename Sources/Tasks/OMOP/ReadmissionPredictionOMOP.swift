package import ClinicalData
package import Groundwork

/// Will the patient have another visit within a window after this one?
///
/// As ``ReadmissionPredictionMIMIC`` with visits in order of `visit_start_datetime` that end at `visit_end_datetime`, and
/// concept ids by `visit_occurrence_id` (nulls kept). Birth from `year_of_birth`, `month_of_birth` and `day_of_birth`, a
/// missing month or day being 1; without a year the patient counts as an adult. Source: PyHealth `ReadmissionPredictionOMOP`.
package struct ReadmissionPredictionOMOP: ClinicalTask {
    package let name = "ReadmissionPredictionOMOP"
    package let datasets = ["omop"]
    package let inputSchema = VisitCodes.schema
    package let outputSchema = [FieldSchema("readmission", "binary")]
    package let requirements =
        [
            TableRequirement("person", BirthParts.attributes),
            OMOPVisits.requirement("visit_end_datetime"),
        ] + Self.sources.requirements
    package let exclusionRules = [
        ExclusionRule.fewerThanTwoVisits, ExclusionRule.lastVisit, ExclusionRule.minor,
        ExclusionRule.missingCodes, ExclusionRule.missingTime, ExclusionRule.noVisitLeft,
    ]
    private static let sources = OMOPVisits.sources(keepsNulls: true)
    /// Window and age.
    package let options: ReadmissionOptions

    init(window: Double = 15, excludeMinors: Bool = true) {
        options = ReadmissionOptions(window: window, excludeMinors: excludeMinors)
    }

    /// Throws `ConfigurationError` for options that are out of range or of a wrong type.
    package init(options node: ConfigurationNode) throws {
        options = try ReadmissionOptions(node, window: 15)
    }

    package func samples(of patient: Patient, attrition: inout Attrition) throws -> [Sample] {
        guard let visits = attrition.enter(patient, "visit_occurrence", atLeast: 2) else { return [] }
        let birth = options.excludeMinors ? try patient.events("person").first.flatMap(BirthParts.date) : nil
        let codes = VisitCodes(patient, Self.sources)
        return try attrition.samplesBeforeNext(of: patient, visits, id: OMOPVisits.id) { visit, next in
            if let birth, let began = visit.timestamp, began.years(since: birth) < 18 {
                return .excluded(ExclusionRule.minor)
            }
            guard let inputs = try codes.inputs(of: visit, keepsNullDrugs: true) else {
                return .excluded(ExclusionRule.missingCodes)
            }
            guard let ended = try visit.time("visit_end_datetime"), let begins = next.timestamp else {
                return .excluded(ExclusionRule.missingTime)
            }
            return .sample(inputs + [.integer(options.contains(begins, after: ended) ? 1 : 0)])
        }
    }
}
