import ClinicalData
package import Groundwork

/// Tokens with their indices: 0 `<pad>`, 1 `<unk>`, then in order of first appearance.
///
/// Stored as the list of tokens in index order.
package struct CodeVocabulary: Codable, Sendable, Equatable {
    /// The tokens by index.
    package private(set) var tokens: [String]
    private var indices: [ExactText: Int32]

    /// The index of padding.
    package static let pad: Int32 = 0
    /// The index of codes that are not in the vocabulary.
    package static let unknown: Int32 = 1
    private static let special = ["<pad>", "<unk>"]

    /// A vocabulary of the two special tokens.
    package init() { self.init(tokens: Self.special) }

    private init(tokens: [String]) {
        self.tokens = tokens
        indices = Dictionary(zip(tokens.map(ExactText.init), Int32(0)...)) { first, _ in first }
    }

    /// Decodes a list of tokens; throws `DecodingError` if the special ones do not come first or one stands twice.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        self.init(tokens: try container.decode([String].self))
        guard tokens.starts(with: Self.special), indices.count == tokens.count else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "not a list of distinct tokens after <pad> and <unk>")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(tokens)
    }

    /// The number of tokens.
    package var count: Int { tokens.count }

    /// The token's index, ``unknown`` if it is new.
    package func index(of token: String) -> Int32 { indices[text: token] ?? Self.unknown }

    /// The indices of a range of leaves; null and unknown codes are ``unknown``. Throws for columns of numbers.
    func indices(_ column: FieldColumn, _ leaves: Range<Int>, _ processor: String) throws -> [Int32] {
        let (symbols, dictionary) = try column.symbols(processor)
        let translated = dictionary.map { index(of: $0) }
        return symbols[leaves].map {
            $0 == EventTable.missingSymbol ? Self.unknown : translated[Int($0)]
        }
    }

    /// Appends a token if it is new.
    package mutating func add(_ token: String) {
        guard indices[text: token] == nil else { return }
        indices[text: token] = Int32(tokens.count)
        tokens.append(token)
    }

    /// Drops tokens, keeps the order of the others and numbers them anew; the special tokens stay.
    package mutating func remove(_ dropped: Set<ExactText>) {
        self = CodeVocabulary(
            tokens: Self.special + tokens.dropFirst(2).filter { !dropped.contains(ExactText($0)) })
    }

    /// Keeps only the named tokens; the special tokens stay.
    package mutating func retain(_ kept: Set<ExactText>) {
        self = CodeVocabulary(
            tokens: Self.special + tokens.dropFirst(2).filter { kept.contains(ExactText($0)) })
    }

    /// Adds the codes of the selected samples in order of first appearance.
    mutating func learn(_ column: FieldColumn, _ selecting: [Bool]?, _ processor: String) throws {
        let (indices, dictionary) = try column.symbols(processor)
        var seen = [Bool](repeating: false, count: dictionary.count)
        column.forEachSelected(selecting) { range in
            for index in indices[range] where index != EventTable.missingSymbol && !seen[Int(index)] {
                seen[Int(index)] = true
                add(dictionary[Int(index)])
            }
        }
    }
}
