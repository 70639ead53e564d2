package import ClinicalData

/// `stagenet`: codes, or codes per visit, with a time for each entry; null and unknown codes become 1.
///
/// Stored ragged like `sequence` (one level) or `nested_sequence` (two levels), without padding; times in a column of their
/// own, none where a sample has none. ``width`` is what a padded visit would have: the longest visit seen, at least 1, plus
/// `padding`; a longer one is cut to it and counted (PyHealth: a wider tensor, or the conversion fails). Whether codes are
/// nested follows from the samples' form; PyHealth looks at the first code of the first sample only, and fails if that is
/// missing and later samples are nested.
package struct StageNetProcessor: FeatureProcessor, Equatable {
    package static let name = "stagenet"
    /// The codes seen.
    package var vocabulary = CodeVocabulary()
    /// Whether there is a list of codes per visit; nil until a sample tells.
    package private(set) var isNested: Bool?
    /// The longest visit seen, at least 1.
    package var longest = 1
    /// Extra places of a padded visit. The default is 0.
    package var padding = 0

    /// Nothing learnt yet.
    package init(padding: Int = 0) { self.padding = padding }
    package var isToken: Bool { true }
    package var hasTimes: Bool { true }
    package var size: Int? { vocabulary.count }
    package var axes: Int? { isNested == true ? 2 : 1 }
    /// Width of a padded visit.
    package var width: Int { longest + padding }
    package var cutWidth: Int? { isNested == true ? width : nil }

    package mutating func fit(_ column: FieldColumn, selecting: [Bool]?) throws {
        let levels = column.levelsOfCodes
        let nested = isNested ?? levels.map { $0 == 2 }
        guard levels.map({ $0 == 2 }) ?? nested == nested else {
            throw ProcessorError.wrongKind(
                field: column.name, processor: Self.name,
                expected: "codes in all samples, or codes per visit in all samples")
        }
        isNested = nested
        guard levels != nil else { return }
        let column = try column.lists(nested == true ? 2 : 1, Self.name)
        try vocabulary.learn(column, selecting, Self.name)
        if nested == true { longest = max(longest, column.longestList(selecting)) }
    }

    package func encode(_ column: FieldColumn, rows: Range<Int>) throws -> EncodedColumn {
        let column = try lists(column).cutting(to: cutWidth ?? .max)
        let values = try vocabulary.indices(column, column.leafRange(rows), Self.name)
        return EncodedColumn(
            name: column.name, processor: Self.name, offsets: column.rebasedOffsets(rows), shape: [],
            values: .int32(values), sampleCount: rows.count)
    }

    package func encodeTimes(_ column: FieldColumn, rows: Range<Int>) throws -> EncodedColumn? {
        try column.encodedTimes(rows, Self.name)
    }

    private func lists(_ column: FieldColumn) throws -> FieldColumn {
        let levels = isNested == true ? 2 : 1
        return column.levelsOfCodes == nil ? column.withoutItems(levels) : try column.lists(levels, Self.name)
    }
}

extension FieldColumn {
    /// 1 or 2 for codes or codes per visit; nil where there is no code to tell by.
    fileprivate var levelsOfCodes: Int? {
        switch (offsets.count, leaves) {
        case (0, .symbols(let indices, _)): indices.allSatisfy { $0 == EventTable.missingSymbol } ? nil : 1
        case (1, .symbols(let indices, _)): indices.isEmpty ? nil : 1
        case (1, _): leafRange(0..<sampleCount).isEmpty ? nil : 1
        default: offsets.count
        }
    }
}
