import Groundwork
import Layers

/// Memory for the gradients of the owned virtual ranks: sums of them that are nodes of the tree, and one that arrives.
///
/// Two neighbouring nodes are added as soon as both are there, so that log₂ K + 1 blocks are enough and a sum is taken while
/// its numbers are in the cache. Remembers where a block may not be zero, so that a step costs what its samples touch,
/// not what the model has.
final class LeafBuffers {
    private let count: Int
    private var blocks: [UnsafeMutableBufferPointer<Float>] = []
    /// Per block the elements that may not be zero, ascending and apart.
    private var used: [[Range<Int>]] = []
    /// Per rank that was met in this step the block with the sum that begins there; nil: absent, or in one further left.
    private var holders: [Int?] = []
    /// The first owned rank.
    private var first = 0

    init(count: Int) {
        self.count = count
        grow(to: 1)
    }

    deinit { for block in blocks { UnsafeMutableRawPointer(block.baseAddress)?.deallocate() } }

    /// The sum over all virtual ranks.
    var root: TouchedFloats { block(0) }

    /// Begins a step with nothing; `first` is the first owned rank.
    func begin(first: Int) {
        holders = []
        self.first = first
    }

    /// Passes over a rank without samples.
    func skip() {
        holders.append(nil)
        addNodes()
    }

    /// Lets the arena add up the gradients of the next rank in a block of its own, beginning with zeros.
    func collect(of arena: ParameterArena) {
        let free = blocks.indices.first { !holders.contains($0) } ?? blocks.count
        grow(to: free + 1)
        let block = blocks[free]
        for range in used[free] { UnsafeMutableBufferPointer(rebasing: block[range]).update(repeating: 0) }
        used[free] = []
        holders.append(free)
        arena.collectGradients(in: block)
    }

    /// The sums so far, one entry per owned rank, nil for those in a sum further left and the last `absent` ones.
    func sums(absent: Int) -> [TouchedFloats?] {
        holders.map { $0.map(block) } + Array(repeating: nil, count: absent)
    }

    /// Notes where the gradients of the last rank have arrived so far.
    func note(_ arena: ParameterArena) {
        if let place = holders.last.flatMap({ $0 }) { used[place] = arena.gradientRanges }
    }

    /// Adds the nodes that end with the last rank to their neighbours on the left, as long as these are of one size.
    func addNodes() {
        let end = first + holders.count
        var size = 1
        while end % (2 * size) == 0, holders.count >= 2 * size {
            let (left, right) = (holders.count - 2 * size, holders.count - size)
            if let from = holders[right] {
                if let to = holders[left] {
                    block(from).add(to: blocks[to])
                    used[to] = TouchedFloats.union(used[to], used[from])
                } else {
                    holders[left] = from
                }
                holders[right] = nil
            }
            size *= 2
        }
    }

    /// Tells that the blocks went into a sum: any of them may hold a part of it now.
    func summed() {
        for place in used.indices { used[place] = [0..<count] }
    }

    /// Tells that the sum over all ranks is in ``root`` and zero outside `touched`; `isNode`: the owned ranks are one node
    /// of the tree, so that what others added is in no other block.
    func summed(touched: [Range<Int>], isNode: Bool) {
        if isNode {
            // Blocks were added to those on their left.
            var union: [Range<Int>] = []
            for place in holders.compactMap({ $0 }).reversed() {
                union = TouchedFloats.union(used[place], union)
                used[place] = union
            }
        } else {
            summed()
        }
        used[0] = touched
    }

    private func block(_ place: Int) -> TouchedFloats { TouchedFloats(blocks[place], touched: used[place]) }

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
