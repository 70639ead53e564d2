package import ClinicalData

/// `sequence`: a list of codes to a list of vocabulary indices; nulls are dropped, unknown codes become 1.
package struct SequenceProcessor: FeatureProcessor, Equatable {
    package static let name = "sequence"
    /// The codes seen.
    package var vocabulary = CodeVocabulary()

    package init() {}
    package var isToken: Bool { true }
    package var size: Int? { vocabulary.count }
    package var axes: Int? { 1 }

    package mutating func fit(_ column: FieldColumn, selecting: [Bool]?) throws {
        try vocabulary.learn(try column.lists(1, Self.name), selecting, Self.name)
    }

    package func encode(_ column: FieldColumn, rows: Range<Int>) throws -> EncodedColumn {
        let column = try column.lists(1, Self.name)
        let (indices, dictionary) = try column.symbols(Self.name)
        let translated = dictionary.map { vocabulary.index(of: $0) }
        var values: [Int32] = []
        var offsets: [Int64] = [0]
        values.reserveCapacity(column.leafRange(rows).count)
        offsets.reserveCapacity(rows.count + 1)
        for row in rows {
            for index in indices[column.offsets[0][row]..<column.offsets[0][row + 1]]
            where index != EventTable.missingSymbol { values.append(translated[Int(index)]) }
            offsets.append(Int64(values.count))
        }
        return EncodedColumn(
            name: column.name, processor: Self.name, offsets: [offsets], shape: [], values: .int32(values),
            sampleCount: rows.count)
    }
}
