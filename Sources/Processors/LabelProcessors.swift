package import ClinicalData

/// `binary`: exactly two values to 0 and 1, the smaller one first; stored as float `[1]`.
package struct BinaryProcessor: FeatureProcessor, Equatable {
    package static let name = "binary"
    package var vocabulary = LabelVocabulary()

    package init() {}
    package var size: Int? { 1 }
    package var axes: Int? { 1 }

    package mutating func fit(_ column: FieldColumn, selecting: [Bool]?) throws {
        try requireScalars(column, Self.name)
        try vocabulary.learn(column, selecting)
    }

    package mutating func finishFit(field: String) throws {
        guard vocabulary.count == 2 else {
            throw ProcessorError.notBinary(field: field, values: vocabulary.count)
        }
        try vocabulary.finish(field: field)
    }

    package func encode(_ column: FieldColumn, rows: Range<Int>) throws -> EncodedColumn {
        let classes = try classPerSample(vocabulary, column, rows, Self.name)
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
    package var axes: Int? { 0 }

    package mutating func fit(_ column: FieldColumn, selecting: [Bool]?) throws {
        try requireScalars(column, Self.name)
        try vocabulary.learn(column, selecting)
    }

    package mutating func finishFit(field: String) throws { try vocabulary.finish(field: field) }

    package func encode(_ column: FieldColumn, rows: Range<Int>) throws -> EncodedColumn {
        EncodedColumn(
            name: column.name, processor: Self.name, offsets: [], shape: [],
            values: .int32(try classPerSample(vocabulary, column, rows, Self.name)), sampleCount: rows.count)
    }
}

/// `multilabel`: a list of values to the ascending list of their classes, each once; stands for float `[classes]`.
///
/// A label that the fit has not seen is no class: it is refused after a fit to all samples, and left out and counted after a
/// fit to a part of them, such as the training samples.
package struct MultilabelProcessor: FeatureProcessor, Equatable {
    package static let name = "multilabel"
    package var vocabulary = LabelVocabulary()
    private var isFittedToPart = false

    package init() {}
    package var size: Int? { vocabulary.count }
    package var axes: Int? { 1 }

    package mutating func fit(_ column: FieldColumn, selecting: [Bool]?) throws {
        isFittedToPart = isFittedToPart || selecting?.contains(false) == true
        try vocabulary.learn(try valueLists(column, Self.name), selecting)
    }

    package mutating func finishFit(field: String) throws {
        // Without any class there is nothing to learn.
        if vocabulary.count == 0 { try vocabulary.finish(field: field) } else { vocabulary.finish() }
    }

    package func encode(_ column: FieldColumn, rows: Range<Int>) throws -> EncodedColumn {
        try classesPerSample(vocabulary, column, rows, Self.name, leavesOutUnseen: isFittedToPart)
    }

    /// How many labels of a range of samples the fit has not seen.
    func unseen(_ column: FieldColumn, rows: Range<Int>) -> Int {
        vocabulary.indices(column, column.leafRange(rows)).count { $0 < 0 }
    }
}

/// `multi_hot`: a list of codes to the ascending list of their places in the sorted vocabulary, each once; stands for
/// float `[vocabulary]`.
///
/// A code that the fit has not seen has no place: it is refused after a fit to all samples, as in PyHealth, and left out
/// after a fit to a part of them, such as the training samples.
package struct MultiHotProcessor: FeatureProcessor, Equatable {
    package static let name = "multi_hot"
    package var vocabulary = LabelVocabulary()
    private var isFittedToPart = false

    package init() {}
    package var size: Int? { vocabulary.count }
    package var axes: Int? { 1 }

    package mutating func fit(_ column: FieldColumn, selecting: [Bool]?) throws {
        isFittedToPart = isFittedToPart || selecting?.contains(false) == true
        try vocabulary.learn(try valueLists(column, Self.name), selecting)
    }

    package mutating func finishFit(field: String) { vocabulary.finish() }

    package func encode(_ column: FieldColumn, rows: Range<Int>) throws -> EncodedColumn {
        try classesPerSample(vocabulary, column, rows, Self.name, leavesOutUnseen: isFittedToPart)
    }
}

private func requireScalars(_ column: FieldColumn, _ processor: String) throws {
    guard column.offsets.isEmpty else {
        throw ProcessorError.wrongKind(
            field: column.name, processor: processor, expected: "one value per sample")
    }
}

/// A column of lists; unlike in `sequence`, a text is no list.
private func valueLists(_ column: FieldColumn, _ processor: String) throws -> FieldColumn {
    guard column.offsets.count == 1 || column.sampleCount == 0 else {
        throw ProcessorError.wrongKind(
            field: column.name, processor: processor, expected: "one list per sample")
    }
    return try column.lists(1, processor)
}

/// One class per sample; labels that were not seen in the fit are counted in an error.
private func classPerSample(
    _ vocabulary: LabelVocabulary, _ column: FieldColumn, _ rows: Range<Int>, _ processor: String
) throws -> [Int32] {
    try requireScalars(column, processor)
    let classes = vocabulary.indices(column, rows)
    let unseen = classes.count { $0 < 0 }
    guard unseen == 0 else { throw ProcessorError.unseenLabels(field: column.name, count: unseen) }
    return classes
}

/// The classes of every sample, ascending and each once; labels that were not seen in the fit are counted in an error or left
/// out.
private func classesPerSample(
    _ vocabulary: LabelVocabulary, _ column: FieldColumn, _ rows: Range<Int>, _ processor: String,
    leavesOutUnseen: Bool = false
) throws -> EncodedColumn {
    let column = try valueLists(column, processor)
    let classes = vocabulary.indices(column, column.leafRange(rows))
    let unseen = classes.count { $0 < 0 }
    guard unseen == 0 || leavesOutUnseen else {
        throw ProcessorError.unseenLabels(field: column.name, count: unseen)
    }
    var values: [Int32] = []
    var offsets: [Int64] = [0]
    for (start, end) in zip(column.rebasedOffsets(rows)[0], column.rebasedOffsets(rows)[0].dropFirst()) {
        values += Set(classes[Int(start)..<Int(end)]).subtracting([-1]).sorted()
        offsets.append(Int64(values.count))
    }
    return EncodedColumn(
        name: column.name, processor: processor, offsets: [offsets], shape: [], values: .int32(values),
        sampleCount: rows.count)
}
