package import Groundwork

/// What a processor cannot do. Values never appear, only fields and counts.
package enum ProcessorError: PyHealthError, Equatable {
    /// The field's values are of another kind.
    case wrongKind(field: String, processor: String, expected: String)
    /// A binary label needs exactly two values.
    case notBinary(field: String, values: Int)
    /// There is no value to learn from.
    case noValues(field: String, processor: String)
    /// Labels that did not occur in the training samples.
    case unseenLabels(field: String, samples: Int)
    /// Values that are missing or not numbers.
    case notNumbers(field: String, samples: Int)
    /// A tensor's samples have different shapes.
    case raggedTensor(field: String)
    /// A state file does not fit.
    case badState(path: String, reason: String)

    package var code: String {
        switch self {
        case .wrongKind: "processor.wrong-kind"
        case .notBinary: "processor.not-binary"
        case .noValues: "processor.no-values"
        case .unseenLabels: "processor.unseen-labels"
        case .notNumbers: "processor.not-numbers"
        case .raggedTensor: "processor.ragged-tensor"
        case .badState: "processor.bad-state"
        }
    }

    package var exitStatus: ExitStatus { .data }

    package var message: String {
        switch self {
        case .wrongKind(let field, let processor, let expected):
            "Field \"\(field)\": processor \(processor) expects \(expected). Choose another processor for it."
        case .notBinary(let field, let values):
            "Field \"\(field)\": a binary label needs exactly 2 distinct values in the samples it is fitted on, got \(values). "
                + "Check the cohort and the split, or use another task."
        case .noValues(let field, let processor):
            "Field \"\(field)\": processor \(processor) saw no value to learn from. Check the attrition table."
        case .unseenLabels(let field, let samples):
            "Field \"\(field)\": \(samples) samples have a label that does not occur in the samples it was fitted on. "
                + "Use processors.fit: all, other split ratios or another split seed."
        case .notNumbers(let field, let samples):
            "Field \"\(field)\": \(samples) samples have a value that is missing or not a number."
        case .raggedTensor(let field): "Field \"\(field)\": the tensors of the samples have different shapes."
        case .badState(let path, let reason): "\(path) does not hold fitted processors: \(reason)."
        }
    }
}
