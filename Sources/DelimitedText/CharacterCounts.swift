import CScan

/// How many quotes and line ends a piece of a file has: what decides where a table may be cut.
package struct CharacterCounts: Sendable {
    /// The number of double quotes.
    package private(set) var quotes = 0
    /// The number of newline characters.
    package private(set) var newlines = 0

    /// No characters.
    package init() {}

    /// The counts of some bytes.
    package init(_ bytes: UnsafeBufferPointer<UInt8>) {
        if let base = bytes.baseAddress { cscan_count(base, bytes.count, &quotes, &newlines) }
    }

    /// Adds the counts of what follows.
    package mutating func add(_ other: CharacterCounts) {
        quotes += other.quotes
        newlines += other.newlines
    }
}
