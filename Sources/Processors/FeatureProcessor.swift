package import ClinicalData

/// Encodes one field: learns what it needs from the training samples, then turns raw values into tensors' content.
///
/// Fitting goes over parts in canonical sample order and gives the same state however the samples are cut into parts.
package protocol FeatureProcessor: Codable, Sendable {
    /// The processor's name in schemas, for example `sequence`.
    static var name: String { get }
    /// Learns from the samples of one part for which `selecting` is true (all if nil); throws ``ProcessorError``.
    mutating func fit(_ column: FieldColumn, selecting: [Bool]?) throws
    /// Ends the fit of the field called `field`; throws ``ProcessorError`` if what was seen cannot be encoded.
    mutating func finishFit(field: String) throws
    /// Encodes a range of samples; throws ``ProcessorError``.
    func encode(_ column: FieldColumn, rows: Range<Int>) throws -> EncodedColumn
    /// The times of a range of samples as a column of their own, called `<field>.time`; nil for processors without times.
    func encodeTimes(_ column: FieldColumn, rows: Range<Int>) throws -> EncodedColumn?
    /// Whether the field has times, in a column of their own.
    var hasTimes: Bool { get }
    /// The most entries that a sample's innermost list keeps, nil if all; longer ones are cut.
    var cutWidth: Int? { get }
    /// Vocabulary size, number of classes, or width; nil where it has no meaning.
    var size: Int? { get }
    /// Whether values are indices of tokens.
    var isToken: Bool { get }
    /// The number of axes of one sample's tensor; nil where that is not known or there is no tensor.
    var axes: Int? { get }
}

extension FeatureProcessor {
    package var isToken: Bool { false }
    package var size: Int? { nil }
    package var axes: Int? { nil }
    package var hasTimes: Bool { false }
    package var cutWidth: Int? { nil }
    package mutating func fit(_ column: FieldColumn, selecting: [Bool]?) throws {}
    package func encodeTimes(_ column: FieldColumn, rows: Range<Int>) throws -> EncodedColumn? { nil }
    package mutating func finishFit(field: String) throws {}
}
