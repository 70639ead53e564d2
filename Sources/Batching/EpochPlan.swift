import Groundwork

/// The order of an epoch's samples, cut into global batches and those into virtual ranks; a function of
/// (seed, epoch, batch size, K) alone.
///
/// A step's batch of n samples gives rank r the samples r·n/K ..< (r+1)·n/K (whole division), so the last, smaller
/// batch is spread over all ranks too; ranks may be empty then. More steps than one pass begin another pass, in an
/// order of its own.
package struct EpochPlan {
    private let samples: [Int]
    private let seed: UInt64
    private let epoch: Int
    private let batchSize: Int
    private let ranks: Int
    private var orders: [[Int]]
    /// Steps of one pass over the samples.
    package let stepsPerPass: Int

    /// The plan of `epoch` over the given samples (global indices) with K = `virtualRanks`.
    package init(samples: [Int], seed: UInt64, epoch: Int, batchSize: Int, virtualRanks: Int) {
        precondition(!samples.isEmpty, "EpochPlan: no samples")
        precondition(batchSize > 0 && virtualRanks > 0, "EpochPlan: \(batchSize) in \(virtualRanks) ranks")
        self.samples = samples
        self.seed = seed
        self.epoch = epoch
        self.batchSize = batchSize
        ranks = virtualRanks
        stepsPerPass = (samples.count + batchSize - 1) / batchSize
        orders = []
    }

    /// The samples of one step, by virtual rank.
    package mutating func batches(step: Int) -> [[Int]] {
        let pass = step / stepsPerPass
        while orders.count <= pass { orders.append(order(pass: orders.count)) }
        let start = step % stepsPerPass * batchSize
        let batch = orders[pass][start..<min(start + batchSize, samples.count)]
        return (0..<ranks).map { rank in
            Array(batch[(start + rank * batch.count / ranks)..<(start + (rank + 1) * batch.count / ranks)])
        }
    }

    private func order(pass: Int) -> [Int] {
        var stream = RandomStream(seed: seed, purpose: .sampleOrder, epoch: epoch, step: pass)
        return stream.permutation(samples.count).map { samples[$0] }
    }
}
