/// The two generations of MIMIC, which differ in names of columns and in how ages are told.
package enum MIMICRelease: Int, Sendable {
    case mimic3 = 3
    case mimic4 = 4

    /// A task's name: PyHealth's class names end with the release.
    func named(_ task: String) -> String { "\(task)MIMIC\(rawValue)" }

    /// The data sets whose tables the tasks read.
    var datasets: [String] {
        switch self {
        case .mimic3: ["mimic3"]
        case .mimic4: ["mimic4", "mimic4ehr"]
        }
    }

    /// How tasks write codes that find them by `hadm_id`.
    var style: CodeStyle {
        switch self {
        case .mimic3: .icd9
        case .mimic4: .versioned
        }
    }
}
