import Groundwork

/// The order of an epoch's samples, cut into global batches and those into virtual ranks; a function of
/// (seed, epoch, batch size, K, the samples' sizes) alone.
///
/// A step's batch is dealt to the ranks by size, the largest sample first, forwards and backwards in turn (0 … K−1, K−1 … 0,
/// 0 …), so that all ranks have about the same work and members that own equally many wait little for each other. The
/// last, smaller batch is spread over all ranks too; ranks may be empty then. More steps than one pass begin another
/// pass, in an order of its own.
package struct EpochPlan {
    private let samples: [Int]
    private let seed: UInt64
    private let epoch: Int
    private let batchSize: Int
    private let ranks: Int
    private let size: (Int) throws -> Int
    /// The pass that was asked for last, and its samples in order; every pass has a stream of its own.
    private var latest: (pass: Int, order: [Int])?
    /// Steps of one pass over the samples.
    package let stepsPerPass: Int

    /// The plan of `epoch` over the given samples (global indices) with K = `virtualRanks`; `size` tells how much work one
    /// of them is, in any unit.
    package init(
        samples: [Int], seed: UInt64, epoch: Int, batchSize: Int, virtualRanks: Int,
        size: @escaping (_ sample: Int) throws -> Int
    ) {
        precondition(!samples.isEmpty, "EpochPlan: no samples")
        precondition(batchSize > 0 && virtualRanks > 0, "EpochPlan: \(batchSize) in \(virtualRanks) ranks")
        self.samples = samples
        self.seed = seed
        self.epoch = epoch
        self.batchSize = batchSize
        self.size = size
        ranks = virtualRanks
        stepsPerPass = (samples.count + batchSize - 1) / batchSize
    }

    /// The samples of one step, by virtual rank; throws what `size` throws.
    package mutating func batches(step: Int) throws -> [[Int]] {
        let pass = step / stepsPerPass
        let order = latest?.pass == pass ? latest?.order ?? [] : order(pass: pass)
        latest = (pass, order)
        let start = step % stepsPerPass * batchSize
        return try deal(order[start..<min(start + batchSize, samples.count)])
    }

    private func deal(_ batch: ArraySlice<Int>) throws -> [[Int]] {
        // Those of one size stay in the order of the pass.
        let bySize = try batch.enumerated()
            .map { (place: $0.offset, sample: $0.element, size: try size($0.element)) }
            .sorted { ($1.size, $0.place) < ($0.size, $1.place) }
        var dealt = [[Int]](repeating: [], count: ranks)
        for (turn, one) in bySize.enumerated() {
            let (round, place) = turn.quotientAndRemainder(dividingBy: ranks)
            dealt[round % 2 == 0 ? place : ranks - 1 - place].append(one.sample)
        }
        return dealt
    }

    private func order(pass: Int) -> [Int] {
        var stream = RandomStream(seed: seed, purpose: .sampleOrder, epoch: epoch, step: pass)
        return stream.permutation(samples.count).map { samples[$0] }
    }
}
