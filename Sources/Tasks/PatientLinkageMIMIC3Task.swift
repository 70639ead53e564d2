package import ClinicalData

/// Which earlier record belongs to the patient of this stay? Pairs of a last admission (the query) and all earlier ones (the
/// document, `d_…`). MIMIC-III.
///
/// Patients with at least two admissions. Ages are floor(days since `dob` / 365.25): a query below 18 gives no sample,
/// earlier visits below 18 or without codes are left out. `conditions` are an empty text (it stands for the start) and the
/// visit's diagnosis codes, nulls dropped; `d_conditions` likewise the codes of the earlier visits, with `[SEP]` between
/// visits. Identifiers are gender, insurance, language, religion, marital status and ethnicity joined by "+" (null is
/// empty). The document's visit id, age, identifiers and time are those of its latest visit; `time_gap_days` whole days
/// between both admissions; `d_visit_ids` all its visits joined by "|". What is not a code has the processor `raw`
/// (PyHealth names processors that do not exist, and stops). `query_visit_id` and `query_patient_id` are PyHealth's `visit_id`
/// and `patient_id`, which in sample files are every sample's own. Source: PyHealth `PatientLinkageMIMIC3Task`.
package struct PatientLinkageMIMIC3Task: ClinicalTask {
    package let name = "PatientLinkageMIMIC3Task"
    package let datasets = MIMICRelease.mimic3.datasets
    package let inputSchema = [
        FieldSchema("conditions", "sequence"), FieldSchema("age", "raw"), FieldSchema("identifiers", "raw"),
        FieldSchema("query_visit_id", "raw"), FieldSchema("timestamp", "raw"),
        FieldSchema("d_conditions", "sequence"), FieldSchema("d_age", "raw"),
        FieldSchema("d_identifiers", "raw"), FieldSchema("d_visit_id", "raw"),
        FieldSchema("d_timestamp", "raw"), FieldSchema("query_patient_id", "raw"),
        FieldSchema("time_gap_days", "raw"), FieldSchema("d_visit_ids", "raw"),
    ]
    package let outputSchema: [FieldSchema] = []
    package let requirements = [
        TableRequirement("patients", ["gender", "dob"]),
        TableRequirement(
            "admissions", ["hadm_id", "insurance", "language", "religion", "marital_status", "ethnicity"]),
        TableRequirement("diagnoses_icd", ["hadm_id", "icd9_code"]),
    ]
    package let exclusionRules = [
        ExclusionRule.fewerThanTwoVisits, ExclusionRule.missingBirth, ExclusionRule.missingTime,
        ExclusionRule.minor, ExclusionRule.missingDiagnoses, ExclusionRule.noPair,
    ]

    /// The task; it has no options.
    package init() {}

    package func samples(of patient: Patient, attrition: inout Attrition) throws -> [Sample] {
        guard let admissions = attrition.enter(patient, atLeast: 2) else { return [] }
        let demographics = patient.events("patients").first
        guard let birth = try demographics?.time("dob") else {
            return attrition.leaveOut(ExclusionRule.missingBirth, visits: admissions.count)
        }
        let codes = CodeTable(patient, "diagnoses_icd", .icd9)
        var (visits, hasQuery) = ([LinkedVisit](), false)
        for event in admissions {
            let visit = LinkedVisit(event, birth, demographics, try codes.knownCodes(of: event))
            hasQuery = visit != nil && visit?.exclusion == nil
            if let visit, visit.exclusion == nil {
                visits.append(visit)
            } else {
                attrition.exclude(visit?.exclusion ?? ExclusionRule.missingTime, visits: 1)
            }
        }
        guard hasQuery, visits.count >= 2, let query = visits.last else {
            return attrition.leaveOut(ExclusionRule.noPair, visits: visits.count)
        }
        attrition.emit(visits: visits.count)
        attrition.close(samples: 1, rule: ExclusionRule.noPair)
        return [sample(patient, query, visits.dropLast())]
    }

    private func sample(_ patient: Patient, _ query: LinkedVisit, _ earlier: ArraySlice<LinkedVisit>)
        -> Sample
    {
        func text(_ value: String) -> FieldValue { .text(patient.symbols.intern(value)) }
        let start = patient.symbols.intern("")
        let codes = earlier.map(\.codes).joined(separator: [patient.symbols.intern("[SEP]")])
        let document = earlier.last ?? query
        let gap = query.admitted.days(since: document.admitted)
        return Sample(
            patientID: patient.id, visitID: query.id,
            values: [
                .codes([start] + query.codes), .integer(query.age), text(query.identifiers),
                query.id.map { .text($0) } ?? .null, text(query.admitted.text), .codes([start] + codes),
                .integer(document.age), text(document.identifiers), document.id.map { .text($0) } ?? .null,
                text(document.admitted.text), .text(patient.id), .integer(gap),
                text(earlier.map { $0.id.map { patient.symbols[$0] } ?? "" }.joined(separator: "|")),
            ])
    }
}

/// One admission as the task on patient linkage sees it.
private struct LinkedVisit {
    let id: Symbol?
    let admitted: Timestamp
    let age: Int
    let identifiers: String
    let codes: [Symbol]

    /// Why it is left out; nil if it is not.
    var exclusion: String? {
        if age < 18 { return ExclusionRule.minor }
        return codes.isEmpty ? ExclusionRule.missingDiagnoses : nil
    }

    /// Nil for an admission without a time.
    init?(_ visit: Event, _ birth: Timestamp, _ demographics: Event?, _ codes: [Symbol]) {
        guard let admitted = visit.timestamp else { return nil }
        self.admitted = admitted
        self.codes = codes
        id = visit.symbol("hadm_id")
        age = Int((Double(admitted.days(since: birth)) / 365.25).rounded(.down))
        let own = ["insurance", "language", "religion", "marital_status", "ethnicity"].map { visit[$0] }
        identifiers = ([demographics?["gender"]] + own).map { $0 ?? "" }.joined(separator: "+")
    }
}
