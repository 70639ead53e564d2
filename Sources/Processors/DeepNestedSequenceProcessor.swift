package import ClinicalData

/// `deep_nested_sequence`: codes per visit and group (groups → visits → codes) to vocabulary indices; null and unknown codes
/// become 1.
///
/// Stored ragged on all three levels, without padding. ``longest`` and ``mostVisits`` are the widths of a padded tensor
/// `[groups, mostVisits, longest]`. A visit with more codes is cut to ``longest`` and counted (PyHealth fails or gives a wider
/// tensor); a group with more visits stays whole.
package struct DeepNestedSequenceProcessor: FeatureProcessor, Equatable {
    package static let name = "deep_nested_sequence"
    /// The codes seen.
    package var vocabulary = CodeVocabulary()
    /// The longest visit seen, at least 1.
    package var longest = 1
    /// The most visits of a group seen, at least 1.
    package var mostVisits = 1

    /// Nothing learnt yet.
    package init() {}
    package var isToken: Bool { true }
    package var size: Int? { longest }
    package var axes: Int? { 3 }
    package var cutWidth: Int? { longest }

    package mutating func fit(_ column: FieldColumn, selecting: [Bool]?) throws {
        let column = try column.lists(3, Self.name)
        try vocabulary.learn(column, selecting, Self.name)
        longest = max(longest, column.longestList(selecting))
        mostVisits = max(mostVisits, column.mostVisits(selecting))
    }

    package func encode(_ column: FieldColumn, rows: Range<Int>) throws -> EncodedColumn {
        let column = try column.lists(3, Self.name).cutting(to: longest)
        let values = try vocabulary.indices(column, column.leafRange(rows), Self.name)
        return EncodedColumn(
            name: column.name, processor: Self.name, offsets: column.rebasedOffsets(rows), shape: [],
            values: .int32(values), sampleCount: rows.count)
    }
}

extension FieldColumn {
    /// The most visits that a group of a selected sample has, at least 1; the column has three levels.
    func mostVisits(_ selecting: [Bool]?) -> Int {
        var groups = self
        groups.offsets.removeLast()
        return groups.longestList(selecting)
    }
}
