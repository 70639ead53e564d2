package import ClinicalData

/// `stagenet_tensor`: numbers, or rows of numbers, with a time for each entry; gaps (missing or NaN) take the last value of
/// their column, 0 at the start.
///
/// Stored with one level (entries) and shape `[]` or `[F]`; times in a column of their own, none where a sample has none.
/// Rows of all samples have the same width, whether they are learnt from or not (PyHealth reports the width of the first
/// sample, none if that begins with a gap).
package struct StageNetTensorProcessor: FeatureProcessor, Equatable {
    package static let name = "stagenet_tensor"
    private var rows = RowShape()

    /// Nothing learnt yet.
    package init() {}
    /// Numbers per entry; nil if no sample had any.
    package var width: Int? { rows.width }
    package var size: Int? { width }
    package var hasTimes: Bool { true }
    package var axes: Int? { rows.isNested.map { $0 ? 2 : 1 } }

    package mutating func fit(_ column: FieldColumn, selecting: [Bool]?) throws {
        try rows.learn(column, Self.name)
    }

    package func encode(_ column: FieldColumn, rows range: Range<Int>) throws -> EncodedColumn {
        let matrix = try NumberMatrix(column, range, Self.name)
        let isNested = matrix.isNested ?? rows.isNested ?? false
        return EncodedColumn(
            name: column.name, processor: Self.name, offsets: [matrix.offsets.map { Int64($0) }],
            shape: isNested ? [matrix.width ?? width ?? 0] : [], values: .float32(matrix.filledForward()),
            sampleCount: range.count)
    }

    package func encodeTimes(_ column: FieldColumn, rows: Range<Int>) throws -> EncodedColumn? {
        try column.encodedTimes(rows, Self.name)
    }
}
