package import ClinicalData
package import Groundwork

/// Will the patient be admitted again within a window after this discharge?
///
/// Label 1 when the next `admittime` − this `dischtime` < window (strictly; negative gaps count). With `exclude_minors`
/// visits before the 18th birthday are left out. Codes as in ``MortalityPredictionMIMIC3``. Source: PyHealth
/// `ReadmissionPredictionMIMIC3`.
package struct ReadmissionPredictionMIMIC3: ClinicalTask {
    package let name = "ReadmissionPredictionMIMIC3"
    package let datasets = ["mimic3"]
    package let inputSchema = MIMIC3Visits.inputSchema
    package let outputSchema = [FieldSchema("readmission", "binary")]
    package let requirements =
        [
            TableRequirement("patients", ["dob"]), TableRequirement("admissions", ["hadm_id", "dischtime"]),
        ] + MIMIC3Visits.codeTables
    package let exclusionRules = [
        MIMIC3Visits.singleVisitRule, MIMIC3Visits.lastVisitRule, Self.minorRule, MIMIC3Visits.emptyRule,
        Self.dischargeRule, MIMIC3Visits.nothingLeftRule,
    ]
    private static let minorRule = "visit before the age of 18"
    private static let dischargeRule = "visit without a readable time of admission or discharge"
    /// Length of the window in days. The default is 15.
    package let window: Double
    /// Whether visits before the 18th birthday are left out. The default is true.
    package let excludeMinors: Bool

    /// Throws `ConfigurationError` for unknown or wrong options.
    package init(options: ConfigurationNode?) throws {
        window = try options?.child("window")?.double(in: 0...36_500) ?? 15
        excludeMinors = try options?.child("exclude_minors")?.bool() ?? true
    }

    package func samples(of patient: Patient, attrition: inout Attrition) -> [Sample] {
        let admissions = patient.events("admissions")
        attrition.enter(visits: admissions.count)
        guard admissions.count >= 2 else {
            attrition.exclude(MIMIC3Visits.singleVisitRule, patients: 1, visits: admissions.count)
            return []
        }
        attrition.exclude(MIMIC3Visits.lastVisitRule, visits: 1)
        let birth = patient.events("patients").first?["dob"].flatMap { Timestamp($0) }
        let codes = VisitInputs(patient, keepsNullDrugs: false)
        var samples: [Sample] = []
        for (event, next) in zip(admissions, admissions.dropFirst()) {
            if let sample = sample(patient, event, next, birth, codes, &attrition) { samples.append(sample) }
        }
        if samples.isEmpty {
            attrition.exclude(MIMIC3Visits.nothingLeftRule, patients: 1)
        } else {
            attrition.leave()
        }
        return samples
    }

    private func sample(
        _ patient: Patient, _ event: Event, _ next: Event, _ birth: Timestamp?, _ codes: VisitInputs,
        _ attrition: inout Attrition
    ) -> Sample? {
        if excludeMinors, let birth, let admitted = event.timestamp, Self.age(birth, at: admitted) < 18 {
            attrition.exclude(Self.minorRule, visits: 1)
            return nil
        }
        guard let visit = event.symbol("hadm_id"), let inputs = codes.inputs(of: visit) else {
            attrition.exclude(MIMIC3Visits.emptyRule, visits: 1)
            return nil
        }
        guard let discharged = event["dischtime"].flatMap({ Timestamp($0) }), let readmitted = next.timestamp
        else {
            attrition.exclude(Self.dischargeRule, visits: 1)
            return nil
        }
        let label = Double(readmitted.milliseconds(since: discharged)) < window * 86_400_000 ? 1 : 0
        attrition.emit(label: "\(label)")
        return Sample(patientID: patient.id, visitID: visit, values: inputs + [.integer(label)])
    }

    /// Whole years: the difference of the years, one less before the birthday.
    static func age(_ birth: Timestamp, at time: Timestamp) -> Int {
        let (b, t) = (birth.components, time.components)
        return t.year - b.year - ((t.month, t.day) < (b.month, b.day) ? 1 : 0)
    }
}
