import CScan

/// How many quotes and line ends a piece of a file has: what decides where a table may be cut.
package enum CharacterCounts {
    /// The number of double quotes.
    package static func quotes(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        bytes.baseAddress.map { Int(cscan_count_quotes($0, bytes.count)) } ?? 0
    }

    /// The number of newline characters.
    package static func newlines(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        bytes.baseAddress.map { Int(cscan_count_newlines($0, bytes.count)) } ?? 0
    }
}
