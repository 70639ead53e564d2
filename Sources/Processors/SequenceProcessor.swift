package import ClinicalData
import Groundwork
package import MedicalCodes

/// `sequence`: a list of codes to a list of vocabulary indices; nulls are dropped, unknown codes become 1.
///
/// With a mapping each code is replaced by its targets, which may be several, before it is learnt or looked up; a code without
/// targets stays as it is.
package struct SequenceProcessor: FeatureProcessor, Equatable {
    package static let name = "sequence"
    /// The codes seen.
    package var vocabulary = CodeVocabulary()

    /// The map that codes go through first; nil for none.
    package let mapping: CodeMap?

    package init(mapping: CodeMap? = nil) { self.mapping = mapping }
    package var isToken: Bool { true }
    package var size: Int? { vocabulary.count }
    package var axes: Int? { 1 }

    package mutating func fit(_ column: FieldColumn, selecting: [Bool]?) throws {
        try vocabulary.learn(try mapped(column), selecting, Self.name)
    }

    package func encode(_ column: FieldColumn, rows: Range<Int>) throws -> EncodedColumn {
        let column = try mapped(column)
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

    /// The codes that are indexed: one list per sample.
    private func mapped(_ column: FieldColumn) throws -> FieldColumn {
        let column = try column.lists(1, Self.name)
        return try mapping.map { try column.mapped(by: $0, Self.name) } ?? column
    }
}

extension FieldColumn {
    /// This column of one list per sample with each code replaced by its targets; nulls and codes without targets stay.
    fileprivate func mapped(by map: CodeMap, _ processor: String) throws -> FieldColumn {
        let (indices, dictionary) = try symbols(processor)
        var texts: [String] = []
        var places: [ExactText: UInt32] = [:]
        let replacements = dictionary.map { code in
            let targets = map.targets(of: code)
            return (targets.isEmpty ? [code] : targets).map { text -> UInt32 in
                if let place = places[text: text] { return place }
                places[text: text] = UInt32(texts.count)
                texts.append(text)
                return UInt32(texts.count - 1)
            }
        }
        var leaves: [UInt32] = []
        var ends = [0]
        for (start, end) in zip(offsets[0], offsets[0].dropFirst()) {
            for index in indices[start..<end] {
                leaves += index == EventTable.missingSymbol ? [index] : replacements[Int(index)]
            }
            ends.append(leaves.count)
        }
        return FieldColumn(name: name, offsets: [ends], leaves: .symbols(leaves, dictionary: texts))
    }
}
