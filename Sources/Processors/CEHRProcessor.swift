package import ClinicalData

/// `cehr`: concept keys to vocabulary indices, with `<cls>`, `<reg>`, `<mor>` and `<readm>` as 2 to 5; unknown keys become
/// 1, numbers are indices already.
///
/// `max_len` is kept for the task and the model: a task cuts its sequences, the processor does not. Stored with one level.
package struct CEHRProcessor: FeatureProcessor, Equatable {
    package static let name = "cehr"
    /// The keys seen, after the special ones.
    package var vocabulary: CodeVocabulary
    /// The longest sequence that a task gives. The default is 512.
    package var maximumLength: Int

    /// The special tokens only.
    package init(maximumLength: Int = 512) {
        self.maximumLength = maximumLength
        vocabulary = CodeVocabulary()
        for token in ["<cls>", "<reg>", "<mor>", "<readm>"] { vocabulary.add(token) }
    }

    package var isToken: Bool { true }
    package var axes: Int? { 1 }

    package mutating func fit(_ column: FieldColumn, selecting: [Bool]?) throws {
        guard case .symbols = column.leaves else { return }
        try vocabulary.learn(try column.lists(1, Self.name), selecting, Self.name)
    }

    /// Throws ``ProcessorError/missingCodes(field:count:)`` for nulls and for numbers that are no indices.
    package func encode(_ column: FieldColumn, rows: Range<Int>) throws -> EncodedColumn {
        let column = try column.lists(1, Self.name)
        let values = try indices(column, column.leafRange(rows))
        return EncodedColumn(
            name: column.name, processor: Self.name, offsets: column.rebasedOffsets(rows), shape: [],
            values: .int32(values), sampleCount: rows.count)
    }

    private func indices(_ column: FieldColumn, _ leaves: Range<Int>) throws -> [Int32] {
        if case .symbols(let symbols, _) = column.leaves {
            let missing = symbols[leaves].count { $0 == EventTable.missingSymbol }
            guard missing == 0 else { throw ProcessorError.missingCodes(field: column.name, count: missing) }
            return try vocabulary.indices(column, leaves, Self.name)
        }
        let numbers = column.optionalNumbers(leaves, parsesTexts: false)
        let ids = numbers.compactMap { Int32(exactly: $0.rounded(.towardZero)) }
        guard ids.count == numbers.count else {
            throw ProcessorError.missingCodes(field: column.name, count: numbers.count - ids.count)
        }
        return ids
    }
}
