/// A text as a key: equal to another one only byte by byte, as data are compared, where `String` takes canonically equivalent
/// texts of Unicode (é as one character or as two) for one.
package struct ExactText: Hashable, Sendable {
    /// The text itself.
    package let text: String

    /// The key of `text`.
    package init(_ text: String) { self.text = text }

    package static func == (a: ExactText, b: ExactText) -> Bool {
        var (first, second) = (a.text, b.text)
        return first.withUTF8 { first in
            second.withUTF8 { first.count == $0.count && first.elementsEqual($0) }
        }
    }

    package func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

extension Dictionary where Key == ExactText {
    /// The value of a text.
    package subscript(text text: String) -> Value? {
        get { self[ExactText(text)] }
        set { self[ExactText(text)] = newValue }
    }
}
