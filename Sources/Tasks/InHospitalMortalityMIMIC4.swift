package import ClinicalData

/// Will the patient die in this hospital stay, given the laboratory values of its first 48 hours? MIMIC-IV.
///
/// Adults by `anchor_age`, admissions longer than 48 h (strictly). `labs`: rows are the distinct chart times in the first 48 h,
/// both ends inclusive, of values stored by their end; columns the 27 items of ``LabItems`` in order; the first row of a time
/// and item counts, null is NaN even if a later row has a value. Times in milliseconds since 1970. Label: the same admission's
/// `hospital_expire_flag`. A patient without exactly one row in `patients` is left out (PyHealth stops there). Source: PyHealth
/// `InHospitalMortalityMIMIC4`.
package struct InHospitalMortalityMIMIC4: ClinicalTask {
    package let name = "InHospitalMortalityMIMIC4"
    package let datasets = MIMICRelease.mimic4.datasets
    package let inputSchema = [FieldSchema("labs", "timeseries")]
    package let outputSchema = [FieldSchema("mortality", "binary")]
    package let requirements = [
        TableRequirement("patients", ["anchor_age"]),
        TableRequirement("admissions", ["hadm_id", "dischtime", "hospital_expire_flag"]),
        TableRequirement("labevents", ["itemid", "valuenum", "storetime"]),
    ]
    package let exclusionRules = [
        ExclusionRule.noVisit, ExclusionRule.notOneRow, ExclusionRule.minorPatient,
        ExclusionRule.missingTime, ExclusionRule.shortStay, ExclusionRule.missingLabs,
        ExclusionRule.noVisitLeft,
    ]
    /// Hours from admission to the moment of prediction.
    private static let window = 48

    /// The task; it has no options.
    package init() {}

    package func samples(of patient: Patient, attrition: inout Attrition) throws -> [Sample] {
        guard let admissions = attrition.enter(patient) else { return [] }
        let demographics = patient.events("patients")
        guard demographics.count == 1 else {
            return attrition.leaveOut(ExclusionRule.notOneRow, visits: admissions.count)
        }
        if let age = demographics.first?.anchorAge, age < 18 {
            return attrition.leaveOut(ExclusionRule.minorPatient, visits: admissions.count)
        }
        let labs = LabTable(patient)
        return try attrition.samples(of: patient, admissions) { visit in
            guard let admitted = visit.timestamp, let discharged = try visit.time("dischtime") else {
                return .excluded(ExclusionRule.missingTime)
            }
            let prediction = admitted.adding(hours: Self.window)
            guard discharged > prediction else { return .excluded(ExclusionRule.shortStay) }
            let known = try labs.known(from: admitted, through: prediction, of: patient)
            if known.isEmpty { return .excluded(ExclusionRule.missingLabs) }
            let times = known.map { Double($0.time.milliseconds) }
            let matrix = try known.map { try labs.firstValuesByItem($0.rows) }
            return .sample([.timed(times, .nestedNumbers(matrix)), .integer(visit.hospitalDeath)])
        }
    }
}
