package import ClinicalData

/// `nested_sequence_floats`: numbers per visit to rows of ``width`` numbers, gaps filled as ``VisitFloats`` says.
///
/// Stored with one level (visits) and shape `[width]`; a sample without a visit has none (PyHealth: one row of NaN, or of zeros
/// without forward fill). A visit with more numbers is cut to ``width`` and counted (PyHealth fails or gives a wider tensor).
package struct NestedSequenceFloatsProcessor: FeatureProcessor, Equatable {
    package static let name = "nested_sequence_floats"
    /// Whether gaps take the last value before them. The default is true.
    package var fillsForward: Bool
    /// Extra places of every row. The default is 0.
    package var padding: Int
    /// The longest visit seen, at least 1.
    package var longest = 1

    /// Nothing learnt yet.
    package init(fillsForward: Bool = true, padding: Int = 0) {
        self.fillsForward = fillsForward
        self.padding = padding
    }

    /// Numbers per row.
    package var width: Int { longest + padding }
    package var size: Int? { width }
    package var axes: Int? { 2 }
    package var cutWidth: Int? { width }

    package mutating func fit(_ column: FieldColumn, selecting: [Bool]?) throws {
        longest = max(longest, try column.lists(2, Self.name).longestList(selecting))
    }

    package func encode(_ column: FieldColumn, rows: Range<Int>) throws -> EncodedColumn {
        let column = try column.lists(2, Self.name).cutting(to: width)
        let floats = VisitFloats(width: width, fillsForward: fillsForward)
        var values: [Float] = []
        let visits = column.rebasedOffsets(rows)[0]
        let lists = column.numberLists(rows)
        for (start, end) in zip(visits, visits.dropFirst()) {
            values += floats.rows(lists[Int(start)..<Int(end)])
        }
        return EncodedColumn(
            name: column.name, processor: Self.name, offsets: [visits],
            shape: [width], values: .float32(values), sampleCount: rows.count)
    }
}
