package import ClinicalData
package import Groundwork

/// A patient's whole history of codes and laboratory values, to be read with StageNet: does he die in hospital, or how long
/// does his last stay last? MIMIC-IV.
///
/// One sample per adult (`anchor_age` at least 18 and present). All admissions whose discharge is not before their begin:
/// `icd_codes` are the diagnoses, then the procedures of each by `hadm_id`, as `icd_code`, duplicates kept, with the hours
/// since the admission before (0 for the first); an admission without codes has no entry, but counts as the one before the
/// next. `labs` has a vector for each chart time within an admission of values stored by its discharge
/// (``LabTable/firstValues(_:)``), with the hours since its begin. Labels: 1 if any of these admissions has
/// `hospital_expire_flag` "1"; or the class of the last one's length. The last admission's own data are among the inputs:
/// these labels leak by design, as in PyHealth. With `prior_visits_only` (our option) the inputs are those of the admissions that
/// were over when the last one began, and the label is the last one's. Source: PyHealth `MortalityPredictionStageNetMIMIC4`,
/// `LengthOfStayStageNetMIMIC4`.
package struct StageNetMIMIC4: ClinicalTask {
    /// What is predicted.
    package enum Target: String, Sendable {
        case mortality = "MortalityPredictionStageNetMIMIC4"
        case lengthOfStay = "LengthOfStayStageNetMIMIC4"
    }

    package let name: String
    package let datasets = MIMICRelease.mimic4.datasets
    package let inputSchema: [FieldSchema]
    package let outputSchema: [FieldSchema]
    package let requirements = [
        TableRequirement("patients", ["anchor_age"]),
        TableRequirement("admissions", ["hadm_id", "dischtime", "hospital_expire_flag"]),
        TableRequirement("diagnoses_icd", ["hadm_id", "icd_code"]),
        TableRequirement("procedures_icd", ["hadm_id", "icd_code"]),
        TableRequirement("labevents", ["itemid", "valuenum", "storetime"]),
    ]
    package let exclusionRules = [
        ExclusionRule.noVisit, ExclusionRule.notAdult, ExclusionRule.missingTime,
        ExclusionRule.endsBeforeBegin, ExclusionRule.noCodesOrLabs,
    ]
    /// The names of the options in run files.
    static let options = ["padding", StayInputs.option]
    private let target: Target
    private let priorVisitsOnly: Bool

    /// `padding` is added to the longest list of codes when they are encoded.
    package init(_ target: Target, padding: Int = 0, priorVisitsOnly: Bool = false) {
        self.target = target
        self.priorVisitsOnly = priorVisitsOnly
        name = target.rawValue
        inputSchema = StageNetHistory.schema(padding: padding)
        switch target {
        case .mortality: outputSchema = [FieldSchema("mortality", "binary")]
        case .lengthOfStay: outputSchema = [FieldSchema("los", "multiclass")]
        }
    }

    /// Throws `ConfigurationError` for an option that is out of range or of a wrong type.
    package init(_ target: Target, options: ConfigurationNode) throws {
        self.init(
            target, padding: try StageNetHistory.padding(options),
            priorVisitsOnly: try StayInputs.priorVisitsOnly(options))
    }

    package func samples(of patient: Patient, attrition: inout Attrition) throws -> [Sample] {
        guard let admissions = attrition.enter(patient) else { return [] }
        guard let age = patient.events("patients").first?.anchorAge, age >= 18 else {
            return attrition.leaveOut(ExclusionRule.notAdult, visits: admissions.count)
        }
        let tables = ["diagnoses_icd", "procedures_icd"].map { CodeTable(patient, $0, .icd) }
        let labs = LabTable(patient)
        var visits: [(event: Event, admitted: Timestamp, discharged: Timestamp)] = []
        for visit in admissions {
            guard let admitted = visit.timestamp, let discharged = try visit.time("dischtime") else {
                attrition.exclude(ExclusionRule.missingTime, visits: 1)
                continue
            }
            guard admitted <= discharged else {
                attrition.exclude(ExclusionRule.endsBeforeBegin, visits: 1)
                continue
            }
            visits.append((visit, admitted, discharged))
        }
        guard let last = visits.last else {
            return attrition.leaveOut(ExclusionRule.noCodesOrLabs, visits: 0)
        }
        let known = priorVisitsOnly ? visits.dropLast().filter { $0.discharged <= last.admitted } : visits
        var history = StageNetHistory()
        for (visit, admitted, discharged) in known {
            history.add(codes: try tables.flatMap { try $0.knownCodes(of: visit) }, at: admitted)
            for (time, rows) in try labs.known(from: admitted, through: discharged, of: patient) {
                history.add(labs: try labs.firstValues(rows), hours: time.hours(since: admitted))
            }
        }
        guard !history.codes.isEmpty, !history.labs.isEmpty else {
            return attrition.leaveOut(ExclusionRule.noCodesOrLabs, visits: visits.count)
        }
        let label = label(visits.map(\.event), lastDays: last.discharged.days(since: last.admitted))
        attrition.emit(label: label, visits: visits.count)
        // The labelled admission's own codes and values are among the inputs.
        if !priorVisitsOnly { attrition.count(lateInputs: 1) }
        attrition.close(samples: 1, rule: ExclusionRule.noCodesOrLabs)
        return [
            Sample(patientID: patient.id, visitID: nil, values: history.inputs + [.integer(label)])
        ]
    }

    private func label(_ visits: [Event], lastDays: Int) -> Int {
        switch target {
        case .lengthOfStay: LengthOfStayClass.of(days: lastDays)
        case .mortality: (priorVisitsOnly ? visits.suffix(1) : visits[...]).map(\.hospitalDeath).max() ?? 0
        }
    }
}
