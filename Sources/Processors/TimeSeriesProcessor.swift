package import ClinicalData

/// `timeseries`: rows of numbers with times in milliseconds to equal steps on a ``SamplingGrid``.
///
/// Options: `sampling_rate`, seconds from step to step (the default is 3600), and `impute_strategy`, `forward_fill` (the
/// default) or `zero`. Stored with one level (steps) and shape `[F]`. Rows of all samples have the same width, whether they
/// are learnt from or not; a sample without any time is refused, as in PyHealth.
package struct TimeSeriesProcessor: FeatureProcessor, Equatable {
    package static let name = "timeseries"
    /// The steps.
    package var grid: SamplingGrid
    private var rows = RowShape()

    /// Nothing learnt yet; hourly steps unless another grid is given.
    package init(grid: SamplingGrid = SamplingGrid()) { self.grid = grid }
    /// Numbers per step; nil if no sample had any.
    package var width: Int? { rows.width }
    package var size: Int? { width }
    package var axes: Int? { 2 }

    package mutating func fit(_ column: FieldColumn, selecting: [Bool]?) throws {
        try rows.learn(try lists(column), Self.name)
    }

    package func encode(_ column: FieldColumn, rows: Range<Int>) throws -> EncodedColumn {
        try grid.encode(try lists(column), rows, width: width, Self.name)
    }

    /// Plain numbers in place of rows are refused.
    private func lists(_ column: FieldColumn) throws -> FieldColumn {
        guard column.offsets.count == 1, column.leafRange(0..<column.sampleCount).isEmpty else {
            return try column.lists(2, Self.name)
        }
        var empty = column.withoutItems(2)
        empty.times = column.times
        return empty
    }
}
