package import Groundwork

/// What can go wrong between the stages of a job.
package enum StageError: PyHealthError {
    /// A payload lacks an input; a fault of this program.
    case missingInput(stage: String, role: String)
    /// The task yields no sample.
    case noSamples(task: String, attrition: String)
    /// A label has one value only in the training samples.
    case oneClass(field: String)
    /// The task belongs to another data set.
    case otherDataset(task: String, dataset: String, valid: [String])
    /// The same patient is in two parts.
    case leakage(parts: String, patients: Int)
    /// The folder is not a run directory.
    case notARun(path: String)

    package var code: String {
        switch self {
        case .missingInput: "stage.missing-input"
        case .noSamples: "stage.no-samples"
        case .oneClass: "stage.one-class"
        case .otherDataset: "stage.other-dataset"
        case .leakage: "stage.leakage"
        case .notARun: "stage.not-a-run"
        }
    }

    package var exitStatus: ExitStatus {
        switch self {
        case .missingInput: .internal
        case .otherDataset: .configuration
        case .notARun: .usage
        default: .data
        }
    }

    package var message: String {
        switch self {
        case .missingInput(let stage, let role): "Stage \(stage) was given no input \"\(role)\"."
        case .noSamples(let task, let attrition):
            "Task \(task) yields no sample from this data set. The attrition table says where patients were lost:\n"
                + attrition
        case .oneClass(let field):
            "The label \"\(field)\" has one value only among the training samples; two are needed. "
                + "Check the attrition table, the cohort and split.ratios."
        case .otherDataset(let task, let dataset, let valid):
            "Task \(task) belongs to \(valid.joined(separator: ", ")), not to \"\(dataset)\"."
        case .leakage(let parts, let patients):
            "\(patients) patients are in more than one part of the split (\(parts)). Use split.by: patient."
        case .notARun(let path): "\"\(path)\" is not the output folder of a run (no job.resolved.yaml in it)."
        }
    }
}
