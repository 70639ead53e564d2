import ClinicalData

extension Event {
    /// An attribute as a whole number, nil for null; throws ``TaskError/unparsableNumber(table:column:)``.
    func integer(_ attribute: String) throws -> Int? {
        guard let text = self[attribute] else { return nil }
        guard let number = Int(text) else {
            throw TaskError.unparsableNumber(table: type, column: attribute)
        }
        return number
    }

    /// An attribute as a number, nil for null; throws ``TaskError/unparsableNumber(table:column:)``.
    func number(_ attribute: String) throws -> Double? {
        guard let text = self[attribute] else { return nil }
        guard let number = finiteNumber(text) else {
            throw TaskError.unparsableNumber(table: type, column: attribute)
        }
        return number
    }

    /// An attribute as a text, nothing for null.
    func text(_ attribute: String) -> FieldValue { symbol(attribute).map(FieldValue.text) ?? .null }
}

/// The decimal number that a text is, blanks around it ignored; nil for anything else, also for infinity, NaN and what would be
/// infinite in single precision.
func finiteNumber(_ text: String) -> Double? {
    // What nearly every number is; the rest is slower.
    if text.utf8.allSatisfy({ (48...57).contains($0) || $0 == UInt8(ascii: ".") }) {
        return Double(text).flatMap { Float($0).isFinite ? $0 : nil }
    }
    let digits = text.drop(while: \.isWhitespace)
    guard !digits.contains(where: { "xXpP".contains($0) }) else { return nil }
    let end = digits.lastIndex { !$0.isWhitespace }.map { digits.index(after: $0) } ?? digits.startIndex
    return Double(digits[..<end]).flatMap { Float($0).isFinite ? $0 : nil }
}
