package import ClinicalData

/// `nested_sequence`: codes per visit to vocabulary indices per visit; null and unknown codes become 1.
///
/// Stored ragged, without padding. ``width`` is what a padded tensor would have: the longest visit seen, at least 1, plus
/// `padding`.
package struct NestedSequenceProcessor: FeatureProcessor, Equatable {
    package static let name = "nested_sequence"
    /// The codes seen.
    package var vocabulary = CodeVocabulary()
    /// The longest visit seen, at least 1.
    package var longest = 1
    /// Extra places of a padded tensor. The default is 0.
    package var padding = 0

    package init(padding: Int = 0) { self.padding = padding }
    package var isToken: Bool { true }
    /// Width of a padded visit.
    package var width: Int { longest + padding }
    package var size: Int? { width }

    package mutating func fit(_ column: FieldColumn, selecting: [Bool]?) throws {
        let (indices, dictionary) = try column.symbols(Self.name)
        vocabulary.learn(indices, dictionary, FieldLeaves { column.forEachSelected(selecting, $0) })
        guard column.offsets.count == 2 else { return }
        for row in 0..<column.sampleCount where selecting?[row] ?? true {
            for visit in column.offsets[0][row]..<column.offsets[0][row + 1] {
                longest = max(longest, column.offsets[1][visit + 1] - column.offsets[1][visit])
            }
        }
    }

    package func encode(_ column: FieldColumn, rows: Range<Int>) throws -> EncodedColumn {
        let (indices, dictionary) = try column.symbols(Self.name)
        guard column.offsets.count == 2 else {
            throw ProcessorError.wrongKind(
                field: column.name, processor: Self.name, expected: "lists of codes per visit")
        }
        let translated = dictionary.map { vocabulary.index(of: $0) }
        let values = indices[column.leafRange(rows)].map {
            $0 == .max ? CodeVocabulary.unknown : translated[Int($0)]
        }
        return EncodedColumn(
            name: column.name, processor: Self.name, offsets: column.rebasedOffsets(rows), shape: [],
            values: .int32(values), sampleCount: rows.count)
    }
}
