package import Groundwork

/// What can go wrong between sample files and batches.
package enum BatchingError: PyHealthError, Equatable {
    /// A field's values are of a kind that no model takes.
    case unsupportedField(name: String, processor: String)
    /// A field's values do not fit what its processor learnt: another width.
    case fieldDiffers(name: String, expected: String)
    /// An index outside a field's vocabulary or classes, at `place` of the batch's `count` values.
    case indexOutside(name: String, size: Int, place: Int, count: Int)
    /// A field whose vocabulary or width is empty.
    case emptyField(name: String)
    /// No input field can go into a model.
    case noInputs
    /// The output field is no label.
    case noLabel(name: String, processor: String)
    /// A label with fewer classes than there must be to tell apart.
    case tooFewClasses(label: String, classes: Int)
    /// Split ratios that are not three, are negative, or do not sum to 1.
    case badRatios([Double])
    /// A patient is in two parts of a split by patient.
    case leakage(patients: Int)

    package var code: String {
        switch self {
        case .unsupportedField: "batching.unsupported-field"
        case .fieldDiffers: "batching.field-differs"
        case .indexOutside: "batching.index-outside"
        case .emptyField: "batching.empty-field"
        case .noInputs: "batching.no-inputs"
        case .noLabel: "batching.no-label"
        case .tooFewClasses: "batching.too-few-classes"
        case .badRatios: "batching.bad-ratios"
        case .leakage: "batching.leakage"
        }
    }

    package var exitStatus: ExitStatus {
        switch self {
        case .fieldDiffers, .indexOutside, .emptyField, .tooFewClasses: .data
        case .unsupportedField, .noInputs, .noLabel, .badRatios: .configuration
        case .leakage: .internal
        }
    }

    package var message: String {
        switch self {
        case .unsupportedField(let name, let processor):
            "Field \"\(name)\": values of processor \(processor) cannot go into a model. "
                + "Choose another processor."
        case .fieldDiffers(let name, let expected):
            "Field \"\(name)\": expected \(expected), found values that do not fit. Samples and fitted "
                + "processors belong to different runs; make the samples again."
        case .indexOutside(let name, let size, let place, let count):
            "Field \"\(name)\": expected indices of 0 to \(size - 1), found another at place \(place) of the batch's "
                + "\(count). Samples and fitted processors belong to different runs; make the samples again."
        case .emptyField(let name):
            "Field \"\(name)\" has no value in any training sample. Leave it out or choose another field."
        case .noInputs:
            "No input field can go into a model: all of them are texts or raw values. Choose another task."
        case .noLabel(let name, let processor):
            "Output field \"\(name)\" (processor \(processor)) is no label. "
                + "Expected binary, multiclass, multilabel or regression."
        case .tooFewClasses(let label, let classes):
            "Label \"\(label)\" has \(classes) classes in the training samples; a model needs more to tell "
                + "them apart. Choose other data or another task."
        case .badRatios(let ratios):
            "Split ratios \(ratios.map { "\($0)" }.joined(separator: ", ")): expected three numbers that "
                + "are not negative and sum to 1, for example 0.8, 0.1, 0.1."
        case .leakage(let patients):
            "\(patients) patients are in more than one part of the split by patient."
        }
    }
}
