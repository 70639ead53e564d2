package import ClinicalData
package import Groundwork

/// Will the patient be admitted again within a window after this discharge? MIMIC-III and MIMIC-IV.
///
/// Every admission but the last; label 1 when the next `admittime` − this `dischtime` < window (strictly; negative gaps
/// count, and a visit that was left out still serves as the next one). With `exclude_minors` visits before the age of 18 are
/// left out (``MinorRule``). Codes by `hadm_id`: MIMIC-III `icd9_code`, MIMIC-IV `<icd_version>_<icd_code>`, nulls kept; drugs
/// `ndc`, nulls dropped, "0" kept. Source: PyHealth `ReadmissionPredictionMIMIC3`, `ReadmissionPredictionMIMIC4`.
package struct ReadmissionPredictionMIMIC: ClinicalTask {
    package let name: String
    package let datasets: [String]
    package let inputSchema = VisitCodes.schema
    package let outputSchema = [FieldSchema("readmission", "binary")]
    package let requirements: [TableRequirement]
    package let exclusionRules = [
        ExclusionRule.fewerThanTwoVisits, ExclusionRule.lastVisit, ExclusionRule.minor,
        ExclusionRule.missingCodes, ExclusionRule.missingTime, ExclusionRule.noVisitLeft,
    ]
    /// The window and whether minors are left out.
    package let options: ReadmissionOptions
    private let release: MIMICRelease

    /// The window, in days, is 15 by default; minors are left out by default.
    package init(_ release: MIMICRelease, window: Double = 15, excludeMinors: Bool = true) {
        self.init(release, ReadmissionOptions(window: window, excludeMinors: excludeMinors))
    }

    /// Throws `ConfigurationError` for options that are out of range or of a wrong type.
    package init(_ release: MIMICRelease, options node: ConfigurationNode) throws {
        self.init(release, try ReadmissionOptions(node, window: 15))
    }

    private init(_ release: MIMICRelease, _ options: ReadmissionOptions) {
        name = release.named("ReadmissionPrediction")
        datasets = release.datasets
        requirements =
            [MinorRule.requirement(release), TableRequirement("admissions", ["hadm_id", "dischtime"])]
            + VisitCodes.requirements(release.style)
        self.options = options
        self.release = release
    }

    package func samples(of patient: Patient, attrition: inout Attrition) throws -> [Sample] {
        guard let admissions = attrition.enter(patient, atLeast: 2) else { return [] }
        let minors = options.excludeMinors ? try MinorRule(patient, release) : nil
        let codes = VisitCodes(patient, release.style, namesNulls: true)
        return try attrition.samplesBeforeNext(of: patient, admissions) { visit, next in
            if minors?.isMinor(at: visit) == true { return .excluded(ExclusionRule.minor) }
            guard let inputs = try codes.inputs(of: visit) else {
                return .excluded(ExclusionRule.missingCodes)
            }
            guard let discharged = try visit.time("dischtime"), let readmitted = next.timestamp else {
                return .excluded(ExclusionRule.missingTime)
            }
            let label = options.contains(readmitted, after: discharged) ? 1 : 0
            return .sample(inputs + [.integer(label)])
        }
    }
}
