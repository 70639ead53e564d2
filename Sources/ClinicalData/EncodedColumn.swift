/// One field of many samples as its processor encoded it: what sample files hold and batches are made of.
///
/// Layout: `offsets.count` levels of ragged nesting (0 for a fixed shape), outermost first, `offsets[0]` with one entry
/// per sample plus one; then `shape` values per innermost item. Examples, N samples:
/// `sequence` one level, shape []; `nested_sequence` two levels (visits, codes), shape []; `timeseries` one level (steps),
/// shape [F]; `multi_hot` and `multilabel` one level of class indices, shape []; `binary` and `regression` no level, shape [1];
/// `multiclass` no level, shape []; `tensor` no level, its own shape.
package struct EncodedColumn: Sendable, Equatable {
    /// The flat values.
    package enum Values: Sendable, Equatable {
        case int32([Int32])
        case float32([Float])
        case text([String])

        /// The number of values.
        package var count: Int {
            switch self {
            case .int32(let values): return values.count
            case .float32(let values): return values.count
            case .text(let values): return values.count
            }
        }
    }

    /// The field's name.
    package var name: String
    /// The processor's name.
    package var processor: String
    /// Ragged levels, outermost first.
    package var offsets: [[Int64]]
    /// The shape of one innermost item.
    package var shape: [Int]
    /// The flat values.
    package var values: Values
    /// The number of samples.
    package var sampleCount: Int

    package init(
        name: String, processor: String, offsets: [[Int64]], shape: [Int], values: Values, sampleCount: Int
    ) {
        self.name = name
        self.processor = processor
        self.offsets = offsets
        self.shape = shape
        self.values = values
        self.sampleCount = sampleCount
    }
}
