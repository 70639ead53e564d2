package import ClinicalData

/// Will the patient die in a later hospital stay, given codes, notes, laboratory values and a chest X-ray? MIMIC-IV with notes
/// and X-rays.
///
/// One sample per patient from the admissions before the first with `hospital_expire_flag` "1" (label 1), from all without one
/// (label 0). Per admission, by `hadm_id`: `conditions`, `procedures` (`icd_code`) and `drugs` (`ndc`), nulls dropped, one list
/// per admission even if it is empty; the texts of `discharge` and `radiology` notes. Laboratory vectors as in
/// ``StageNetMIMIC4``, with hours since the FIRST admission. The X-ray is the latest up to the last of these discharges:
/// `image_path`, and as `negbio_findings` the names of what NegBio found on studies up to then. Left out unless there are
/// conditions, procedures, drugs, a note, laboratory values and an image. Source: PyHealth
/// `MultimodalMortalityPredictionMIMIC4`; that no later X-ray is read is a choice of ours.
package struct MultimodalMortalityPredictionMIMIC4: ClinicalTask {
    package let name = "MultimodalMortalityPredictionMIMIC4"
    package let datasets = ["mimic4"]
    package let inputSchema = [
        FieldSchema("conditions", "nested_sequence"), FieldSchema("procedures", "nested_sequence"),
        FieldSchema("drugs", "nested_sequence"), FieldSchema("discharge", "raw"),
        FieldSchema("radiology", "raw"), FieldSchema("lab_values", "nested_sequence_floats"),
        FieldSchema("lab_times", "raw"), FieldSchema("negbio_findings", "sequence"),
        FieldSchema("image_path", "text"),
    ]
    package let outputSchema = [FieldSchema("mortality", "binary")]
    package let requirements = [
        TableRequirement("admissions", ["hadm_id", "dischtime", "hospital_expire_flag"]),
        TableRequirement("diagnoses_icd", ["hadm_id", "icd_code"]),
        TableRequirement("procedures_icd", ["hadm_id", "icd_code"]),
        TableRequirement("prescriptions", ["hadm_id", "ndc"]),
        TableRequirement("labevents", ["itemid", "valuenum", "storetime"]),
        VisitNotes.requirement("discharge"), VisitNotes.requirement("radiology"),
        TableRequirement("metadata", ["image_path"]), TableRequirement("negbio", Self.findings),
    ]
    package let exclusionRules = [
        ExclusionRule.noVisit, ExclusionRule.fromDeath, ExclusionRule.missingTime,
        ExclusionRule.missingModality,
    ]
    /// The columns of NegBio's table; 1 stands for a finding that is there.
    static let findings = [
        "atelectasis", "cardiomegaly", "consolidation", "edema", "enlarged cardiomediastinum", "fracture",
        "lung lesion", "lung opacity", "no finding", "pleural effusion", "pleural other", "pneumonia",
        "pneumothorax", "support devices",
    ]

    /// The task; it has no options.
    package init() {}

    package func samples(of patient: Patient, attrition: inout Attrition) throws -> [Sample] {
        guard let admissions = attrition.enter(patient) else { return [] }
        let fatal = admissions.firstIndex { $0.hospitalDeath == 1 }
        let before = admissions[..<(fatal ?? admissions.endIndex)]
        attrition.exclude(ExclusionRule.fromDeath, visits: admissions.count - before.count)
        var history = Modalities(patient)
        var visits = 0
        for visit in before {
            if try history.add(visit) {
                visits += 1
            } else {
                attrition.exclude(ExclusionRule.missingTime, visits: 1)
            }
        }
        guard let inputs = try history.inputs() else {
            return attrition.leaveOut(ExclusionRule.missingModality, visits: visits)
        }
        let label = fatal == nil ? 0 : 1
        attrition.emit(label: label, visits: visits)
        attrition.close(samples: 1, rule: ExclusionRule.missingModality)
        return [Sample(patientID: patient.id, visitID: nil, values: inputs + [.integer(label)])]
    }
}

/// What is collected of a patient, admission by admission.
private struct Modalities {
    private let patient: Patient
    private let codes: [CodeTable]
    private let notes: [VisitNotes]
    private let labTable: LabTable
    private var first: Timestamp?
    private var lastDischarge: Timestamp?
    private var lists: [[[Symbol?]]] = [[], [], []]
    private var texts: [[String]] = [[], []]
    private var labs: [[Double?]] = []
    private var labTimes: [Double?] = []

    init(_ patient: Patient) {
        self.patient = patient
        codes = [
            CodeTable(patient, "diagnoses_icd", .icd), CodeTable(patient, "procedures_icd", .icd),
            CodeTable(patient, "prescriptions", column: "ndc"),
        ]
        notes = ["discharge", "radiology"].map { VisitNotes(patient, $0) }
        labTable = LabTable(patient)
    }

    /// Adds an admission; false for one without times.
    mutating func add(_ visit: Event) throws -> Bool {
        guard let admitted = visit.timestamp, let discharged = try visit.time("dischtime") else {
            return false
        }
        first = first ?? admitted
        lastDischarge = max(lastDischarge ?? discharged, discharged)
        for i in codes.indices { lists[i].append(try codes[i].knownCodes(of: visit)) }
        for i in notes.indices { texts[i] += notes[i].texts(of: visit) }
        for (time, rows) in try labTable.known(from: admitted, through: discharged, of: patient) {
            labs.append(try labTable.firstValues(rows))
            labTimes.append(time.hours(since: first ?? admitted))
        }
        return true
    }

    /// The values of the inputs; nil if one kind of data is missing.
    func inputs() throws -> [FieldValue]? {
        guard let lastDischarge, !labs.isEmpty, !texts.joined().isEmpty,
            lists.allSatisfy({ visits in visits.contains { !$0.isEmpty } }),
            let image = patient.events("metadata", through: lastDischarge).last(where: {
                $0.symbol("image_path") != nil
            })?.symbol("image_path")
        else { return nil }
        let notes = texts.map { FieldValue.codes($0.map { patient.symbols.intern($0) }) }
        return lists.map(FieldValue.nestedCodes) + notes + [
            .nestedNumbers(labs), .numbers(labTimes), .codes(try findings(through: lastDischarge)),
            .text(image),
        ]
    }

    /// The names of what was found, in the order of the studies and columns, each once.
    private func findings(through end: Timestamp) throws -> [Symbol?] {
        var found: [String] = []
        for study in patient.events("negbio", through: end) {
            for name in MultimodalMortalityPredictionMIMIC4.findings where !found.contains(name) {
                if let value = study[name], Double(value) == 1 { found.append(name) }
            }
        }
        return found.map { patient.symbols.intern($0) }
    }
}
