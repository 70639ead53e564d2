package import ClinicalData

/// Encodes one field: learns what it needs from the training samples, then turns raw values into tensors' content.
///
/// Fitting goes over parts in canonical sample order and gives the same state however the samples are cut into parts.
package protocol FeatureProcessor: Codable, Sendable {
    /// The processor's name in schemas, for example `sequence`.
    static var name: String { get }
    /// Learns from the samples for which `selecting` is true (all if nil); throws ``ProcessorError``.
    mutating func fit(_ column: FieldColumn, selecting: [Bool]?) throws
    /// Ends the fit; throws ``ProcessorError`` if what was seen cannot be encoded.
    mutating func finishFit(field: String) throws
    /// Encodes a range of samples; throws ``ProcessorError``.
    func encode(_ column: FieldColumn, rows: Range<Int>) throws -> EncodedColumn
    /// Vocabulary size, number of classes, or width; nil where it has no meaning.
    var size: Int? { get }
    /// Whether values are indices of tokens.
    var isToken: Bool { get }
}

extension FeatureProcessor {
    package var isToken: Bool { false }
    package var size: Int? { nil }
    package mutating func fit(_ column: FieldColumn, selecting: [Bool]?) throws {}
    package mutating func finishFit(field: String) throws {}
}

extension FieldColumn {
    /// The leaves that belong to a range of samples.
    func leafRange(_ rows: Range<Int>) -> Range<Int> {
        var range = rows
        for level in offsets { range = level[range.lowerBound]..<level[range.upperBound] }
        return range
    }

    /// The offsets of every level for a range of samples, starting at 0.
    func rebasedOffsets(_ rows: Range<Int>) -> [[Int64]] {
        var range = rows
        return offsets.map { level in
            let base = level[range.lowerBound]
            let part = level[range.lowerBound...range.upperBound].map { Int64($0 - base) }
            range = level[range.lowerBound]..<level[range.upperBound]
            return part
        }
    }

    /// Calls `body` with the leaf range of every selected sample.
    func forEachSelected(_ selecting: [Bool]?, _ body: (Range<Int>) throws -> Void) rethrows {
        for row in 0..<sampleCount where selecting?[row] ?? true { try body(leafRange(row..<(row + 1))) }
    }

    /// The symbols and their dictionary; throws for columns of numbers.
    func symbols(_ processor: String) throws -> (indices: [UInt32], dictionary: [String]) {
        switch leaves {
        case .symbols(let indices, let dictionary): return (indices, dictionary)
        case .integers(let values):
            var dictionary: [String] = []
            var places: [Int64: UInt32] = [:]
            let indices = values.map { value -> UInt32 in
                if let place = places[value] { return place }
                places[value] = UInt32(dictionary.count)
                dictionary.append(String(value))
                return UInt32(dictionary.count - 1)
            }
            return (indices, dictionary)
        case .numbers where sampleCount == 0 || leafRange(0..<sampleCount).isEmpty: return ([], [])
        case .numbers: throw ProcessorError.wrongKind(field: name, processor: processor, expected: "codes")
        }
    }
}
