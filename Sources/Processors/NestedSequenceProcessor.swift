package import ClinicalData

/// `nested_sequence`: codes per visit to vocabulary indices per visit; null and unknown codes become 1.
///
/// Stored ragged, without padding. ``width`` is what a padded tensor would have: the longest visit seen, at least 1, plus
/// `padding`. A longer visit is cut to it and counted (PyHealth fails, or gives a wider tensor). Items that are no lists teach
/// nothing.
package struct NestedSequenceProcessor: FeatureProcessor, Equatable {
    package static let name = "nested_sequence"
    /// The codes seen.
    package var vocabulary = CodeVocabulary()
    /// The longest visit seen, at least 1.
    package var longest = 1
    /// Extra places of a padded tensor. The default is 0.
    package var padding = 0

    /// Nothing learnt yet.
    package init(padding: Int = 0) { self.padding = padding }
    package var isToken: Bool { true }
    /// Width of a padded visit.
    package var width: Int { longest + padding }
    package var size: Int? { width }
    package var axes: Int? { 2 }
    package var cutWidth: Int? { width }

    package mutating func fit(_ column: FieldColumn, selecting: [Bool]?) throws {
        guard column.offsets.count == 2 else {
            _ = try column.lists(2, Self.name)
            return
        }
        try vocabulary.learn(column, selecting, Self.name)
        longest = max(longest, column.longestList(selecting))
    }

    package func encode(_ column: FieldColumn, rows: Range<Int>) throws -> EncodedColumn {
        let column = try column.lists(2, Self.name).cutting(to: width)
        let values = try vocabulary.indices(column, column.leafRange(rows), Self.name)
        return EncodedColumn(
            name: column.name, processor: Self.name, offsets: column.rebasedOffsets(rows), shape: [],
            values: .int32(values), sampleCount: rows.count)
    }
}
