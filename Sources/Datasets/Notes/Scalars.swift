/// Texts as numbers of Unicode scalars, which is how PyHealth counts the characters of a note.
extension ArraySlice<UInt32> {
    /// Without the blanks and line ends around it.
    func trimmingBlanks() -> ArraySlice<UInt32> {
        guard let first = firstIndex(where: { !$0.isBlank }), let last = lastIndex(where: { !$0.isBlank })
        else { return prefix(0) }
        return self[first...last]
    }

    /// The text.
    var string: String {
        var scalars = String.UnicodeScalarView()
        for value in self { scalars.append(Unicode.Scalar(value) ?? "\u{FFFD}") }
        return String(scalars)
    }
}

extension UInt32 {
    /// Whether the scalar is white space, as Python counts it.
    var isBlank: Bool {
        switch self {
        case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F,
            0x3000:
            true
        default: false
        }
    }
}
