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

    /// Ranges as they are counted from another place.
    package static func shifted(_ ranges: [Range<Int>], by offset: Int) -> [Range<Int>] {
        ranges.map { $0.lowerBound + offset..<$0.upperBound + offset }
    }

    /// The elements of all `ranges` as ranges that are ascending and apart.
    package static func union(_ ranges: [Range<Int>]) -> [Range<Int>] {
        joined(ranges.sorted { $0.lowerBound < $1.lowerBound })
    }

    /// The elements of two lists of ranges that are ascending and apart, as one such list.
    package static func union(_ first: [Range<Int>], _ second: [Range<Int>]) -> [Range<Int>] {
        if first.isEmpty { return second }
        if second.isEmpty { return first }
        var all: [Range<Int>] = []
        all.reserveCapacity(first.count + second.count)
        var (one, two) = (0, 0)
        while one < first.count || two < second.count {
            let takesFirst =
                two == second.count
                || one < first.count && first[one].lowerBound <= second[two].lowerBound
            all.append(takesFirst ? first[one] : second[two])
            if takesFirst { one += 1 } else { two += 1 }
        }
        return joined(all)
    }

    /// Ranges with ascending starts, those that touch each other as one.
    private static func joined(_ ranges: [Range<Int>]) -> [Range<Int>] {
        var joined: [Range<Int>] = []
        joined.reserveCapacity(ranges.count)
        for range in ranges where !range.isEmpty {
            if let last = joined.last, range.lowerBound <= last.upperBound {
                joined[joined.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                joined.append(range)
            }
        }
        return joined
    }
}

extension TouchedFloats {
    /// Floats that are looked at together: sums pass over zeros in blocks of this length, counted from the start.
    package static let blockLength = 32

    /// Adds these floats to `target`, element by element and without fused operations, passing over blocks of
    /// ``blockLength`` whose bits are all zero.
    ///
    /// (That shows where the target holds −0, which such a block leaves alone. Arrays must therefore be cut at multiples of
    /// the length, so that every cut gives the same bits.) Only blocks with touched elements are looked at.
    package func add(to target: UnsafeMutableBufferPointer<Float>) {
        precondition(values.count == target.count, "add: \(values.count) and \(target.count) elements")
        guard let from = values.baseAddress, let to = target.baseAddress else { return }
        let length = Self.blockLength
        var next = 0
        for range in touched {
            var start = max(next, range.lowerBound / length * length)
            while start < range.upperBound {
                let size = min(length, target.count - start)
                if !Self.isZero(from + start, size) { Self.add(from + start, to: to + start, size) }
                start += length
            }
            next = start
        }
    }

    @inline(__always)
    private static func add(_ from: UnsafePointer<Float>, to: UnsafeMutablePointer<Float>, _ count: Int) {
        if count == blockLength {
            // A fixed number of elements becomes a few vector instructions.
            for index in 0..<blockLength { to[index] += from[index] }
        } else {
            for index in 0..<count { to[index] += from[index] }
        }
    }

    /// Whether the bits of `count` floats are all zero.
    @inline(__always)
    package static func isZero(_ values: UnsafePointer<Float>, _ count: Int) -> Bool {
        let raw = UnsafeRawPointer(values)
        if count == blockLength {
            var words: UInt64 = 0
            for i in 0..<(blockLength / 2) {
                words |= raw.loadUnaligned(fromByteOffset: i * 8, as: UInt64.self)
            }
            return words == 0
        }
        var bits: UInt32 = 0
        for i in 0..<count { bits |= raw.loadUnaligned(fromByteOffset: i * 4, as: UInt32.self) }
        return bits == 0
    }
}
