package import ClinicalData

/// `binary`: exactly two values to 0 and 1, the smaller one first; stored as float `[1]`.
package struct BinaryProcessor: FeatureProcessor, Equatable {
    package static let name = "binary"
    package var vocabulary = LabelVocabulary()

    package init() {}
    package var size: Int? { 1 }

    package mutating func fit(_ column: FieldColumn, selecting: [Bool]?) throws {
        try vocabulary.learn(column, selecting)
    }

    package mutating func finishFit(field: String) throws {
        guard vocabulary.count == 2 else {
            throw ProcessorError.notBinary(field: field, values: vocabulary.count)
        }
    }

    package func encode(_ column: FieldColumn, rows: Range<Int>) throws -> EncodedColumn {
        let classes = try seenClasses(vocabulary, column, rows)
        return EncodedColumn(
            name: column.name, processor: Self.name, offsets: [], shape: [1],
            values: .float32(classes.map { Float($0) }), sampleCount: rows.count)
    }
}

/// `multiclass`: one of several values to its place in ascending order; stored as one whole number.
package struct MulticlassProcessor: FeatureProcessor, Equatable {
    package static let name = "multiclass"
    package var vocabulary = LabelVocabulary()

    package init() {}
    package var size: Int? { vocabulary.count }

    package mutating func fit(_ column: FieldColumn, selecting: [Bool]?) throws {
        try vocabulary.learn(column, selecting)
    }

    package func encode(_ column: FieldColumn, rows: Range<Int>) throws -> EncodedColumn {
        EncodedColumn(
            name: column.name, processor: Self.name, offsets: [], shape: [],
            values: .int32(try seenClasses(vocabulary, column, rows)), sampleCount: rows.count)
    }
}

/// `multilabel`: a list of values to the ascending list of their classes, each once; stands for float `[classes]`.
package struct MultilabelProcessor: FeatureProcessor, Equatable {
    package static let name = "multilabel"
    package var vocabulary = LabelVocabulary()

    package init() {}
    package var size: Int? { vocabulary.count }

    package mutating func fit(_ column: FieldColumn, selecting: [Bool]?) throws {
        try requireLists(column, Self.name)
        try vocabulary.learn(column, selecting)
    }

    package func encode(_ column: FieldColumn, rows: Range<Int>) throws -> EncodedColumn {
        try requireLists(column, Self.name)
        return try classLists(vocabulary, column, rows, processor: Self.name)
    }
}

/// `multi_hot`: a list of codes to the ascending list of their places in the sorted vocabulary, each once; stands for
/// float `[vocabulary]`.
package struct MultiHotProcessor: FeatureProcessor, Equatable {
    package static let name = "multi_hot"
    package var vocabulary = LabelVocabulary()

    package init() {}
    package var size: Int? { vocabulary.count }

    package mutating func fit(_ column: FieldColumn, selecting: [Bool]?) throws {
        try requireLists(column, Self.name)
        try vocabulary.learn(column, selecting)
    }

    package func encode(_ column: FieldColumn, rows: Range<Int>) throws -> EncodedColumn {
        try requireLists(column, Self.name)
        return try classLists(vocabulary, column, rows, processor: Self.name)
    }
}

private func requireLists(_ column: FieldColumn, _ processor: String) throws {
    guard column.offsets.count == 1 || column.sampleCount == 0 else {
        throw ProcessorError.wrongKind(
            field: column.name, processor: processor, expected: "one list per sample")
    }
}

/// One class per sample; a label that was not seen in the fit is an error that counts samples.
private func seenClasses(
    _ vocabulary: LabelVocabulary, _ column: FieldColumn, _ rows: Range<Int>
) throws -> [Int32] {
    guard column.offsets.isEmpty else {
        throw ProcessorError.wrongKind(
            field: column.name, processor: "label", expected: "one value per sample")
    }
    let classes = vocabulary.indices(column, rows)
    let unseen = classes.count { $0 < 0 }
    guard unseen == 0 else { throw ProcessorError.unseenLabels(field: column.name, samples: unseen) }
    return classes
}

private func classLists(
    _ vocabulary: LabelVocabulary, _ column: FieldColumn, _ rows: Range<Int>, processor: String
) throws -> EncodedColumn {
    let leaves = column.leafRange(rows)
    let classes = vocabulary.indices(column, leaves)
    var values: [Int32] = []
    var offsets: [Int64] = [0]
    var unseen = 0
    for row in rows {
        let range = column.offsets[0][row]..<column.offsets[0][row + 1]
        let own = classes[(range.lowerBound - leaves.lowerBound)..<(range.upperBound - leaves.lowerBound)]
        if own.contains(-1) { unseen += 1 }
        values += Set(own).sorted()
        offsets.append(Int64(values.count))
    }
    guard unseen == 0 else { throw ProcessorError.unseenLabels(field: column.name, samples: unseen) }
    return EncodedColumn(
        name: column.name, processor: processor, offsets: [offsets], shape: [], values: .int32(values),
        sampleCount: rows.count)
}
