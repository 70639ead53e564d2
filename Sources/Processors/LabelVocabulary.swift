import ClinicalData

/// The distinct values of a label in ascending order: numbers by size, texts by code point.
package struct LabelVocabulary: Codable, Sendable, Equatable {
    /// Whole numbers, ascending; empty if the labels are texts.
    package private(set) var numbers: [Int64] = []
    /// Texts, ascending; empty if the labels are numbers.
    package private(set) var texts: [String] = []

    package init() {}

    /// The number of classes.
    package var count: Int { numbers.count + texts.count }

    /// The classes as texts, in index order.
    package var names: [String] { texts.isEmpty ? numbers.map { String($0) } : texts }

    /// Adds the labels of the selected samples.
    mutating func learn(_ column: FieldColumn, _ selecting: [Bool]?) throws {
        switch column.leaves {
        case .integers(let values):
            var seen = Set(numbers)
            column.forEachSelected(selecting) { range in for leaf in range { seen.insert(values[leaf]) } }
            numbers = seen.sorted()
        case .symbols(let indices, let dictionary):
            var seen = Set(texts)
            var missing = 0
            column.forEachSelected(selecting) { range in
                for leaf in range {
                    if indices[leaf] == .max {
                        missing += 1
                    } else {
                        seen.insert(dictionary[Int(indices[leaf])])
                    }
                }
            }
            guard missing == 0 else {
                throw ProcessorError.unseenLabels(field: column.name, samples: missing)
            }
            texts = seen.sorted { $0.unicodeScalars.lexicographicallyPrecedes($1.unicodeScalars) }
        case .numbers(let values):
            var seen = Set(numbers)
            var bad = 0
            column.forEachSelected(selecting) { range in
                for leaf in range {
                    if let whole = Int64(exactly: values[leaf]) { seen.insert(whole) } else { bad += 1 }
                }
            }
            guard bad == 0 else { throw ProcessorError.notNumbers(field: column.name, samples: bad) }
            numbers = seen.sorted()
        }
    }

    /// The class index of every leaf in `range`; −1 for labels that were not seen.
    func indices(_ column: FieldColumn, _ range: Range<Int>) -> [Int32] {
        switch column.leaves {
        case .integers(let values):
            let places = Dictionary(uniqueKeysWithValues: zip(numbers, Int32(0)...))
            return values[range].map { places[$0] ?? -1 }
        case .numbers(let values):
            let places = Dictionary(uniqueKeysWithValues: zip(numbers, Int32(0)...))
            return values[range].map { value in Int64(exactly: value).flatMap { places[$0] } ?? -1 }
        case .symbols(let indices, let dictionary):
            let places = Dictionary(uniqueKeysWithValues: zip(texts, Int32(0)...))
            let translated = dictionary.map { places[$0] ?? -1 }
            return indices[range].map { $0 == .max ? -1 : translated[Int($0)] }
        }
    }
}
