package import Groundwork

/// What a model cannot do.
package enum ModelError: PyHealthError, Equatable {
    /// A batch lacks a field.
    case missingField(name: String)
    /// The labels are of another kind than the mode needs.
    case wrongLabels(label: String)
    /// A checkpoint's parameters are not the model's.
    case parametersDiffer(missing: [String], extra: [String], reshaped: [String])

    package var code: String {
        switch self {
        case .missingField: "model.missing-field"
        case .wrongLabels: "model.wrong-labels"
        case .parametersDiffer: "model.parameters-differ"
        }
    }

    package var exitStatus: ExitStatus {
        if case .parametersDiffer = self { .configuration } else { .internal }
    }

    package var message: String {
        switch self {
        case .missingField(let name): "The batch has no field \"\(name)\"."
        case .wrongLabels(let label):
            "Field \"\(label)\" does not hold the kind of label that the model predicts."
        case .parametersDiffer(let missing, let extra, let reshaped):
            "The stored parameters are not this model's. Missing: \(list(missing)). Extra: \(list(extra)). "
                + "Of another shape: \(list(reshaped)). Use the run file that the checkpoint was written by."
        }
    }

    private func list(_ names: [String]) -> String { names.isEmpty ? "none" : names.joined(separator: ", ") }
}
