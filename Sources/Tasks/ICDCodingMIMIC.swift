package import ClinicalData

/// Which ICD codes were given to a hospital stay, read from its notes?
///
/// One sample per admission with a text and a code: `text` is a blank and the text for each note, one after the other; the
/// label is the set of diagnosis and procedure codes, in ascending order of their bytes (PyHealth: any order; its null
/// codes, which no label processor can hold, are left out). MIMIC-III: all notes, `icd9_code`; patients without any note
/// are left out first. MIMIC-IV: discharge summaries; codes of one version of ICD. Source: PyHealth `MIMIC3ICD9Coding`; the
/// MIMIC-IV variants are ours.
package struct ICDCodingMIMIC: ClinicalTask {
    /// Which notes and which codes.
    package enum Variant: String, Sendable, CaseIterable {
        case mimic3ICD9 = "MIMIC3ICD9Coding"
        case mimic4ICD9 = "MIMIC4ICD9Coding"
        case mimic4ICD10 = "MIMIC4ICD10Coding"
    }

    package let name: String
    package let datasets: [String]
    package let inputSchema = [FieldSchema("text", "text")]
    package let outputSchema = [FieldSchema("icd_codes", "multilabel")]
    package let requirements: [TableRequirement]
    package let exclusionRules = [
        ExclusionRule.noVisit, ExclusionRule.noNote, ExclusionRule.missingNote,
        ExclusionRule.missingDiagnoses,
        ExclusionRule.noVisitLeft,
    ]
    private let variant: Variant
    private var notes: String { variant == .mimic3ICD9 ? "noteevents" : "discharge" }

    /// The task in one of its variants.
    package init(_ variant: Variant) {
        self.variant = variant
        name = variant.rawValue
        datasets = variant == .mimic3ICD9 ? ["mimic3"] : ["mimic4"]
        let columns = ["hadm_id"] + (variant == .mimic3ICD9 ? CodeStyle.icd9 : .versioned).columns
        requirements = [
            TableRequirement("admissions", ["hadm_id"]), TableRequirement("diagnoses_icd", columns),
            TableRequirement("procedures_icd", columns),
            VisitNotes.requirement(variant == .mimic3ICD9 ? "noteevents" : "discharge"),
        ]
    }

    package func samples(of patient: Patient, attrition: inout Attrition) throws -> [Sample] {
        guard let admissions = attrition.enter(patient) else { return [] }
        if patient.events(notes).isEmpty {
            return attrition.leaveOut(ExclusionRule.noNote, visits: admissions.count)
        }
        let notes = VisitNotes(patient, notes)
        let tables = ["diagnoses_icd", "procedures_icd"].map { VersionedCodes(patient, $0, variant) }
        return attrition.samples(of: patient, admissions) { visit in
            let text = notes.texts(of: visit).map { " " + $0 }.joined()
            if text.isEmpty { return .excluded(ExclusionRule.missingNote) }
            let codes = Set(tables.flatMap { $0.codes(of: visit) })
            if codes.isEmpty { return .excluded(ExclusionRule.missingDiagnoses) }
            let label = codes.sorted { patient.symbols.precedes($0, $1) }
            return .sample([.text(patient.symbols.intern(text)), .codes(label)])
        }
    }
}

/// A patient's codes of one table, of one version of ICD where the table has several.
private struct VersionedCodes {
    let rows: VisitRows
    let codes: EventColumn
    let versions: EventColumn?
    let version: Symbol?

    init(_ patient: Patient, _ table: String, _ variant: ICDCodingMIMIC.Variant) {
        let events = patient.events(table)
        rows = VisitRows(events)
        codes = events.column(variant == .mimic3ICD9 ? "icd9_code" : "icd_code")
        versions = variant == .mimic3ICD9 ? nil : events.column("icd_version")
        version = patient.symbols.find(variant == .mimic4ICD10 ? "10" : "9")
    }

    func codes(of visit: Event) -> [Symbol] {
        rows.of(visit).compactMap { row in
            if let versions, versions[row] == nil || versions[row] != version { return nil }
            return codes[row]
        }
    }
}
