/// The words of a note with their labels in the BIO scheme: `O` outside, `B-<class>` where an identifying text begins,
/// `I-<class>` where it goes on.
///
/// A word is a run of characters that are no blanks. It has the class of most of its hidden characters (of several with as
/// many, the one that comes first); `I` follows a word of the same class. Source: PyHealth `bio_tag`.
struct LabelledWords {
    /// The words, with one blank between two.
    private(set) var text = ""
    /// As many labels, with one blank between two.
    private(set) var labels = ""

    init(_ note: ArraySlice<UInt32>, _ hidden: HiddenSpans) {
        var kinds = [IdentifierClass?](repeating: nil, count: note.count)
        for span in hidden.spans {
            for place in span.range { kinds[place - note.startIndex] = span.kind }
        }
        var previous: IdentifierClass?
        for word in note.split(whereSeparator: \.isBlank) {
            let kind = Self.mostFrequent(kinds[(word.startIndex - note.startIndex)...].prefix(word.count))
            if !text.isEmpty {
                text += " "
                labels += " "
            }
            text += word.string
            labels += kind.map { ($0 == previous ? "I-" : "B-") + $0.rawValue } ?? "O"
            previous = kind
        }
    }

    private static func mostFrequent(_ kinds: ArraySlice<IdentifierClass?>) -> IdentifierClass? {
        var counts: [(kind: IdentifierClass, count: Int)] = []
        for case let kind? in kinds {
            if let place = counts.firstIndex(where: { $0.kind == kind }) {
                counts[place].count += 1
            } else {
                counts.append((kind, 1))
            }
        }
        let most = counts.map(\.count).max()
        return counts.first { $0.count == most }?.kind
    }
}
