/// How diagnoses and procedures are written in samples.
enum CodeStyle {
    /// `icd9_code` (MIMIC-III).
    case icd9
    /// `icd_code` without its version (MIMIC-IV).
    case icd
    /// `<icd_version>_<icd_code>` (MIMIC-IV); only the versions 9 and 10 are known.
    case versioned

    /// The columns that are read, the code first.
    var columns: [String] {
        switch self {
        case .icd9: ["icd9_code"]
        case .icd: ["icd_code"]
        case .versioned: ["icd_code", "icd_version"]
        }
    }
}
