import Layers

/// Memory for the leaf gradients of the owned virtual ranks; the sum over all ranks takes the place of the first one.
///
/// Remembers where a block may not be zero, so that a step costs what its samples touch, not what the model has.
final class LeafBuffers {
    private let count: Int
    private var blocks: [UnsafeMutableBufferPointer<Float>] = []
    /// Per block the elements that may not be zero, ascending and apart.
    private var used: [[Range<Int>]] = []

    init(count: Int) {
        self.count = count
        grow(to: 1)
    }

    deinit { for block in blocks { block.deallocate() } }

    /// The sum over all virtual ranks.
    var root: UnsafeMutableBufferPointer<Float> { blocks[0] }

    /// The block of an owned virtual rank, counted from 0, with what is not zero of the gradients; all else in it is zero.
    func fill(_ place: Int, from arena: ParameterArena) -> UnsafeMutableBufferPointer<Float> {
        grow(to: place + 1)
        let block = blocks[place]
        guard let target = block.baseAddress, let source = arena.gradients.baseAddress else { return block }
        for range in used[place] { (target + range.lowerBound).update(repeating: 0, count: range.count) }
        used[place] = arena.gradientRanges
        for range in used[place] {
            (target + range.lowerBound).update(from: source + range.lowerBound, count: range.count)
        }
        return block
    }

    /// Tells that the blocks went into a sum: any of them may hold a part of it now.
    func summed() {
        for place in used.indices { used[place] = [0..<count] }
    }

    /// As ``summed()`` where no other member added anything: no block holds what none of them held before. The tree adds
    /// right blocks to left ones; so those of odd places are as they were, if every rank has samples (`isWhole`).
    func summedAlone(isWhole: Bool) {
        let union = Self.union(used.flatMap { $0 })
        for place in stride(from: 0, to: used.count, by: isWhole ? 2 : 1) { used[place] = union }
    }

    private static func union(_ ranges: [Range<Int>]) -> [Range<Int>] {
        var merged: [Range<Int>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = merged.last, range.lowerBound <= last.upperBound {
                merged[merged.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        return merged
    }

    private func grow(to places: Int) {
        while blocks.count < places {
            let block = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
            block.initialize(repeating: 0)
            blocks.append(block)
            used.append([])
        }
    }
}
