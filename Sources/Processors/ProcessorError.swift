package import Groundwork

/// What a processor cannot do. Values never appear, only fields and counts.
package enum ProcessorError: PyHealthError, Equatable {
    /// The field's values are of another kind.
    case wrongKind(field: String, processor: String, expected: String)
    /// Samples have nothing where a list is expected.
    case missingLists(field: String, samples: Int)
    /// A binary label needs exactly two values.
    case notBinary(field: String, values: Int)
    /// Labels that did not occur in the samples that were learnt from.
    case unseenLabels(field: String, count: Int)
    /// Samples without a label.
    case missingLabels(field: String, count: Int)
    /// Labels are numbers in some samples and texts in others.
    case mixedLabels(field: String)
    /// Values that are missing or not numbers.
    case notNumbers(field: String, count: Int)
    /// Whole numbers that need more than 32 bits.
    case tooLarge(field: String, count: Int)
    /// A tensor's samples have different shapes.
    case raggedTensor(field: String)
    /// Codes are missing where each one must be given.
    case missingCodes(field: String, count: Int)
    /// Samples whose times are not finite, not one per entry, or end before they begin.
    case badTimes(field: String, samples: Int)
    /// Samples without any time, which cannot be put on a grid.
    case emptySeries(field: String, samples: Int)
    /// A sample that would have more steps than memory holds.
    case tooManySteps(field: String, limit: Int)
    /// An ignored field has no encoded form.
    case ignored(field: String)
    /// The samples have other fields than the processors were made for.
    case otherFields(expected: [String], got: [String])
    /// A state file does not fit.
    case badState(path: String, reason: String)

    package var code: String {
        switch self {
        case .wrongKind: "processor.wrong-kind"
        case .missingLists: "processor.missing-lists"
        case .notBinary: "processor.not-binary"
        case .unseenLabels: "processor.unseen-labels"
        case .missingLabels: "processor.missing-labels"
        case .mixedLabels: "processor.mixed-labels"
        case .notNumbers: "processor.not-numbers"
        case .tooLarge: "processor.too-large"
        case .raggedTensor: "processor.ragged-tensor"
        case .missingCodes: "processor.missing-codes"
        case .badTimes: "processor.bad-times"
        case .emptySeries: "processor.empty-series"
        case .tooManySteps: "processor.too-many-steps"
        case .ignored: "processor.ignored"
        case .otherFields: "processor.other-fields"
        case .badState: "processor.bad-state"
        }
    }

    package var exitStatus: ExitStatus { .data }

    package var message: String {
        switch self {
        case .wrongKind(let field, let processor, let expected):
            "Field \"\(field)\": processor \(processor) expects \(expected). Choose another processor for it."
        case .missingLists(let field, let samples):
            "Field \"\(field)\": \(samples) samples have nothing where a list is expected. Give the empty list."
        case .notBinary(let field, let values):
            "Field \"\(field)\": a binary label needs exactly 2 distinct values in the samples it is fitted on, got \(values). "
                + "Check the attrition table and the split, or use another task."
        case .unseenLabels(let field, let count):
            "Field \"\(field)\": \(count) labels of samples outside the training split do not occur inside it. "
                + "Use processors.fit: all, other split.ratios or another split.seed."
        case .missingLabels(let field, let count):
            "Field \"\(field)\": \(count) labels are missing. A task must leave out samples without a label."
        case .mixedLabels(let field):
            "Field \"\(field)\": labels are numbers in some samples and texts in others. Use one kind."
        case .notNumbers(let field, let count):
            "Field \"\(field)\": \(count) values are missing or not numbers. Leave such samples out in the task."
        case .tooLarge(let field, let count):
            "Field \"\(field)\": \(count) whole numbers do not fit 32 bits. Use dtype: float32."
        case .raggedTensor(let field):
            "Field \"\(field)\": the tensors of the samples have different shapes. Use nested_sequence or cut them."
        case .missingCodes(let field, let count):
            "Field \"\(field)\": \(count) codes are missing. Leave them out in the task."
        case .badTimes(let field, let samples):
            "Field \"\(field)\": the times of \(samples) samples are not finite, not one per entry, or end before they "
                + "begin. Give ascending times, one per entry."
        case .emptySeries(let field, let samples):
            "Field \"\(field)\": \(samples) samples have no time at all. Leave such samples out in the task."
        case .tooManySteps(let field, let limit):
            "Field \"\(field)\": from first to last time there are more than \(limit) steps in a sample. "
                + "Choose a longer sampling_rate, or check the times."
        case .ignored(let field): "Field \"\(field)\" is ignored; it has no encoded form."
        case .otherFields(let expected, let got):
            "The processors are for the fields \(expected.joined(separator: ", ")), "
                + "the samples have \(got.joined(separator: ", ")). Use those of the same task."
        case .badState(let path, let reason):
            "\(path) does not hold fitted processors: \(reason). Fit them again."
        }
    }
}
