package import ClinicalData

/// Does the patient ever come to hospital with diabetic ketoacidosis, given what was recorded before? MIMIC-IV.
///
/// One sample per patient of any age. Admissions by time until the first with a DKA code (ICD-9 25010–25013, ICD-10 E101,
/// E111, E131), which ends the walk with label 1 and is not among the inputs; without one all admissions, label 0.
/// `icd_codes`: `D_` and a diagnosis, then `P_` and a procedure, without dots, in upper case, each once per admission, with
/// the hours since the admission before; `labs`: means of the ten groups over all laboratory rows of an admission (by
/// `hadm_id`), NaN without a value. A patient without codes before DKA is left out. Source: PyHealth `DKAPredictionMIMIC4`.
package struct DKAPredictionMIMIC4: ClinicalTask {
    package let name = "DKAPredictionMIMIC4"
    package let datasets = MIMICRelease.mimic4.datasets
    package let inputSchema: [FieldSchema]
    package let outputSchema = [FieldSchema("label", "binary")]
    package let requirements = DiabetesHistory.requirements
    package let exclusionRules = [
        ExclusionRule.noVisit, ExclusionRule.missingTime, ExclusionRule.fromKetoacidosis,
        ExclusionRule.noCodesBefore,
    ]

    /// `padding` is added to the longest list of codes when they are encoded.
    package init(padding: Int = 0) { inputSchema = StageNetHistory.schema(padding: padding) }

    package func samples(of patient: Patient, attrition: inout Attrition) throws -> [Sample] {
        guard let admissions = attrition.enter(patient) else { return [] }
        var history = DiabetesHistory(patient)
        var (visits, label) = (0, 0)
        for (position, visit) in admissions.enumerated() {
            guard let admitted = visit.timestamp else {
                attrition.exclude(ExclusionRule.missingTime, visits: 1)
                continue
            }
            if history.diagnoses(of: visit).contains(where: \.isKetoacidosis) {
                label = 1
                attrition.exclude(ExclusionRule.fromKetoacidosis, visits: admissions.count - position)
                break
            }
            try history.add(visit, at: admitted)
            visits += 1
        }
        return attrition.close(history, of: patient, label: label, visits: visits)
    }
}

extension Attrition {
    /// The sample of a patient whose admissions were walked through, `visits` of them into the inputs; none without codes.
    mutating func close(_ history: DiabetesHistory, of patient: Patient, label: Int, visits: Int) -> [Sample]
    {
        guard let inputs = history.inputs else {
            return leaveOut(ExclusionRule.noCodesBefore, visits: visits)
        }
        emit(label: label, visits: visits)
        close(samples: 1, rule: ExclusionRule.noCodesBefore)
        return [
            Sample(patientID: patient.id, visitID: patient.id, values: inputs + [.integer(label)])
        ]
    }
}
