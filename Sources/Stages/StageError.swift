package import Groundwork
package import Processors

/// What can go wrong between the stages of a job.
package enum StageError: PyHealthError {
    /// A payload lacks an input; a fault of this program.
    case missingInput(stage: String, role: String)
    /// What a stage told is not in the form that this program writes.
    case unreadableResult(stage: StageName)
    /// A file of an earlier stage is not as it was written.
    case damagedFile(path: String)
    /// A file outside the run directory is not the one that the coordinator read.
    case otherFile(path: String)
    /// What the stage was computed from was changed while it was read.
    case changedSources(stage: StageName)
    /// The task yields no sample.
    case noSamples(task: String, attrition: String)
    /// The processors cannot learn from the samples, for example because a label has one value only.
    case notFitted(task: String, reason: ProcessorError, attrition: String)
    /// The samples tell their label, and the run file says that this ends the job.
    case leakage(task: String, [String])
    /// No table names the patient, or none of the part of the data set to which the job is limited.
    case unknownPatient(subset: String?)
    /// The patient that was asked for is not among those to which `dataset.dev` limits the job.
    case outsideDev
    /// The task belongs to another data set.
    case otherDataset(task: String, dataset: String, valid: [String])

    package var code: String {
        switch self {
        case .missingInput: "stage.missing-input"
        case .unreadableResult: "stage.unreadable-result"
        case .damagedFile: "stage.damaged-file"
        case .otherFile: "stage.other-file"
        case .changedSources: "stage.changed-sources"
        case .noSamples: "stage.no-samples"
        case .notFitted(_, let reason, _): reason.code
        case .leakage: "stage.leakage"
        case .unknownPatient: "stage.unknown-patient"
        case .outsideDev: "stage.outside-dev"
        case .otherDataset: "stage.other-dataset"
        }
    }

    package var exitStatus: ExitStatus {
        switch self {
        case .missingInput: .internal
        case .damagedFile: .io
        case .otherFile, .changedSources: .retry
        case .otherDataset, .unreadableResult: .configuration
        default: .data
        }
    }

    package var message: String {
        switch self {
        case .missingInput(let stage, let role): "Stage \(stage) was given no input \"\(role)\"."
        case .unreadableResult(let stage):
            "What stage \(stage.rawValue) told cannot be read; another version of this program or of a worker wrote it. Let all "
                + "machines have the same version, and choose another output directory."
        case .damagedFile(let path): "\"\(path)\" is not as it was written (SHA-256)."
        case .otherFile(let path):
            "\"\(path)\" is not the file that the coordinator read. It was changed while the job ran, or another one is there on "
                + "this machine: let every machine have the same one, with its time of modification, and give the same command again."
        case .changedSources(let stage):
            "Files that stage \(stage.rawValue) tells of were changed while the job read them; what was made of them is put aside. "
                + "Give the same command again when nobody writes to them."
        case .noSamples(let task, let attrition):
            "Task \(task) yields no sample from this data set. The attrition table says where patients were lost:\n"
                + attrition
        case .notFitted(let task, let reason, let attrition):
            "Task \(task): \(reason.message) The attrition table:\n\(attrition)"
        case .leakage(let task, let findings):
            "The samples of \(task) may tell their label: \(findings.joined(separator: " Also: ")) Correct the task or the split, or set leakage: warn."
        case .unknownPatient(let subset?):
            "No table that the task reads has an event of this patient in \"\(subset)\", to which dataset.subset limits the job. "
                + "Check the id (leading zeros count), or look with --set dataset.subset=all."
        case .unknownPatient:
            "No table that the task reads has an event of this patient. Check the id (leading zeros count)."
        case .outsideDev:
            "This patient is not among the first \(JobSetup.patientsOfDev), to which dataset.dev limits the job."
        case .otherDataset(let task, let dataset, let valid):
            "Task \(task) belongs to \(valid.joined(separator: ", ")), not to \"\(dataset)\"."
        }
    }
}
