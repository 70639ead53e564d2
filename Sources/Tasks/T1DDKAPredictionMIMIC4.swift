package import ClinicalData

/// Does a patient with type 1 diabetes come to hospital with ketoacidosis around its diagnosis? MIMIC-IV.
///
/// Patients with a diagnosis of type 1 diabetes. The window begins with the first of these diagnoses (the time of that
/// discharge) and lasts `dka_window_days`. Inputs as in ``DKAPredictionMIMIC4``, walking through the admissions until one
/// begins after the window (label 0) or has a DKA code (ICD-9 25010–25013, ICD-10 E101), which are not among the inputs:
/// label 1 if that code is not later than the window's end and within so many whole days of any diagnosis of type 1
/// diabetes, before or after it. DKA before the diagnosis is not left out. Source: PyHealth `T1DDKAPredictionMIMIC4`, whose
/// list of samples fails where no patient is left.
package struct T1DDKAPredictionMIMIC4: ClinicalTask {
    package let name = "T1DDKAPredictionMIMIC4"
    package let datasets = MIMICRelease.mimic4.datasets
    package let inputSchema: [FieldSchema]
    package let outputSchema = [FieldSchema("label", "binary")]
    package let requirements = DiabetesHistory.requirements
    package let exclusionRules = [
        ExclusionRule.noVisit, ExclusionRule.noTypeOneDiabetes, ExclusionRule.missingTime,
        ExclusionRule.afterWindow, ExclusionRule.fromKetoacidosis, ExclusionRule.noCodesBefore,
    ]
    /// The length of the window in days.
    package let windowDays: Int

    /// `dkaWindowDays` is the length of the window; `padding` is added to the longest list of codes when they are encoded.
    package init(dkaWindowDays: Int = 90, padding: Int = 0) {
        windowDays = dkaWindowDays
        inputSchema = StageNetHistory.schema(padding: padding)
    }

    package func samples(of patient: Patient, attrition: inout Attrition) throws -> [Sample] {
        guard let admissions = attrition.enter(patient) else { return [] }
        var history = DiabetesHistory(patient)
        let diagnosed = history.diagnoses.compactMap { $0?.isTypeOneDiabetes == true ? $0?.time : nil }
        guard let end = diagnosed.first?.adding(hours: 24 * windowDays) else {
            return attrition.leaveOut(ExclusionRule.noTypeOneDiabetes, visits: admissions.count)
        }
        var (visits, label) = (0, 0)
        for (position, visit) in admissions.enumerated() {
            guard let admitted = visit.timestamp else {
                attrition.exclude(ExclusionRule.missingTime, visits: 1)
                continue
            }
            guard admitted <= end else {
                attrition.exclude(ExclusionRule.afterWindow, visits: admissions.count - position)
                break
            }
            if let dka = history.diagnoses(of: visit).first(where: \.isTypeOneKetoacidosis) {
                label = isWithinWindow(dka.time, end, diagnosed) ? 1 : 0
                attrition.exclude(ExclusionRule.fromKetoacidosis, visits: admissions.count - position)
                break
            }
            try history.add(visit, at: admitted)
            visits += 1
        }
        return attrition.close(history, of: patient, label: label, visits: visits)
    }

    private func isWithinWindow(_ time: Timestamp?, _ end: Timestamp, _ diagnosed: [Timestamp]) -> Bool {
        guard let time, time <= end else { return false }
        return diagnosed.contains { max($0, time).days(since: min($0, time)) <= windowDays }
    }
}
