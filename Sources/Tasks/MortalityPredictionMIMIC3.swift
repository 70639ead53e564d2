package import ClinicalData

/// Will the patient die in the next hospital stay, given the codes of this one?
///
/// Visits are admissions in time order; the label of each but the last is the next one's `hospital_expire_flag`. Codes
/// belong to a visit by `hadm_id`: conditions and procedures `icd9_code` (nulls kept), drugs `ndc` (nulls dropped, "0" kept).
/// A visit without any of the three is left out. Source: PyHealth `MortalityPredictionMIMIC3`.
package struct MortalityPredictionMIMIC3: ClinicalTask {
    package let name = "MortalityPredictionMIMIC3"
    package let datasets = ["mimic3"]
    package let inputSchema = MIMIC3Visits.inputSchema
    package let outputSchema = [FieldSchema("mortality", "binary")]
    package let requirements =
        [TableRequirement("admissions", ["hadm_id", "hospital_expire_flag"])] + MIMIC3Visits.codeTables
    package let exclusionRules = [
        MIMIC3Visits.singleVisitRule, MIMIC3Visits.lastVisitRule, MIMIC3Visits.emptyRule,
        MIMIC3Visits.nothingLeftRule,
    ]

    package init() {}

    package func samples(of patient: Patient, attrition: inout Attrition) -> [Sample] {
        let admissions = patient.events("admissions")
        attrition.enter(visits: admissions.count)
        guard admissions.count >= 2 else {
            attrition.exclude(MIMIC3Visits.singleVisitRule, patients: 1, visits: admissions.count)
            return []
        }
        attrition.exclude(MIMIC3Visits.lastVisitRule, visits: 1)
        let visits = admissions.column("hadm_id")
        let flags = admissions.column("hospital_expire_flag")
        let died = patient.symbols.find("1")
        let codes = VisitInputs(patient, keepsNullDrugs: false)
        var samples: [Sample] = []
        for row in admissions.indices.dropLast() {
            guard let visit = visits[row], let inputs = codes.inputs(of: visit) else {
                attrition.exclude(MIMIC3Visits.emptyRule, visits: 1)
                continue
            }
            let label = flags[row + 1] != nil && flags[row + 1] == died ? 1 : 0
            attrition.emit(label: "\(label)")
            samples.append(Sample(patientID: patient.id, visitID: visit, values: inputs + [.integer(label)]))
        }
        if samples.isEmpty {
            attrition.exclude(MIMIC3Visits.nothingLeftRule, patients: 1)
        } else {
            attrition.leave()
        }
        return samples
    }
}

/// Conditions, procedures and drugs of a patient's visits.
struct VisitInputs {
    private let conditions: VisitCodes
    private let procedures: VisitCodes
    private let drugs: VisitCodes
    private let keepsNullDrugs: Bool

    init(_ patient: Patient, keepsNullDrugs: Bool) {
        conditions = VisitCodes(patient, table: "diagnoses_icd", code: "icd9_code")
        procedures = VisitCodes(patient, table: "procedures_icd", code: "icd9_code")
        drugs = VisitCodes(patient, table: "prescriptions", code: "ndc")
        self.keepsNullDrugs = keepsNullDrugs
    }

    /// The three code lists of a visit; nil if one of them is empty.
    func inputs(of visit: Symbol) -> [FieldValue]? {
        let lists = [
            conditions.all(of: visit), procedures.all(of: visit),
            keepsNullDrugs ? drugs.all(of: visit) : drugs.present(of: visit),
        ]
        return lists.contains { $0.isEmpty } ? nil : lists.map { .codes($0) }
    }
}
