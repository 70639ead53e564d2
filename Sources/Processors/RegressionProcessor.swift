package import ClinicalData

/// `regression`: a number (or a text that is one, blanks around it ignored) to float `[1]`; NaN is kept.
package struct RegressionProcessor: FeatureProcessor, Equatable {
    package static let name = "regression"

    package init() {}
    package var size: Int? { 1 }
    package var axes: Int? { 1 }

    package func encode(_ column: FieldColumn, rows: Range<Int>) throws -> EncodedColumn {
        guard column.offsets.isEmpty else {
            throw ProcessorError.wrongKind(
                field: column.name, processor: Self.name, expected: "one number per sample")
        }
        let numbers = try column.numbers(rows, parsesTexts: true, Self.name)
        return EncodedColumn(
            name: column.name, processor: Self.name, offsets: [], shape: [1],
            values: .float32(numbers.map { Float($0) }), sampleCount: rows.count)
    }
}
