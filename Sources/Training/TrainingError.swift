package import Groundwork
package import Tensors

/// What can go wrong while training.
package enum TrainingError: PyHealthError, Equatable {
    /// The loss or a gradient is not a number.
    case nonFinite(epoch: Int, step: Int, parameter: String)
    /// The optimizer made a parameter NaN or infinite.
    case nonFiniteParameter(epoch: Int, parameter: String)
    /// An operation's result or gradient is not finite; only found with `trainer.check_numerics`.
    case nonFiniteOperation(NumericFault)
    /// There is nothing to train on.
    case noTrainingSamples
    /// The monitor needs validation samples.
    case noValidationSamples(monitor: String)
    /// A checkpoint belongs to another configuration.
    case otherCheckpoint(path: String, reason: String)
    /// A checkpoint to resume from has nothing left to do.
    case nothingLeft(path: String, epochs: Int)
    /// The state of the best epoch is no longer in the training's folder.
    case lostBest(folder: String, epoch: Int)
    /// The best checkpoint of a run to be resumed is not beside the one that is given.
    case missingBest(path: String, epoch: Int)

    package var code: String {
        switch self {
        case .nonFinite: "training.non-finite"
        case .nonFiniteParameter: "training.non-finite-parameter"
        case .nonFiniteOperation: "training.non-finite-operation"
        case .noTrainingSamples: "training.no-samples"
        case .noValidationSamples: "training.no-validation-samples"
        case .otherCheckpoint: "training.other-checkpoint"
        case .nothingLeft: "training.nothing-left"
        case .lostBest: "training.lost-best"
        case .missingBest: "training.missing-best"
        }
    }

    package var exitStatus: ExitStatus {
        switch self {
        case .nonFinite, .nonFiniteParameter, .nonFiniteOperation, .noTrainingSamples, .noValidationSamples:
            .data
        case .lostBest: .retry
        case .otherCheckpoint, .nothingLeft, .missingBest: .configuration
        }
    }

    package var message: String {
        switch self {
        case .nonFinite(let epoch, let step, let parameter):
            "The loss is not a number at epoch \(epoch), step \(step); the first parameter with a non-finite "
                + "gradient is \"\(parameter)\". Lower lr, set max_grad_norm, or look for extreme input values; "
                + "trainer.check_numerics: true names the operation where it begins."
        case .nonFiniteParameter(let epoch, let parameter):
            "The optimizer made parameter \"\(parameter)\" NaN or infinite in epoch \(epoch). Lower lr; give "
                + "optimizer_params.eps a number above 0, which keeps parameters without gradient from 0 / 0."
        case .nonFiniteOperation(let fault):
            "\(fault.isGradient ? "The gradient of operation" : "Operation") \"\(fault.operation)\" (result "
                + "\(fault.shape)) is the first with NaN or an infinity, at epoch \(fault.randomness.epoch), step "
                + "\(fault.randomness.step), virtual rank \(fault.randomness.rank). Lower lr, set max_grad_norm, or look for "
                + "extreme input values."
        case .noTrainingSamples:
            "The training part of the split is empty. Check split.ratios and the attrition table."
        case .noValidationSamples(let monitor):
            "trainer.monitor is \"\(monitor)\" but the validation part is empty. Change split.ratios or drop monitor."
        case .nothingLeft(let path, let epochs):
            "The checkpoint \"\(path)\" has done \(epochs) epochs, after which this job ends. Raise trainer.epochs or "
                + "trainer.patience."
        case .lostBest(let folder, let epoch):
            "The state of the best epoch, \(epoch), is no longer in \"\(folder)\". Somebody removed or changed it. The same command "
                + "begins this training anew."
        case .missingBest(let path, let epoch):
            "The best epoch of the run to be resumed is \(epoch), and there is no \"\(path)\". Put that run's best.h5 beside "
                + "the checkpoint, or set trainer.load_best_model_at_last: false."
        case .otherCheckpoint(let path, let reason):
            "The checkpoint \"\(path)\" does not fit this job: \(reason). Use the job it was written by."
        }
    }
}
