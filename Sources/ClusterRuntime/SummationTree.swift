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
}
