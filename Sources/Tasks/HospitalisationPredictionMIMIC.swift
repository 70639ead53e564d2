package import ClinicalData
package import Groundwork

/// Will the patient be in hospital again at all, within a long window after this discharge? MIMIC-III and MIMIC-IV.
///
/// Every admission, the last one too: label 1 when an admission follows whose `admittime` − this `dischtime` < window, else 0.
/// Other than ``ReadmissionPredictionMIMIC``, which only compares visits that are followed by another, this asks everybody who
/// left the hospital alive: admissions with `hospital_expire_flag` "1" are left out. An admission that the data set does not
/// hold counts as none, so labels 0 near the end of its time are less certain. Codes as in ``ReadmissionPredictionMIMIC``. Not
/// in PyHealth, which names the goal ("next-visit hospitalisation") only.
package struct HospitalisationPredictionMIMIC: ClinicalTask {
    package let name: String
    package let datasets: [String]
    package let inputSchema = VisitCodes.schema
    package let outputSchema = [FieldSchema("hospitalisation", "binary")]
    package let requirements: [TableRequirement]
    package let exclusionRules = [
        ExclusionRule.noVisit, ExclusionRule.died, ExclusionRule.minor, ExclusionRule.missingCodes,
        ExclusionRule.missingTime, ExclusionRule.noVisitLeft,
    ]
    /// The window and whether minors are left out.
    package let options: ReadmissionOptions
    private let release: MIMICRelease

    /// The window, in days, is 365 by default; minors are left out by default.
    package init(_ release: MIMICRelease, window: Double = 365, excludeMinors: Bool = true) {
        self.init(release, ReadmissionOptions(window: window, excludeMinors: excludeMinors))
    }

    /// Throws `ConfigurationError` for options that are out of range or of a wrong type.
    package init(_ release: MIMICRelease, options node: ConfigurationNode) throws {
        self.init(release, try ReadmissionOptions(node, window: 365))
    }

    private init(_ release: MIMICRelease, _ options: ReadmissionOptions) {
        name = release.named("HospitalisationPrediction")
        datasets = release.datasets
        requirements =
            [
                MinorRule.requirement(release),
                TableRequirement("admissions", ["hadm_id", "dischtime", "hospital_expire_flag"]),
            ] + VisitCodes.requirements(release.style)
        self.options = options
        self.release = release
    }

    package func samples(of patient: Patient, attrition: inout Attrition) throws -> [Sample] {
        guard let admissions = attrition.enter(patient) else { return [] }
        let minors = options.excludeMinors ? try MinorRule(patient, release) : nil
        let codes = VisitCodes(patient, release.style)
        return try attrition.samplesWithNext(of: patient, admissions) { visit, next in
            if visit.hospitalDeath == 1 { return .excluded(ExclusionRule.died) }
            if minors?.isMinor(at: visit) == true { return .excluded(ExclusionRule.minor) }
            guard let inputs = try codes.inputs(of: visit) else {
                return .excluded(ExclusionRule.missingCodes)
            }
            guard let discharged = try visit.time("dischtime"), visit.timestamp != nil else {
                return .excluded(ExclusionRule.missingTime)
            }
            let returns = next?.timestamp.map { options.contains($0, after: discharged) } ?? false
            return .sample(inputs + [.integer(returns ? 1 : 0)])
        }
    }
}
