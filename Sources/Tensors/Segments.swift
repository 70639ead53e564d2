/// How the rows of a tensor belong together: segment s owns the rows `offsets[s]..<offsets[s + 1]`.
///
/// A ragged batch of sequences is a tensor of all steps one under another with one segment per sample; a batch of visits
/// of codes uses two: visits → codes and samples → visits. Segments may be empty.
package struct Segments: Sendable, Equatable {
    /// Ascending row numbers, first 0; one more than there are segments.
    package let offsets: [Int32]

    /// Segments with the given offsets.
    package init(offsets: [Int32]) {
        require(offsets.first == 0, "segments: the first offset is 0")
        require(
            zip(offsets, offsets.dropFirst()).allSatisfy { $0 <= $1 }, "segments: offsets ascend")
        self.offsets = offsets
    }

    /// Segments with the given numbers of rows.
    package init(lengths: [Int]) {
        var offsets: [Int32] = [0]
        offsets.reserveCapacity(lengths.count + 1)
        var total = 0
        for length in lengths {
            require(length >= 0, "segments: lengths are not negative")
            total += length
            offsets.append(Int32(total))
        }
        self.offsets = offsets
    }

    /// `count` segments of one row each.
    package static func singles(_ count: Int) -> Segments {
        Segments(offsets: (0...max(count, 0)).map(Int32.init))
    }

    /// The number of segments.
    package var count: Int { offsets.count - 1 }
    /// The number of rows.
    package var total: Int { Int(offsets[offsets.count - 1]) }
    /// The rows of segment `index`.
    package subscript(index: Int) -> Range<Int> { Int(offsets[index])..<Int(offsets[index + 1]) }
    /// The number of rows of the longest segment.
    package var longest: Int { (0..<count).reduce(0) { max($0, self[$1].count) } }
}
