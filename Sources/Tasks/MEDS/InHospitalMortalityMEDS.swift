package import ClinicalData
package import Groundwork

/// Will the patient die in this hospital stay, given all that was recorded in it up to the prediction time?
///
/// A stay is a `hadm_id` with codes that begin with HOSPITAL_ADMISSION (its beginning is the earliest) and HOSPITAL_DISCHARGE
/// (its end is the latest); one that does not end after its beginning is left out. The prediction time is the end of the stay
/// (`full_stay`), or `window_hours` after its beginning (`first_hours`; stays that are not longer are left out). `codes` are
/// all events, of any `hadm_id`, with beginning ≤ time < prediction time, without codes of discharge and of death (which
/// would tell). Label 1 if the stay ends with `HOSPITAL_DISCHARGE//DIED`. Source: PyHealth `InHospitalMortalityMEDS`.
package struct InHospitalMortalityMEDS: ClinicalTask {
    /// Which events of a stay are used.
    package enum ObservationWindow: String, Sendable, CaseIterable {
        case fullStay = "full_stay"
        case firstHours = "first_hours"
    }

    package let name = "InHospitalMortalityMEDS"
    package let datasets = ["meds"]
    package let inputSchema = [FieldSchema("codes", "sequence")]
    package let outputSchema = [FieldSchema("mortality", "binary")]
    package let requirements = [TableRequirement("meds", ["code", "hadm_id"])]
    package let exclusionRules = [
        ExclusionRule.noVisit, ExclusionRule.missingTime, ExclusionRule.noLength,
        ExclusionRule.withinWindow, ExclusionRule.missingDiagnoses, ExclusionRule.noVisitLeft,
    ]
    /// The names of the options in run files.
    static let options = ["observation_window", "window_hours"]
    /// Which events are used. The default is the whole stay.
    package let observationWindow: ObservationWindow
    /// Length of the window in hours, for ``ObservationWindow/firstHours``. The default is 48.
    package let windowHours: Double

    init(observationWindow: ObservationWindow = .fullStay, windowHours: Double = 48) {
        self.observationWindow = observationWindow
        self.windowHours = windowHours
    }

    /// Throws `ConfigurationError` for options that are out of range or of a wrong type.
    package init(options: ConfigurationNode) throws {
        let word = try options.child("observation_window")?.choice(ObservationWindow.allCases.map(\.rawValue))
        self.init(
            observationWindow: word.flatMap(ObservationWindow.init) ?? .fullStay,
            windowHours: try options.child("window_hours")?.double(in: 0...876_000) ?? 48)
    }

    package func samples(of patient: Patient, attrition: inout Attrition) -> [Sample] {
        let kinds = MEDSCodeKinds(patient.symbols)
        let stays = MEDSStay.all(of: patient, kinds)
        guard attrition.enter(stays) else { return [] }
        return attrition.samples(of: patient, stays, id: \.id) { stay in
            guard let admitted = stay.admitted, let discharged = stay.discharged else {
                return .excluded(ExclusionRule.missingTime)
            }
            guard discharged > admitted else { return .excluded(ExclusionRule.noLength) }
            guard let end = predictionTime(admitted, discharged) else {
                return .excluded(ExclusionRule.withinWindow)
            }
            let codes = codes(patient, from: admitted, to: end, kinds)
            guard !codes.isEmpty else { return .excluded(ExclusionRule.missingDiagnoses) }
            let died = stay.dischargeCode.map { patient.symbols[$0] } == "HOSPITAL_DISCHARGE//DIED"
            return .sample([.codes(codes), .integer(died ? 1 : 0)])
        }
    }

    /// The first moment that is not seen; nil for a stay that is not longer than the window.
    private func predictionTime(_ admitted: Timestamp, _ discharged: Timestamp) -> Timestamp? {
        switch observationWindow {
        case .fullStay: return discharged
        case .firstHours:
            let window = Int64((windowHours * 3_600_000).rounded())
            let end = Timestamp(milliseconds: admitted.milliseconds + window)
            return discharged > end ? end : nil
        }
    }

    private func codes(
        _ patient: Patient, from start: Timestamp, to end: Timestamp, _ kinds: MEDSCodeKinds
    ) -> [Symbol?] {
        let last = Timestamp(milliseconds: end.milliseconds - 1)
        return patient.events("meds", from: start, through: last).column("code").filter { code in
            switch code.flatMap(kinds.kind) {
            case .discharge, .death: false
            case .admission, nil: code != nil
            }
        }
    }
}
