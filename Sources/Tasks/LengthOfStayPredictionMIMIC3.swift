package import ClinicalData

/// How long does this hospital stay last, in 10 classes?
///
/// Every admission; days = floor((dischtime − admittime) / 24 h); class 0 below one day, 1…7 the days, 8 for 8…14, 9 beyond.
/// Codes as in ``MortalityPredictionMIMIC3``, but drugs without `ndc` are kept as nulls. Source: PyHealth
/// `LengthOfStayPredictionMIMIC3`.
package struct LengthOfStayPredictionMIMIC3: ClinicalTask {
    package let name = "LengthOfStayPredictionMIMIC3"
    package let datasets = ["mimic3"]
    package let inputSchema = VisitCodes.schema
    package let outputSchema = [FieldSchema("los", "multiclass")]
    package let requirements =
        [TableRequirement("admissions", ["hadm_id", "dischtime"])] + VisitCodes.requirements
    package let exclusionRules = [
        ExclusionRule.noVisit, ExclusionRule.missingCodes, ExclusionRule.missingTime,
        ExclusionRule.noVisitLeft,
    ]

    package init() {}

    package func samples(of patient: Patient, attrition: inout Attrition) throws -> [Sample] {
        let admissions = patient.events("admissions")
        attrition.enter(visits: admissions.count)
        guard !admissions.isEmpty else {
            attrition.exclude(ExclusionRule.noVisit, patients: 1)
            return []
        }
        let codes = VisitCodes(patient, keepsNullDrugs: true)
        var samples: [Sample] = []
        for event in admissions {
            let visit = event.symbol("hadm_id")
            guard let inputs = codes.inputs(of: visit) else {
                attrition.exclude(ExclusionRule.missingCodes, visits: 1)
                continue
            }
            guard let discharged = try event.time("dischtime"), let admitted = event.timestamp else {
                attrition.exclude(ExclusionRule.missingTime, visits: 1)
                continue
            }
            let label = Self.category(milliseconds: discharged.milliseconds(since: admitted))
            attrition.emit(label: label)
            samples.append(Sample(patientID: patient.id, visitID: visit, values: inputs + [.integer(label)]))
        }
        attrition.close(samples: samples.count, rule: ExclusionRule.noVisitLeft)
        return samples
    }

    /// The class of a stay of that length, which may be negative.
    static func category(milliseconds: Int64) -> Int {
        let day: Int64 = 86_400_000
        switch milliseconds / day - (milliseconds % day < 0 ? 1 : 0) {
        case ..<1: return 0
        case let days where days <= 7: return Int(days)
        case ...14: return 8
        default: return 9
        }
    }
}
