package import ClinicalData

/// `nested_multihot`: codes per visit to the ascending list of their vocabulary indices, each once; stands for float
/// `[visits, vocabulary]` with a row of zeros for an empty visit.
///
/// The vocabulary is that of `nested_sequence`; null and unknown codes are 1, column 0 is never set. `padding` is accepted for
/// compatibility and changes nothing. Stored ragged with two levels (visits, codes).
package struct NestedMultiHotProcessor: FeatureProcessor, Equatable {
    package static let name = "nested_multihot"
    /// The codes seen.
    package var vocabulary = CodeVocabulary()
    /// Not used. The default is 0.
    package var padding = 0

    /// Nothing learnt yet.
    package init(padding: Int = 0) { self.padding = padding }
    package var size: Int? { vocabulary.count }
    package var axes: Int? { 2 }

    package mutating func fit(_ column: FieldColumn, selecting: [Bool]?) throws {
        try vocabulary.learn(try column.lists(2, Self.name), selecting, Self.name)
    }

    package func encode(_ column: FieldColumn, rows: Range<Int>) throws -> EncodedColumn {
        let column = try column.lists(2, Self.name)
        let indices = try vocabulary.indices(column, column.leafRange(rows), Self.name)
        var values: [Int32] = []
        var ends: [Int64] = [0]
        var start = 0
        for length in column.innerLengths(rows) {
            values += Set(indices[start..<(start + length)]).sorted()
            ends.append(Int64(values.count))
            start += length
        }
        return EncodedColumn(
            name: column.name, processor: Self.name, offsets: [column.rebasedOffsets(rows)[0], ends],
            shape: [], values: .int32(values), sampleCount: rows.count)
    }
}
