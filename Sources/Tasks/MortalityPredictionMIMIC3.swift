package import ClinicalData

/// Will the patient die in the next hospital stay, given the codes of this one?
///
/// Visits are admissions in time order; the label of each but the last is the next one's `hospital_expire_flag` (1 for "1",
/// else 0). Codes belong to a visit by `hadm_id`: conditions and procedures `icd9_code` (nulls kept), drugs `ndc` (nulls
/// dropped, "0" kept). A visit without any of the three is left out. Source: PyHealth `MortalityPredictionMIMIC3`.
package struct MortalityPredictionMIMIC3: ClinicalTask {
    package let name = "MortalityPredictionMIMIC3"
    package let datasets = ["mimic3"]
    package let inputSchema = VisitCodes.schema
    package let outputSchema = [FieldSchema("mortality", "binary")]
    package let requirements =
        [TableRequirement("admissions", ["hadm_id", "hospital_expire_flag"])] + VisitCodes.requirements
    package let exclusionRules = [
        ExclusionRule.fewerThanTwoVisits, ExclusionRule.lastVisit, ExclusionRule.missingCodes,
        ExclusionRule.noVisitLeft,
    ]

    package init() {}

    package func samples(of patient: Patient, attrition: inout Attrition) -> [Sample] {
        let admissions = patient.events("admissions")
        attrition.enter(visits: admissions.count)
        guard admissions.count >= 2 else {
            attrition.exclude(ExclusionRule.fewerThanTwoVisits, patients: 1, visits: admissions.count)
            return []
        }
        attrition.exclude(ExclusionRule.lastVisit, visits: 1)
        let visits = admissions.column("hadm_id")
        let flags = admissions.column("hospital_expire_flag")
        let died = patient.symbols.find("1")
        let codes = VisitCodes(patient, keepsNullDrugs: false)
        var samples: [Sample] = []
        for row in admissions.indices.dropLast() {
            guard let inputs = codes.inputs(of: visits[row]) else {
                attrition.exclude(ExclusionRule.missingCodes, visits: 1)
                continue
            }
            let label = flags[row + 1] != nil && flags[row + 1] == died ? 1 : 0
            attrition.emit(label: label)
            samples.append(
                Sample(patientID: patient.id, visitID: visits[row], values: inputs + [.integer(label)]))
        }
        attrition.close(samples: samples.count, rule: ExclusionRule.noVisitLeft)
        return samples
    }
}
