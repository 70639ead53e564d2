import Layers

/// Memory for the leaf gradients of the owned virtual ranks; the sum over all ranks takes the place of the first one.
final class LeafBuffers {
    private let count: Int
    private var blocks: [UnsafeMutableBufferPointer<Float>] = []

    init(count: Int) {
        self.count = count
        grow(to: 1)
    }

    deinit { for block in blocks { block.deallocate() } }

    /// The sum over all virtual ranks.
    var root: UnsafeMutableBufferPointer<Float> { blocks[0] }

    /// One block per owned virtual rank.
    func buffers(_ ranks: Int) -> [UnsafeMutableBufferPointer<Float>] {
        grow(to: ranks)
        return Array(blocks.prefix(ranks))
    }

    /// Copies what is not zero of the gradients; the rest of `block` becomes zero.
    func fill(_ block: UnsafeMutableBufferPointer<Float>, from arena: ParameterArena) {
        guard let target = block.baseAddress, let source = arena.gradients.baseAddress else { return }
        var end = 0
        for range in arena.gradientRanges {
            (target + end).update(repeating: 0, count: range.lowerBound - end)
            (target + range.lowerBound).update(from: source + range.lowerBound, count: range.count)
            end = range.upperBound
        }
        (target + end).update(repeating: 0, count: count - end)
    }

    private func grow(to ranks: Int) {
        while blocks.count < ranks {
            let block = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
            block.initialize(repeating: 0)
            blocks.append(block)
        }
    }
}
