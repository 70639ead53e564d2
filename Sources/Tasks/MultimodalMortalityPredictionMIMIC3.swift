package import ClinicalData

/// Will the patient die in the next hospital stay, given the codes and the notes of this one?
///
/// As ``MortalityPredictionMIMIC3``, with the texts of all notes of the visit one after the other, without anything between
/// them; a visit that lacks codes or notes stays, with empty lists and the empty text. Source: PyHealth
/// `MultimodalMortalityPredictionMIMIC3`.
package struct MultimodalMortalityPredictionMIMIC3: ClinicalTask {
    package let name = "MultimodalMortalityPredictionMIMIC3"
    package let datasets = MIMICRelease.mimic3.datasets
    package let inputSchema = VisitCodes.schema + [FieldSchema("clinical_notes", "text")]
    package let outputSchema = [FieldSchema("mortality", "binary")]
    package let requirements =
        [TableRequirement("admissions", ["hadm_id", "hospital_expire_flag"])]
        + VisitCodes.requirements(.icd9) + [VisitNotes.requirement("noteevents")]
    package let exclusionRules = [
        ExclusionRule.fewerThanTwoVisits, ExclusionRule.lastVisit, ExclusionRule.noVisitLeft,
    ]

    /// The task; it has no options.
    package init() {}

    package func samples(of patient: Patient, attrition: inout Attrition) throws -> [Sample] {
        guard let admissions = attrition.enter(patient, atLeast: 2) else { return [] }
        let codes = VisitCodes(patient, .icd9)
        let notes = VisitNotes(patient, "noteevents")
        return try attrition.samplesBeforeNext(of: patient, admissions) { visit, next in
            let text = patient.symbols.intern(notes.texts(of: visit).joined())
            return .sample(
                try codes.lists(of: visit).map(FieldValue.codes)
                    + [.text(text), .integer(next.hospitalDeath)])
        }
    }
}
