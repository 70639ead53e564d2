package import Tensors

/// One field of a batch, ragged and without padding.
package enum BatchField: Sendable, Equatable {
    /// Codes in a row: vocabulary indices, one segment per sample.
    case codes([Int32], Segments)
    /// Codes per visit: vocabulary indices, visits → codes, samples → visits.
    case nestedCodes([Int32], codes: Segments, visits: Segments)
    /// Rows of `width` numbers, one segment per sample.
    case series([Float], width: Int, Segments)
    /// `width` numbers per sample.
    case dense([Float], width: Int)
}

/// The times of one field's steps.
package struct BatchTimes: Sendable, Equatable {
    /// One time per step, in the order of the field's rows; 0 for all steps of a sample without times.
    package let values: [Float]
    /// Per sample, whether it has times.
    package let isPresent: [Bool]

    /// One time per step, one flag per sample.
    package init(values: [Float], isPresent: [Bool]) {
        self.values = values
        self.isPresent = isPresent
    }
}

/// What a batch's samples are to be predicted as.
package enum BatchLabels: Sendable, Equatable {
    /// Targets `[B, width]`: binary, multilabel, regression.
    case values([Float], width: Int)
    /// A class per sample.
    case classes([Int32])
}

/// Some samples, ready for a model.
///
/// A sample has its own steps only: trailing empty visits do not exist, and a sample without any code has one
/// step of padding (index 0), so that every segment of steps has at least one row.
package struct Batch: Sendable, Equatable {
    /// The number of samples, B.
    package let count: Int
    /// Input fields by name.
    package let fields: [String: BatchField]
    /// The times of fields that have them, by the field's name; empty for models that do not use times.
    package let times: [String: BatchTimes]
    /// nil where the labels are not known.
    package let labels: BatchLabels?

    package init(
        count: Int, fields: [String: BatchField], times: [String: BatchTimes] = [:], labels: BatchLabels?
    ) {
        self.count = count
        self.fields = fields
        self.times = times
        self.labels = labels
    }
}
