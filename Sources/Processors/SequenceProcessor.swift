package import ClinicalData

/// `sequence`: a list of codes to a list of vocabulary indices; nulls are dropped, unknown codes become 1.
package struct SequenceProcessor: FeatureProcessor, Equatable {
    package static let name = "sequence"
    /// The codes seen.
    package var vocabulary = CodeVocabulary()

    package init() {}
    package var isToken: Bool { true }
    package var size: Int? { vocabulary.count }

    package mutating func fit(_ column: FieldColumn, selecting: [Bool]?) throws {
        let (indices, dictionary) = try column.symbols(Self.name)
        vocabulary.learn(indices, dictionary, FieldLeaves { column.forEachSelected(selecting, $0) })
    }

    package func encode(_ column: FieldColumn, rows: Range<Int>) throws -> EncodedColumn {
        let (indices, dictionary) = try column.symbols(Self.name)
        guard column.offsets.count == 1 else {
            throw ProcessorError.wrongKind(
                field: column.name, processor: Self.name, expected: "one list of codes per sample")
        }
        let translated = dictionary.map { vocabulary.index(of: $0) }
        var values: [Int32] = []
        var offsets: [Int64] = [0]
        values.reserveCapacity(column.leafRange(rows).count)
        for row in rows {
            for leaf in column.offsets[0][row]..<column.offsets[0][row + 1] where indices[leaf] != .max {
                values.append(translated[Int(indices[leaf])])
            }
            offsets.append(Int64(values.count))
        }
        return EncodedColumn(
            name: column.name, processor: Self.name, offsets: [offsets], shape: [], values: .int32(values),
            sampleCount: rows.count)
    }
}
