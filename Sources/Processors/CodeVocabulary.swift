/// Tokens with their indices: 0 `<pad>`, 1 `<unk>`, then in order of first appearance.
package struct CodeVocabulary: Codable, Sendable, Equatable {
    /// The tokens by index.
    package private(set) var tokens: [String]
    private var indices: [String: Int32]

    /// The index of padding.
    package static let pad: Int32 = 0
    /// The index of codes that are not in the vocabulary.
    package static let unknown: Int32 = 1

    /// A vocabulary of the two special tokens.
    package init() { self.init(tokens: ["<pad>", "<unk>"]) }

    private init(tokens: [String]) {
        self.tokens = tokens
        indices = Dictionary(zip(tokens, Int32(0)...)) { first, _ in first }
    }

    package init(from decoder: any Decoder) throws {
        self.init(tokens: try decoder.singleValueContainer().decode([String].self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(tokens)
    }

    /// The number of tokens.
    package var count: Int { tokens.count }

    /// The token's index, ``unknown`` if it is new.
    package func index(of token: String) -> Int32 { indices[token] ?? Self.unknown }

    /// Appends a token if it is new.
    package mutating func add(_ token: String) {
        guard indices[token] == nil else { return }
        indices[token] = Int32(tokens.count)
        tokens.append(token)
    }

    /// Drops tokens, keeps the order of the others and numbers them anew; the special tokens stay.
    package mutating func remove(_ dropped: Set<String>) {
        self = CodeVocabulary(tokens: tokens.prefix(2) + tokens.dropFirst(2).filter { !dropped.contains($0) })
    }

    /// Keeps only the named tokens; the special tokens stay.
    package mutating func retain(_ kept: Set<String>) {
        self = CodeVocabulary(tokens: tokens.prefix(2) + tokens.dropFirst(2).filter { kept.contains($0) })
    }

    /// Adds the texts of a column's dictionary in order of first appearance among the given leaves.
    mutating func learn(_ indices: [UInt32], _ dictionary: [String], _ column: FieldLeaves) {
        var seen = [Bool](repeating: false, count: dictionary.count)
        column.forEach { range in
            for leaf in range {
                let index = indices[leaf]
                guard index != .max, !seen[Int(index)] else { continue }
                seen[Int(index)] = true
                add(dictionary[Int(index)])
            }
        }
    }
}

/// The leaf ranges of the selected samples, one after the other.
struct FieldLeaves {
    let forEach: ((Range<Int>) -> Void) -> Void
}
