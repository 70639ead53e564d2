package import ClinicalData
package import Groundwork

/// How long does this unit stay last, in 10 classes?
///
/// Every stay; days = floor(`unitdischargeoffset` / 1440 minutes); classes as in ``LengthOfStayClass``; a stay whose offset is
/// missing or no whole number is left out. Conditions are `diagnosisstring`, procedures `physicalexamvalue`, drugs
/// `drugname`. With `prior_visits_only` (our option), which needs `dataset.times: offsets`, the codes of the stays that were
/// over when this one began, and not its own. Source: PyHealth `LengthOfStayPredictioneICU`.
package struct LengthOfStayPredictioneICU: ClinicalTask {
    package let name = "LengthOfStayPredictioneICU"
    package let datasets = ["eicu"]
    package let inputSchema = VisitCodes.schema
    package let outputSchema = [FieldSchema("los", "multiclass")]
    package let requirements = [EICUStays.requirement("unitdischargeoffset")] + Self.sources.requirements
    package var exclusionRules: [String] {
        [
            ExclusionRule.noVisit, StayInputs.exclusionRule(priorVisitsOnly: priorVisitsOnly),
            ExclusionRule.missingOffset, ExclusionRule.noVisitLeft,
        ]
    }
    package var timedTables: [String] { priorVisitsOnly ? ["patient"] : [] }
    private let priorVisitsOnly: Bool
    private static let sources = VisitCodeSources(
        conditions: EICUStays.codes("diagnosis", "diagnosisstring"),
        procedures: EICUStays.codes("physicalexam", "physicalexamvalue"),
        drugs: EICUStays.codes("medication", "drugname"))

    init(priorVisitsOnly: Bool = false) { self.priorVisitsOnly = priorVisitsOnly }

    /// Throws `ConfigurationError` for an option of a wrong type.
    package init(options: ConfigurationNode) throws {
        self.init(priorVisitsOnly: try StayInputs.priorVisitsOnly(options))
    }

    package func samples(of patient: Patient, attrition: inout Attrition) throws -> [Sample] {
        guard let visits = attrition.enter(patient, "patient") else { return [] }
        var stays = StayInputs(VisitCodes(patient, Self.sources), priorVisitsOnly: priorVisitsOnly)
        var late = 0
        let samples = try attrition.samples(of: patient, visits, id: EICUStays.id) { stay in
            guard let inputs = try stays.inputs(of: stay, until: Self.end(of: stay)) else {
                return .excluded(StayInputs.exclusionRule(priorVisitsOnly: priorVisitsOnly))
            }
            guard let minutes = stay["unitdischargeoffset"].flatMap({ Int($0) }) else {
                return .excluded(ExclusionRule.missingOffset)
            }
            // What is recorded during the stay is not known when it begins.
            if !priorVisitsOnly, minutes > 0 { late += 1 }
            return .sample(inputs + [.integer(LengthOfStayClass.of(days: minutes / 1440))])
        }
        attrition.count(lateInputs: late)
        return samples
    }

    /// The end by derived times; nil if there are none, or no length that a stay can have.
    private static func end(of stay: Event) -> Timestamp? {
        guard let begin = stay.timestamp, let minutes = stay["unitdischargeoffset"].flatMap({ Int64($0) }),
            (-100_000_000...100_000_000).contains(minutes)
        else { return nil }
        return Timestamp(milliseconds: begin.milliseconds + minutes * 60_000)
    }
}
