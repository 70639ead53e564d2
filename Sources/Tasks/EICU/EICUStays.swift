import ClinicalData

/// The unit stays of eICU patients.
///
/// eICU has no times: stays stand in the order of the file.
enum EICUStays {
    /// The attribute that names a stay.
    static let id = "patientunitstayid"

    /// The table of stays with the attributes that a task reads.
    static func requirement(_ attributes: String...) -> TableRequirement {
        TableRequirement("patient", [id] + attributes)
    }

    /// Rows without a code are left out.
    static func codes(_ table: String, _ code: String) -> CodeSource {
        CodeSource(table: table, visit: id, code: code, keepsNulls: false)
    }

    /// Diagnoses, physical examinations and drug names.
    static let sources = VisitCodeSources(
        conditions: codes("diagnosis", "icd9code"), procedures: codes("physicalexam", "physicalexampath"),
        drugs: codes("medication", "drugname"))

    /// 1 for a stay whose patient left the hospital dead, else 0.
    static func expired(_ stay: Event) -> Int { stay["hospitaldischargestatus"] == "Expired" ? 1 : 0 }
}
