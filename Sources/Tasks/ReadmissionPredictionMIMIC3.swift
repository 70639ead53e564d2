package import ClinicalData
package import Groundwork

/// Will the patient be admitted again within a window after this discharge?
///
/// Every admission but the last; label 1 when the next `admittime` − this `dischtime` < window (strictly; negative gaps
/// count, and a visit that was left out still serves as the next one). With `exclude_minors` visits before the 18th birthday
/// are left out; a patient without `dob` counts as an adult. Codes as in ``MortalityPredictionMIMIC3``. Source: PyHealth
/// `ReadmissionPredictionMIMIC3`.
package struct ReadmissionPredictionMIMIC3: ClinicalTask {
    package let name = "ReadmissionPredictionMIMIC3"
    package let datasets = ["mimic3"]
    package let inputSchema = VisitCodes.schema
    package let outputSchema = [FieldSchema("readmission", "binary")]
    package let requirements =
        [
            TableRequirement("patients", ["dob"]), TableRequirement("admissions", ["hadm_id", "dischtime"]),
        ] + VisitCodes.requirements
    package let exclusionRules = [
        ExclusionRule.fewerThanTwoVisits, ExclusionRule.lastVisit, ExclusionRule.minor,
        ExclusionRule.missingCodes, ExclusionRule.missingTime, ExclusionRule.noVisitLeft,
    ]
    /// The names of the options in run files.
    static let options = ["window", "exclude_minors"]
    /// Length of the window in days. The default is 15.
    package let window: Double
    /// Whether visits before the 18th birthday are left out. The default is true.
    package let excludeMinors: Bool

    package init(window: Double = 15, excludeMinors: Bool = true) {
        self.window = window
        self.excludeMinors = excludeMinors
    }

    /// Throws `ConfigurationError` for options that are out of range or of a wrong type.
    package init(options: ConfigurationNode) throws {
        self.init(
            window: try options.child("window")?.double(in: 0...36_500) ?? 15,
            excludeMinors: try options.child("exclude_minors")?.bool() ?? true)
    }

    package func samples(of patient: Patient, attrition: inout Attrition) throws -> [Sample] {
        let admissions = patient.events("admissions")
        attrition.enter(visits: admissions.count)
        guard admissions.count >= 2 else {
            attrition.exclude(ExclusionRule.fewerThanTwoVisits, patients: 1, visits: admissions.count)
            return []
        }
        attrition.exclude(ExclusionRule.lastVisit, visits: 1)
        let birth = excludeMinors ? try patient.events("patients").first?.time("dob") : nil
        let codes = VisitCodes(patient, keepsNullDrugs: false)
        var samples: [Sample] = []
        for (event, next) in zip(admissions, admissions.dropFirst()) {
            switch try sample(patient, event, next, birth, codes) {
            case .success(let sample):
                samples.append(sample)
                if case .integer(let label)? = sample.values.last { attrition.emit(label: label) }
            case .excluded(let rule): attrition.exclude(rule, visits: 1)
            }
        }
        attrition.close(samples: samples.count, rule: ExclusionRule.noVisitLeft)
        return samples
    }

    private enum Outcome {
        case success(Sample)
        case excluded(String)
    }

    private func sample(
        _ patient: Patient, _ event: Event, _ next: Event, _ birth: Timestamp?, _ codes: VisitCodes
    ) throws -> Outcome {
        if let birth, let admitted = event.timestamp, Self.age(birth, at: admitted) < 18 {
            return .excluded(ExclusionRule.minor)
        }
        let visit = event.symbol("hadm_id")
        guard let inputs = codes.inputs(of: visit) else { return .excluded(ExclusionRule.missingCodes) }
        guard let discharged = try event.time("dischtime"), let readmitted = next.timestamp else {
            return .excluded(ExclusionRule.missingTime)
        }
        let label = Double(readmitted.milliseconds(since: discharged)) < window * 86_400_000 ? 1 : 0
        return .success(
            Sample(patientID: patient.id, visitID: visit, values: inputs + [.integer(label)]))
    }

    /// Whole years: the difference of the years, one less before the birthday.
    static func age(_ birth: Timestamp, at time: Timestamp) -> Int {
        let (b, t) = (birth.components, time.components)
        return t.year - b.year - ((t.month, t.day) < (b.month, b.day) ? 1 : 0)
    }
}
