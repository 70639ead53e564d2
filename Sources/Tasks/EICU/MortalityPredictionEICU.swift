package import ClinicalData

/// Will the patient die in the next unit stay, given the codes of this one?
///
/// Stays in the order of the file; the label of each but the last is 1 if the next one's `hospitaldischargestatus` is
/// `Expired`. Conditions are `icd9code` (a cell with several codes is one), procedures `physicalexampath`, drugs `drugname`;
/// a stay without any of the three is left out. Every age. Source: PyHealth `MortalityPredictionEICU`.
package struct MortalityPredictionEICU: ClinicalTask {
    package let name = "MortalityPredictionEICU"
    package let datasets = ["eicu"]
    package let inputSchema = VisitCodes.schema
    package let outputSchema = [FieldSchema("mortality", "binary")]
    package let requirements =
        [EICUStays.requirement("hospitaldischargestatus")] + EICUStays.sources.requirements
    package let exclusionRules = [
        ExclusionRule.fewerThanTwoVisits, ExclusionRule.lastVisit, ExclusionRule.missingCodes,
        ExclusionRule.noVisitLeft,
    ]

    package func samples(of patient: Patient, attrition: inout Attrition) throws -> [Sample] {
        guard let stays = attrition.enter(patient, "patient", atLeast: 2) else { return [] }
        let codes = VisitCodes(patient, EICUStays.sources)
        return try attrition.samplesBeforeNext(of: patient, stays, id: EICUStays.id) { stay, next in
            guard let inputs = try codes.inputs(of: stay) else {
                return .excluded(ExclusionRule.missingCodes)
            }
            return .sample(inputs + [.integer(EICUStays.expired(next))])
        }
    }
}
