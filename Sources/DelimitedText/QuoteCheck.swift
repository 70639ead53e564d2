import Foundation

/// Finds the quote that is at fault when a row does not end where it should.
enum QuoteCheck {
    /// The position of the first quote from `start` (a row's start) on that opens what does not close as a field must: with a
    /// quote before a delimiter or the end of the line. Nil if every quoted field is well formed.
    ///
    /// A quote inside a field that does not begin with one counts if `isInnerBad`, since it opens what it should not.
    static func firstBadQuote(
        _ bytes: UnsafeBufferPointer<UInt8>, from start: Int, delimiter: UInt8, isInnerBad: Bool
    ) -> Int? {
        var at = start
        while at < bytes.count {
            guard bytes[at] == 0x22 else {
                // The rest of a field without quotes, and the delimiter behind it.
                while at < bytes.count, bytes[at] != delimiter, bytes[at] != 0x0A {
                    if bytes[at] == 0x22, isInnerBad { return at }
                    at += 1
                }
                at += 1
                continue
            }
            guard let end = closingQuote(bytes, after: at) else { return at }
            let next = end + 1
            guard next >= bytes.count || [delimiter, 0x0A, 0x0D].contains(bytes[next]) else { return at }
            at = next < bytes.count && bytes[next] == 0x0D ? next + 2 : next + 1
        }
        return nil
    }

    /// The quote that ends the field which the one at `open` begins; doubled quotes stand for one.
    private static func closingQuote(_ bytes: UnsafeBufferPointer<UInt8>, after open: Int) -> Int? {
        var at = open + 1
        while at < bytes.count, let base = bytes.baseAddress,
            let found = memchr(base + at, 0x22, bytes.count - at)
        {
            let place = base.distance(to: found.assumingMemoryBound(to: UInt8.self))
            guard place + 1 < bytes.count, bytes[place + 1] == 0x22 else { return place }
            at = place + 2
        }
        return nil
    }
}
