package import ClinicalData

/// `deep_nested_sequence_floats`: numbers per visit and group to rows of ``longest`` numbers, gaps filled within each group as
/// ``VisitFloats`` says.
///
/// Stored with two levels (groups, visits) and shape `[longest]`, without the visits that PyHealth appends to a group up to
/// ``mostVisits`` (repetitions of its last row, or zeros). A visit with more numbers is cut and counted.
package struct DeepNestedSequenceFloatsProcessor: FeatureProcessor, Equatable {
    package static let name = "deep_nested_sequence_floats"
    /// Whether gaps take the last value before them. The default is true.
    package var fillsForward: Bool
    /// The longest visit seen, at least 1.
    package var longest = 1
    /// The most visits of a group seen, at least 1.
    package var mostVisits = 1

    /// Nothing learnt yet.
    package init(fillsForward: Bool = true) { self.fillsForward = fillsForward }
    package var size: Int? { longest }
    package var axes: Int? { 3 }
    package var cutWidth: Int? { longest }

    package mutating func fit(_ column: FieldColumn, selecting: [Bool]?) throws {
        let column = try column.lists(3, Self.name)
        longest = max(longest, column.longestList(selecting))
        mostVisits = max(mostVisits, column.mostVisits(selecting))
    }

    package func encode(_ column: FieldColumn, rows: Range<Int>) throws -> EncodedColumn {
        let column = try column.lists(3, Self.name).cutting(to: longest)
        let floats = VisitFloats(width: longest, fillsForward: fillsForward)
        let offsets = Array(column.rebasedOffsets(rows)[..<2])
        let lists = column.numberLists(rows)
        var values: [Float] = []
        for (start, end) in zip(offsets[1], offsets[1].dropFirst()) {
            values += floats.rows(lists[Int(start)..<Int(end)])
        }
        return EncodedColumn(
            name: column.name, processor: Self.name, offsets: offsets,
            shape: [longest], values: .float32(values), sampleCount: rows.count)
    }
}
