package import ClinicalData
package import Groundwork

/// A patient's diagnoses as training data for generators of synthetic records, without a label. MIMIC-III and MIMIC-IV.
///
/// One sample per patient with at least two admissions that have diagnosis codes (by `hadm_id`; `icd9_code`, MIMIC-IV
/// `icd_code` without version; nulls dropped). EHRGeneration and EHRSequenceGeneration: the list of codes of each such
/// admission, in time order. EHRCodeSetGeneration: all distinct codes of the patient, in ascending order of their bytes.
/// Source: PyHealth's generation tasks.
package struct EHRGenerationMIMIC: ClinicalTask {
    /// What a sample holds.
    package enum Form: String, Sendable, CaseIterable {
        case visits = "EHRGeneration"
        case sequence = "EHRSequenceGeneration"
        case codeSet = "EHRCodeSetGeneration"
    }

    package let name: String
    package let datasets: [String]
    package let inputSchema: [FieldSchema]
    package let outputSchema: [FieldSchema] = []
    package let requirements: [TableRequirement]
    package let exclusionRules = [
        ExclusionRule.noVisit, ExclusionRule.missingDiagnoses, ExclusionRule.fewerThanTwoLeft,
    ]
    private let form: Form
    private let style: CodeStyle

    /// Throws `ConfigurationError` for an `encoding` of visits other than `nested_sequence`, the default, and
    /// `nested_multihot`.
    package init(_ form: Form, _ release: MIMICRelease, options node: ConfigurationNode) throws {
        let encoding = try node.child("encoding")?.choice(["nested_sequence", "nested_multihot"])
        self.init(form, release, encoding: encoding ?? "nested_sequence")
    }

    /// `encoding` is the processor of visits.
    package init(_ form: Form, _ release: MIMICRelease, encoding: String = "nested_sequence") {
        self.form = form
        style = release == .mimic3 ? .icd9 : .icd
        name = release.named(form.rawValue)
        datasets = release.datasets
        inputSchema = [FieldSchema("visits", form == .codeSet ? "multi_hot" : encoding)]
        requirements = [
            TableRequirement("admissions", ["hadm_id"]),
            TableRequirement("diagnoses_icd", ["hadm_id"] + style.columns),
        ]
    }

    package func samples(of patient: Patient, attrition: inout Attrition) throws -> [Sample] {
        guard let admissions = attrition.enter(patient) else { return [] }
        let codes = CodeTable(patient, "diagnoses_icd", style)
        let visits = try admissions.map { try codes.knownCodes(of: $0) }.filter { !$0.isEmpty }
        attrition.exclude(ExclusionRule.missingDiagnoses, visits: admissions.count - visits.count)
        guard visits.count >= 2 else {
            return attrition.leaveOut(ExclusionRule.fewerThanTwoLeft, visits: visits.count)
        }
        attrition.emit(visits: visits.count)
        attrition.close(samples: 1, rule: ExclusionRule.fewerThanTwoLeft)
        return [Sample(patientID: patient.id, visitID: nil, values: [value(visits, patient.symbols)])]
    }

    private func value(_ visits: [[Symbol]], _ symbols: SymbolTable) -> FieldValue {
        switch form {
        case .visits, .sequence: .nestedCodes(visits)
        case .codeSet: .codes(Set(visits.joined()).sorted { symbols.precedes($0, $1) })
        }
    }
}

extension SymbolTable {
    /// Whether a text comes before another one in the order of their UTF-8 bytes.
    func precedes(_ a: Symbol, _ b: Symbol) -> Bool {
        self[a].utf8.lexicographicallyPrecedes(self[b].utf8)
    }
}
