package import ClinicalData

/// How long does this hospital stay last, in 10 classes?
///
/// Every admission; days = floor((dischtime − admittime) / 24 h); class 0 below one day, 1…7 the days, 8 for 8…14, 9 beyond.
/// Drugs are `ndc` with nulls kept; a visit without conditions, procedures or drugs is left out. Source: PyHealth
/// `LengthOfStayPredictionMIMIC3`.
package struct LengthOfStayPredictionMIMIC3: ClinicalTask {
    package let name = "LengthOfStayPredictionMIMIC3"
    package let datasets = ["mimic3"]
    package let inputSchema = MIMIC3Visits.inputSchema
    package let outputSchema = [FieldSchema("los", "multiclass")]
    package let requirements =
        [TableRequirement("admissions", ["hadm_id", "dischtime"])] + MIMIC3Visits.codeTables
    package let exclusionRules = [
        MIMIC3Visits.emptyRule, Self.timeRule, Self.noVisitRule, MIMIC3Visits.nothingLeftRule,
    ]
    private static let timeRule = "visit without a readable time of admission or discharge"
    private static let noVisitRule = "patient without a visit"

    package init() {}

    package func samples(of patient: Patient, attrition: inout Attrition) -> [Sample] {
        let admissions = patient.events("admissions")
        attrition.enter(visits: admissions.count)
        guard !admissions.isEmpty else {
            attrition.exclude(Self.noVisitRule, patients: 1)
            return []
        }
        let codes = VisitInputs(patient, keepsNullDrugs: true)
        var samples: [Sample] = []
        for event in admissions {
            guard let visit = event.symbol("hadm_id"), let inputs = codes.inputs(of: visit) else {
                attrition.exclude(MIMIC3Visits.emptyRule, visits: 1)
                continue
            }
            guard let admitted = event.timestamp,
                let discharged = event["dischtime"].flatMap({ Timestamp($0) })
            else {
                attrition.exclude(Self.timeRule, visits: 1)
                continue
            }
            let label = Self.category(milliseconds: discharged.milliseconds(since: admitted))
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

    /// The class of a stay.
    static func category(milliseconds: Int64) -> Int {
        let day: Int64 = 86_400_000
        let days = Int(milliseconds >= 0 ? milliseconds / day : -((day - 1 - milliseconds) / day))
        switch days {
        case ..<1: return 0
        case 1...7: return days
        case 8...14: return 8
        default: return 9
        }
    }
}
