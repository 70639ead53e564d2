import Groundwork
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

    deinit { for block in blocks { UnsafeMutableRawPointer(block.baseAddress)?.deallocate() } }

    /// The sum over all virtual ranks.
    var root: TouchedFloats { TouchedFloats(blocks[0], touched: used[0]) }

    /// Lets the arena add up the gradients of an owned virtual rank, counted from 0, in its block, beginning with zeros.
    func collect(_ place: Int, of arena: ParameterArena) {
        grow(to: place + 1)
        let block = blocks[place]
        for range in used[place] { UnsafeMutableBufferPointer(rebasing: block[range]).update(repeating: 0) }
        used[place] = []
        arena.collectGradients(in: block)
    }

    /// The block of an owned virtual rank after the way back.
    func collected(_ place: Int, of arena: ParameterArena) -> TouchedFloats {
        used[place] = arena.gradientRanges
        return TouchedFloats(blocks[place], touched: used[place])
    }

    /// The block of an owned virtual rank on the way back: complete where no gradient arrives any more.
    func arriving(_ place: Int, of arena: ParameterArena) -> TouchedFloats {
        TouchedFloats(blocks[place], touched: arena.gradientRanges)
    }

    /// Tells that the blocks went into a sum: any of them may hold a part of it now.
    func summed() {
        for place in used.indices { used[place] = [0..<count] }
    }

    /// As ``summed()`` where no other member added anything: no block holds what none of them held before. The tree adds
    /// right blocks to left ones; so those of odd places are as they were, if every rank has samples (`isWhole`).
    func summedAlone(isWhole: Bool) {
        let union = TouchedFloats.union(used.flatMap { $0 })
        for place in stride(from: 0, to: used.count, by: isWhole ? 2 : 1) { used[place] = union }
    }

    /// As ``summed()`` where this member's `ranks` are one block of the tree: what others added is in its first leaf at most.
    func summed(ranks: Range<Int>, isWhole: Bool) {
        let count = ranks.count
        guard count & (count - 1) == 0, ranks.lowerBound % count == 0 else { return summed() }
        summedAlone(isWhole: isWhole)
        used[0] = [0..<self.count]
    }

    private func grow(to places: Int) {
        while blocks.count < places {
            let memory = UnsafeMutableRawPointer.allocate(byteCount: max(count, 16) * 4, alignment: 64)
            let block = UnsafeMutableBufferPointer(
                start: memory.bindMemory(to: Float.self, capacity: count), count: count)
            block.initialize(repeating: 0)
            blocks.append(block)
            used.append([])
        }
    }
}
