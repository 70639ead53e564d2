import ClinicalData
import Groundwork

/// The distinct values of a label in ascending order: numbers by size, texts by code point.
package struct LabelVocabulary: Codable, Sendable, Equatable {
    /// Numbers, ascending; empty if the labels are texts.
    package private(set) var numbers: [Double] = []
    /// Texts, ascending; empty if the labels are numbers.
    package private(set) var texts: [String] = []
    /// How often labels occur outside the samples that are learnt from; known during a fit only.
    private var others = Occurrences()

    private enum CodingKeys: String, CodingKey { case numbers, texts }

    package init() {}

    /// Decodes the two lists; throws `DecodingError` if they are not ascending or both hold labels.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        numbers = try container.decode([Double].self, forKey: .numbers)
        texts = try container.decode([String].self, forKey: .texts)
        let ascending =
            zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 }
            && zip(texts, texts.dropFirst()).allSatisfy { Self.precedes($0, $1) }
        guard ascending, numbers.isEmpty || texts.isEmpty else {
            throw DecodingError.dataCorruptedError(
                forKey: .numbers, in: container, debugDescription: "labels are not ascending")
        }
    }

    /// The number of classes.
    package var count: Int { numbers.count + texts.count }

    /// The classes as texts, in index order.
    package var names: [String] {
        texts.isEmpty ? numbers.map { Int64(exactly: $0).map { "\($0)" } ?? "\($0)" } : texts
    }

    /// Adds the labels of the selected samples, and counts those of the others.
    ///
    /// Throws ``ProcessorError`` for a missing label and for texts among numbers.
    mutating func learn(_ column: FieldColumn, _ selecting: [Bool]?) throws {
        let labels = Labels(column)
        try labels.requireNoneMissing(column.name)
        var seen = Occurrences()
        for row in 0..<column.sampleCount {
            let leaves = column.leafRange(row..<(row + 1))
            if selecting?[row] ?? true { seen.add(labels, leaves) } else { others.add(labels, leaves) }
        }
        numbers = Set(numbers).union(seen.numbers.keys).sorted()
        texts = Set(texts.map(ExactText.init)).union(seen.texts.keys).map(\.text).sorted(by: Self.precedes)
        guard numbers.isEmpty || texts.isEmpty else { throw ProcessorError.mixedLabels(field: column.name) }
    }

    /// Ends the fit of an input, whose other samples may have what was not learnt.
    mutating func finish() { others = Occurrences() }

    /// Ends the fit; throws ``ProcessorError/unseenLabels(field:count:)`` if another sample has a label that was not learnt.
    mutating func finish(field: String) throws {
        let (knownNumbers, knownTexts) = (Set(numbers), Set(texts.map(ExactText.init)))
        let unseen =
            others.numbers.reduce(0) { $0 + (knownNumbers.contains($1.key) ? 0 : $1.value) }
            + others.texts.reduce(0) { $0 + (knownTexts.contains($1.key) ? 0 : $1.value) }
        others = Occurrences()
        guard unseen == 0 else { throw ProcessorError.unseenLabels(field: field, count: unseen) }
    }

    /// The class index of every leaf in `range`; −1 for labels that were not seen.
    func indices(_ column: FieldColumn, _ range: Range<Int>) -> [Int32] {
        switch Labels(column) {
        case .numbers(let values):
            let places = Dictionary(uniqueKeysWithValues: zip(numbers, Int32(0)...))
            return values[range].map { places[$0] ?? -1 }
        case .texts(let indices, let dictionary):
            let places = Dictionary(uniqueKeysWithValues: zip(texts.map(ExactText.init), Int32(0)...))
            let translated = dictionary.map { places[text: $0] ?? -1 }
            return indices[range].map { $0 == EventTable.missingSymbol ? -1 : translated[Int($0)] }
        }
    }

    private static func precedes(_ a: String, _ b: String) -> Bool {
        a.unicodeScalars.lexicographicallyPrecedes(b.unicodeScalars)
    }
}

/// The labels of a column: 1, 1.0 and true are the same number.
private enum Labels {
    case numbers([Double])
    case texts([UInt32], dictionary: [String])

    init(_ column: FieldColumn) {
        switch column.leaves {
        case .numbers(let values): self = .numbers(values)
        case .integers(let values):
            self = .numbers(values.map { $0 == FieldColumn.missingInteger ? .nan : Double($0) })
        case .symbols(let indices, let dictionary): self = .texts(indices, dictionary: dictionary)
        }
    }

    func requireNoneMissing(_ field: String) throws {
        let missing: Int
        switch self {
        case .numbers(let values): missing = values.count { !$0.isFinite }
        case .texts(let indices, _): missing = indices.count { $0 == EventTable.missingSymbol }
        }
        guard missing == 0 else { throw ProcessorError.missingLabels(field: field, count: missing) }
    }
}

/// How often labels occur.
private struct Occurrences: Sendable, Equatable {
    var numbers: [Double: Int] = [:]
    var texts: [ExactText: Int] = [:]

    mutating func add(_ labels: Labels, _ leaves: Range<Int>) {
        switch labels {
        case .numbers(let values): for value in values[leaves] { numbers[value, default: 0] += 1 }
        case .texts(let indices, let dictionary):
            for index in indices[leaves] { texts[ExactText(dictionary[Int(index)]), default: 0] += 1 }
        }
    }
}
