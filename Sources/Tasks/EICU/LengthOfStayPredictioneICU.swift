package import ClinicalData

/// How long does this unit stay last, in 10 classes?
///
/// Every stay; days = floor(`unitdischargeoffset` / 1440 minutes); classes as in ``LengthOfStayClass``; a stay whose offset is
/// missing or no whole number is left out. Conditions are `diagnosisstring`, procedures `physicalexamvalue`, drugs
/// `drugname`. Source: PyHealth `LengthOfStayPredictioneICU`.
package struct LengthOfStayPredictioneICU: ClinicalTask {
    package let name = "LengthOfStayPredictioneICU"
    package let datasets = ["eicu"]
    package let inputSchema = VisitCodes.schema
    package let outputSchema = [FieldSchema("los", "multiclass")]
    package let requirements = [EICUStays.requirement("unitdischargeoffset")] + Self.sources.requirements
    package let exclusionRules = [
        ExclusionRule.noVisit, ExclusionRule.missingCodes, ExclusionRule.missingOffset,
        ExclusionRule.noVisitLeft,
    ]
    private static let sources = VisitCodeSources(
        conditions: EICUStays.codes("diagnosis", "diagnosisstring"),
        procedures: EICUStays.codes("physicalexam", "physicalexamvalue"),
        drugs: EICUStays.codes("medication", "drugname"))

    package func samples(of patient: Patient, attrition: inout Attrition) throws -> [Sample] {
        guard let stays = attrition.enter(patient, "patient") else { return [] }
        let codes = VisitCodes(patient, Self.sources)
        return try attrition.samples(of: patient, stays, id: EICUStays.id) { stay in
            guard let inputs = try codes.inputs(of: stay) else {
                return .excluded(ExclusionRule.missingCodes)
            }
            guard let minutes = stay["unitdischargeoffset"].flatMap({ Int($0) }) else {
                return .excluded(ExclusionRule.missingOffset)
            }
            return .sample(inputs + [.integer(LengthOfStayClass.of(days: minutes / 1440))])
        }
    }
}
