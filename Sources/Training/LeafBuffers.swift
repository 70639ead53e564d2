/// Memory for the leaf gradients of the owned virtual ranks and for the root of their sum.
final class LeafBuffers {
    private let count: Int
    private var blocks: [UnsafeMutableBufferPointer<Float>] = []
    /// The sum over all virtual ranks.
    let root: UnsafeMutableBufferPointer<Float>

    init(count: Int) {
        self.count = count
        root = .allocate(capacity: count)
        root.initialize(repeating: 0)
    }

    deinit {
        for block in blocks { block.deallocate() }
        root.deallocate()
    }

    /// One block per owned virtual rank.
    func buffers(_ ranks: Int) -> [UnsafeMutableBufferPointer<Float>] {
        while blocks.count < ranks {
            let block = UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
            block.initialize(repeating: 0)
            blocks.append(block)
        }
        return Array(blocks.prefix(ranks))
    }
}
