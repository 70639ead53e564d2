/// Where a note says what its de-identified form hides behind tags (`[**Hospital 104**]`).
///
/// The plain pieces between the tags are looked for in the original, each from where the one before ends; what lies between
/// two of them is hidden. A piece that is not found moves the search on by its length, and the span before it is left out;
/// a tag with nothing behind it (at the end, or in front of another tag) hides the rest of the note.
/// Source: PyHealth `phi_spans_in_original`.
struct HiddenSpans {
    /// Scalars of the original, and what their tag tells; in order of the tags, none empty.
    private(set) var spans: [(range: Range<Int>, kind: IdentifierClass)] = []

    init(original: ArraySlice<UInt32>, deidentified: ArraySlice<UInt32>) {
        let (pieces, tags) = Self.split(deidentified)
        var position = original.startIndex
        for (number, tag) in tags.enumerated() {
            let (before, after) = (pieces[number], pieces[number + 1])
            if !before.isEmpty {
                position =
                    original.firstRange(of: before, from: position)?.upperBound
                    ?? min(position + before.count, original.endIndex)
            }
            let start = position
            if after.isEmpty {
                position = original.endIndex
            } else if let found = original.firstRange(of: after, from: start) {
                position = found.lowerBound
            }
            if position > start { spans.append((start..<position, IdentifierClass(tag: tag))) }
        }
    }

    /// The text between tags, which is one piece more than there are tags, and the insides of the tags (of a character at
    /// least).
    private static func split(
        _ text: ArraySlice<UInt32>
    ) -> (pieces: [ArraySlice<UInt32>], tags: [ArraySlice<UInt32>]) {
        var pieces: [ArraySlice<UInt32>] = []
        var tags: [ArraySlice<UInt32>] = []
        var start = text.startIndex
        while let opening = text.firstRange(of: Self.opening, from: start),
            let closing = text.firstRange(of: Self.closing, from: min(opening.upperBound + 1, text.endIndex))
        {
            pieces.append(text[start..<opening.lowerBound])
            tags.append(text[opening.upperBound..<closing.lowerBound])
            start = closing.upperBound
        }
        return (pieces + [text[start...]], tags)
    }

    private static let opening = scalars("[**")
    private static let closing = scalars("**]")

    private static func scalars(_ text: String) -> ArraySlice<UInt32> {
        text.unicodeScalars.map(\.value)[...]
    }
}
