package import ClinicalData

/// Which specialty does a medical transcription belong to?
///
/// One sample per row with both `transcription` and `medical_specialty`, each as it is (the specialty with its leading
/// blank). Every row is a patient of its own. Source: PyHealth `MedicalTranscriptionsClassification`.
package struct MedicalTranscriptionsClassification: ClinicalTask {
    package let name = "MedicalTranscriptionsClassification"
    package let datasets = ["medicaltranscriptions"]
    package let inputSchema = [FieldSchema("transcription", "text")]
    package let outputSchema = [FieldSchema("medical_specialty", "multiclass")]
    package let requirements = [TableRequirement("mtsamples", ["transcription", "medical_specialty"])]
    package let exclusionRules = [
        ExclusionRule.noVisit, ExclusionRule.missingText, ExclusionRule.missingLabel,
        ExclusionRule.noVisitLeft,
    ]

    package func samples(of patient: Patient, attrition: inout Attrition) -> [Sample] {
        guard let rows = attrition.enter(patient, "mtsamples") else { return [] }
        return attrition.samples(of: patient, rows, id: nil) { row in
            guard let text = row.symbol("transcription") else { return .excluded(ExclusionRule.missingText) }
            guard let specialty = row.symbol("medical_specialty") else {
                return .excluded(ExclusionRule.missingLabel)
            }
            return .sample([.text(text), .text(specialty)], label: patient.symbols[specialty])
        }
    }
}
