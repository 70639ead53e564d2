package import ClinicalData

/// `temporal_timeseries`: as `timeseries`, with the time of every step in hours as a column of its own; plain numbers are rows
/// of one.
///
/// Unlike PyHealth it honours `impute_strategy: zero`. Stored with one level (steps) and shape `[F]`; times: one level.
package struct TemporalTimeSeriesProcessor: FeatureProcessor, Equatable {
    package static let name = "temporal_timeseries"
    /// The steps.
    package var grid: SamplingGrid
    private var rows = RowShape()

    /// Nothing learnt yet; hourly steps unless another grid is given.
    package init(grid: SamplingGrid = SamplingGrid()) { self.grid = grid }
    /// Numbers per step; nil if no sample had any.
    package var width: Int? { rows.width }
    package var size: Int? { width }
    package var hasTimes: Bool { true }
    package var axes: Int? { 2 }

    package mutating func fit(_ column: FieldColumn, selecting: [Bool]?) throws {
        try rows.learn(column, Self.name)
    }

    package func encode(_ column: FieldColumn, rows: Range<Int>) throws -> EncodedColumn {
        try grid.encode(column, rows, width: width, Self.name)
    }

    package func encodeTimes(_ column: FieldColumn, rows: Range<Int>) throws -> EncodedColumn? {
        let hours = grid.rate / 3_600_000
        let times = try grid.stepCounts(column, rows).map { count in
            (0..<count).map { Float(Double($0) * hours) }
        }
        return column.timeColumn(times, Self.name)
    }
}
