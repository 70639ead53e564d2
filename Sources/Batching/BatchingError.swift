package import Groundwork

/// What can go wrong between sample files and batches.
package enum BatchingError: PyHealthError, Equatable {
    /// A field cannot go into a model.
    case unsupportedField(name: String, processor: String)
    /// Split ratios that do not sum to 1 or are negative.
    case badRatios
    /// A patient is in two parts of a split by patient.
    case leakage(patients: Int)

    package var code: String {
        switch self {
        case .unsupportedField: "batching.unsupported-field"
        case .badRatios: "batching.bad-ratios"
        case .leakage: "batching.leakage"
        }
    }

    package var exitStatus: ExitStatus {
        if case .leakage = self { .internal } else { .configuration }
    }

    package var message: String {
        switch self {
        case .unsupportedField(let name, let processor):
            "Field \"\(name)\": values of processor \(processor) cannot go into a model. Choose another processor."
        case .badRatios: "Split ratios must not be negative and must sum to 1."
        case .leakage(let patients): "\(patients) patients are in more than one part of the split."
        }
    }
}
