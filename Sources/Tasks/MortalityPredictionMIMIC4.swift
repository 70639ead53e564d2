package import ClinicalData

/// Will the patient die in the next hospital stay, given the codes of this one? MIMIC-IV.
///
/// Patients whose `anchor_age` is below 18 are left out. Label as in ``MortalityPredictionMIMIC3``. Codes by TIME, not by
/// `hadm_id`: diagnoses, procedures (both at the time of discharge) and prescriptions with admittime ≤ time ≤ dischtime;
/// `icd_code` without version and `ndc` ("0" kept), trimmed, nulls and empty ones dropped. A visit without any of the three or
/// without a `dischtime` that is a time is left out. Source: PyHealth `MortalityPredictionMIMIC4`.
package struct MortalityPredictionMIMIC4: ClinicalTask {
    package let name = "MortalityPredictionMIMIC4"
    package let datasets = MIMICRelease.mimic4.datasets
    package let inputSchema = VisitCodes.schema
    package let outputSchema = [FieldSchema("mortality", "binary")]
    package let requirements = [
        TableRequirement("patients", ["anchor_age"]),
        TableRequirement("admissions", ["hadm_id", "dischtime", "hospital_expire_flag"]),
        TableRequirement("diagnoses_icd", ["icd_code"]), TableRequirement("procedures_icd", ["icd_code"]),
        TableRequirement("prescriptions", ["ndc"]),
    ]
    package let exclusionRules = [
        ExclusionRule.fewerThanTwoVisits, ExclusionRule.minorPatient, ExclusionRule.lastVisit,
        ExclusionRule.missingTime, ExclusionRule.missingCodes, ExclusionRule.noVisitLeft,
    ]

    /// The task; it has no options.
    package init() {}

    package func samples(of patient: Patient, attrition: inout Attrition) -> [Sample] {
        guard let admissions = attrition.enter(patient, atLeast: 2) else { return [] }
        if let age = patient.events("patients").first?.anchorAge, age < 18 {
            return attrition.leaveOut(ExclusionRule.minorPatient, visits: admissions.count)
        }
        return attrition.samplesBeforeNext(of: patient, admissions) { visit, next in
            guard let admitted = visit.timestamp,
                let discharged = visit["dischtime"].flatMap({ Timestamp($0) })
            else { return .excluded(ExclusionRule.missingTime) }
            let inputs = [
                ("diagnoses_icd", "icd_code"), ("procedures_icd", "icd_code"), ("prescriptions", "ndc"),
            ]
            .map { patient.trimmedCodes($0, $1, from: admitted, through: discharged) }
            if inputs.contains(where: \.isEmpty) { return .excluded(ExclusionRule.missingCodes) }
            return .sample(inputs.map { FieldValue.codes($0) } + [.integer(next.hospitalDeath)])
        }
    }
}

extension Patient {
    /// The codes of a table's rows within a span of time, both ends inclusive, without blanks around them; nulls and empty ones
    /// are dropped.
    func trimmedCodes(_ table: String, _ column: String, from start: Timestamp, through end: Timestamp)
        -> [Symbol]
    {
        let codes = events(table, from: start, through: end).column(column).compactMap { $0 }
        return codes.compactMap { symbols.trimmed($0) }
    }
}

extension SymbolTable {
    /// A text without blanks, tabs and line ends around it; nil if nothing is left.
    func trimmed(_ symbol: Symbol) -> Symbol? {
        let text = self[symbol]
        guard let first = text.firstIndex(where: { !$0.isWhitespace }),
            let last = text.lastIndex(where: { !$0.isWhitespace })
        else { return nil }
        return first == text.startIndex && text.index(after: last) == text.endIndex
            ? symbol : intern(String(text[first...last]))
    }
}
