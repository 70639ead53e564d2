/// A flat block of floats and where it may not be zero: gradients of embedding tables are mostly zeros.
package struct TouchedFloats {
    /// The block.
    package let values: UnsafeMutableBufferPointer<Float>
    /// Ranges of elements, ascending and apart; the bits of all others are zero.
    package let touched: [Range<Int>]

    /// A block that is zero outside `touched`.
    package init(_ values: UnsafeMutableBufferPointer<Float>, touched: [Range<Int>]) {
        self.values = values
        self.touched = touched
    }

    /// A block of which nothing is known.
    package init(_ values: UnsafeMutableBufferPointer<Float>) {
        self.init(values, touched: [0..<values.count])
    }

    /// The elements of all `ranges` as ranges that are ascending and apart.
    package static func union(_ ranges: [Range<Int>]) -> [Range<Int>] {
        var merged: [Range<Int>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) where !range.isEmpty {
            if let last = merged.last, range.lowerBound <= last.upperBound {
                merged[merged.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        return merged
    }
}
