import DelimitedText
import Groundwork

/// A map from the codes of one system to those of another; a code may have several targets or none.
package struct CodeMap: Codable, Sendable, Equatable {
    /// The name of the system that is mapped.
    package let source: String
    /// The name of the system that is mapped to.
    package let target: String
    /// By source code as it stands in the file, the targets in file order, repeated ones kept.
    private let pairs: [String: [String]]

    /// A map of (source, target) pairs in order.
    package init(source: String, target: String, pairs: [(String, String)]) {
        (self.source, self.target) = (source, target)
        self.pairs = Dictionary(grouping: pairs, by: \.0).mapValues { $0.map(\.1) }
    }

    /// The targets of a code, which is standardised first; empty for an unknown one.
    package func targets(of code: String) -> [String] {
        pairs[CodeSystem(source).standardized(code)] ?? []
    }

    /// The number of source codes.
    package var count: Int { pairs.count }
}

extension CodeMap {
    /// Reads a table (`.csv`, `.tsv`, each also `.gz`) with a column named like each system; other columns are passed over.
    ///
    /// Throws ``MedicalCodeError``, `DelimitedTextError` and `FileError`.
    package init(file: String, source: String, target: String) throws {
        let reader = try RowReader(path: file)
        let columns = try [source, target].map { name in
            guard let column = reader.header.firstIndex(of: name.lowercased()) else {
                throw MedicalCodeError.missingColumn(file: file, column: name)
            }
            return column
        }
        var pairs: [(String, String)] = []
        while let block = try reader.next() {
            for row in 0..<block.count {
                let cells = try zip(columns, [source, target]).map { column, name in
                    guard let text = Self.text(block.field(row, column)) else {
                        throw MedicalCodeError.notUTF8(
                            file: file, line: reader.line(of: row, in: block), column: name)
                    }
                    guard !text.isEmpty else {
                        throw MedicalCodeError.emptyCode(
                            file: file, line: reader.line(of: row, in: block), column: name)
                    }
                    return text
                }
                pairs.append((cells[0], cells[1]))
            }
        }
        guard !pairs.isEmpty else { throw MedicalCodeError.noRows(file: file) }
        self.init(source: source, target: target, pairs: pairs)
    }

    /// Nil for bytes that are no UTF-8.
    private static func text(_ field: (bytes: UnsafeBufferPointer<UInt8>, doubled: Bool)) -> String? {
        guard field.doubled else { return String(validating: field.bytes, as: UTF8.self) }
        var plain: [UInt8] = []
        RowBlock.unescape(field.bytes, into: &plain)
        return String(validating: plain, as: UTF8.self)
    }
}
