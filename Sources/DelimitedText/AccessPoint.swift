/// A place in a gzip file at which inflating may begin, and the first row behind it.
///
/// It is the beginning of a member, or of a deflate block inside one: then what inflating needs from before is the last 32 KiB
/// of text (RFC 1951), and what its trailer's check needs are the checksum and length of the member's text so far.
package struct AccessPoint: Sendable, Equatable {
    /// Position in the file, in bits.
    package var bit: Int
    /// Bytes of the file's text before it.
    package var text: Int
    /// Nil at the beginning of a member.
    package var inside: Inside?
    /// Where in the text the first row begins that does so at or behind the place.
    package var row: Int
    /// The line (1-based) of that row.
    package var line: Int

    /// What must be known of the member before the place.
    package struct Inside: Sendable, Equatable {
        /// The last text, at most 32 KiB.
        package var window: [UInt8]
        /// CRC-32 of the member's text before the place.
        package var checksum: UInt32
        /// Its length modulo 2³².
        package var length: UInt32

        /// What is known before a place inside a member.
        package init(window: [UInt8], checksum: UInt32, length: UInt32) {
            (self.window, self.checksum, self.length) = (window, checksum, length)
        }
    }

    /// A place; its first row may be told later.
    package init(bit: Int, text: Int, inside: Inside?, row: Int = 0, line: Int = 0) {
        (self.bit, self.text, self.inside, self.row, self.line) = (bit, text, inside, row, line)
    }
}
