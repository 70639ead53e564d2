package import ClinicalData

/// Will the patient die in the next unit stay, given admission diagnoses and treatments of this one?
///
/// Label as in ``MortalityPredictionEICU``. Conditions are the `admitdxpath` values, then every distinct `diagnosisstring` in
/// the order of its bytes (the reference takes a set, in an order that changes between runs); procedures are
/// `treatmentstring`. A stay without one of the two is left out. Source: PyHealth `MortalityPredictionEICU2`.
package struct MortalityPredictionEICU2: ClinicalTask {
    package let name = "MortalityPredictionEICU2"
    package let datasets = ["eicu"]
    package let inputSchema = [
        FieldSchema("conditions", "sequence"), FieldSchema("procedures", "sequence"),
    ]
    package let outputSchema = [FieldSchema("mortality", "binary")]
    package let requirements =
        [EICUStays.requirement("hospitaldischargestatus")]
        + [admissionDiagnoses, diagnoses, treatments].map(\.requirement)
    package let exclusionRules = [
        ExclusionRule.fewerThanTwoVisits, ExclusionRule.lastVisit, ExclusionRule.missingConditions,
        ExclusionRule.noVisitLeft,
    ]
    private static let admissionDiagnoses = EICUStays.codes("admissiondx", "admitdxpath")
    private static let diagnoses = EICUStays.codes("diagnosis", "diagnosisstring")
    private static let treatments = EICUStays.codes("treatment", "treatmentstring")

    package func samples(of patient: Patient, attrition: inout Attrition) throws -> [Sample] {
        guard let stays = attrition.enter(patient, "patient", atLeast: 2) else { return [] }
        let admissionDiagnoses = CodeTable(patient, Self.admissionDiagnoses)
        let diagnoses = CodeTable(patient, Self.diagnoses)
        let treatments = CodeTable(patient, Self.treatments)
        return try attrition.samplesBeforeNext(of: patient, stays, id: EICUStays.id) { stay, next in
            let distinct = Set(try diagnoses.knownCodes(of: stay))
            let conditions =
                try admissionDiagnoses.knownCodes(of: stay)
                + distinct.sorted { patient.symbols.precedes($0, $1) }
            let procedures = try treatments.codes(of: stay)
            guard !conditions.isEmpty, !procedures.isEmpty else {
                return .excluded(ExclusionRule.missingConditions)
            }
            return .sample([.codes(conditions), .codes(procedures), .integer(EICUStays.expired(next))])
        }
    }
}
