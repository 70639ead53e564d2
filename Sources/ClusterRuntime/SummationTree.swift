import ClusterProtocol
import Groundwork

/// The fixed binary tree over virtual ranks: node = left + right, elementwise and without fused operations; an absent side
/// is passed over.
enum SummationTree {
    /// One finished block of virtual ranks: its memory, nil if every leaf of it is absent.
    struct Block<Value> {
        var range: Range<Int>
        var values: Value?
    }

    /// Combines blocks (sorted, without gaps from the first to the last) up to the root over the next power of two ≥ `ranks`.
    ///
    /// `add(a, b)` adds b to a in place.
    static func root<Value>(
        of blocks: [Block<Value>], ranks: Int, add: (Value, Value) -> Value
    ) -> Value? {
        var size = 1
        while size < ranks { size *= 2 }
        return node(blocks[...], 0..<size, add)
    }

    /// The value of one aligned range of virtual ranks from its leaves or blocks.
    static func node<Value>(
        _ blocks: ArraySlice<Block<Value>>, _ range: Range<Int>, _ add: (Value, Value) -> Value
    ) -> Value? {
        guard let first = blocks.first else { return nil }
        if blocks.count == 1, first.range.count == range.count || first.values == nil { return first.values }
        if range.count == 1 { return first.values }
        let middle = range.lowerBound + range.count / 2
        let split = blocks.firstIndex { $0.range.lowerBound >= middle } ?? blocks.endIndex
        let left = node(blocks[..<split], range.lowerBound..<middle, add)
        let right = node(blocks[split...], middle..<range.upperBound, add)
        guard let left else { return right }
        guard let right else { return left }
        return add(left, right)
    }

    /// Adds `source` to `target`, element by element, passing over blocks of ``SparseBlocks/length`` whose bits are all zero.
    ///
    /// (That shows where the target holds −0, which such a block leaves alone. Arrays must therefore be cut at multiples of
    /// the length, so that every cut gives the same bits.)
    static func add(
        _ source: UnsafeBufferPointer<Float>, to target: UnsafeMutableBufferPointer<Float>
    ) {
        precondition(source.count == target.count, "add: \(source.count) and \(target.count) elements")
        guard let from = source.baseAddress, let to = target.baseAddress else { return }
        let length = SparseBlocks.length
        var start = 0
        while start < target.count {
            let end = min(start + length, target.count)
            if !SparseBlocks.isZero(from + start, end - start) {
                for index in start..<end { to[index] += from[index] }
            }
            start = end
        }
    }

    /// As ``add(_:to:)-(UnsafeBufferPointer<Float>,_)``, looking only at those blocks that may not be zero.
    static func add(_ source: TouchedFloats, to target: UnsafeMutableBufferPointer<Float>) {
        let length = SparseBlocks.length
        let whole = source.touched.map { range in
            let end = (range.upperBound + length - 1) / length * length
            return range.lowerBound / length * length..<min(end, target.count)
        }
        for range in TouchedFloats.union(whole) {
            add(
                UnsafeBufferPointer(rebasing: source.values[range]),
                to: UnsafeMutableBufferPointer(rebasing: target[range]))
        }
    }
}
