import Batching
import Groundwork
import Testing

/// An epoch's batches cover every sample once, in an order that only seed and epoch decide.
@Suite struct EpochPlanTests {
    private func plan(
        _ samples: [Int], seed: UInt64, epoch: Int = 0, batchSize: Int, virtualRanks: Int
    ) -> EpochPlan {
        EpochPlan(
            samples: samples, seed: seed, epoch: epoch, batchSize: batchSize, virtualRanks: virtualRanks,
            size: Self.size)
    }

    /// Sizes between 1 and 97 that look random.
    private static func size(of sample: Int) -> Int { 1 + sample * 37 % 97 }

    @Test(arguments: 1...30) func coversEverySampleOnce(seed: UInt64) throws {
        var stream = RandomStream(seed: seed, purpose: .test)
        let samples = (0..<(1 + stream.nextInt(below: 200))).map { $0 * 3 }
        let (size, ranks) = (1 + stream.nextInt(below: 40), 1 + stream.nextInt(below: 9))
        var plan = plan(samples, seed: seed, epoch: 2, batchSize: size, virtualRanks: ranks)
        let steps = try (0..<plan.stepsPerPass).map { try plan.batches(step: $0) }
        #expect(steps.allSatisfy { $0.count == ranks }, "seed \(seed)")
        #expect(steps.flatMap { $0 }.flatMap { $0 }.sorted() == samples, "seed \(seed)")
        #expect(steps.dropLast().allSatisfy { $0.flatMap { $0 }.count == size }, "seed \(seed)")
    }

    @Test func theBatchesDoNotDependOnTheNumberOfRanks() throws {
        func batches(_ ranks: Int, epoch: Int = 0, seed: UInt64 = 7) throws -> [[Int]] {
            var plan = plan(
                Array(0..<100), seed: seed, epoch: epoch, batchSize: 32, virtualRanks: ranks)
            return try (0..<plan.stepsPerPass).map { try plan.batches(step: $0).flatMap { $0 }.sorted() }
        }
        #expect(try batches(1) == batches(4))
        #expect(try batches(4) != batches(4, epoch: 1))
        #expect(try batches(4) != batches(4, seed: 8))
    }

    @Test(arguments: 1...30) func ranksHaveAboutTheSameWork(seed: UInt64) throws {
        var plan = plan(Array(0..<512), seed: seed, batchSize: 128, virtualRanks: 8)
        for step in 0..<plan.stepsPerPass {
            let ranks = try plan.batches(step: step)
            let (counts, work) = (ranks.map(\.count), ranks.map { $0.reduce(0) { $0 + Self.size(of: $1) } })
            #expect(Set(counts) == [16], "seed \(seed)")
            // By chance they would differ by half of the mean; dealt, by less than the largest sample.
            #expect((work.max() ?? 0) - (work.min() ?? 0) < 97, "seed \(seed), step \(step)")
        }
    }

    @Test func samplesOfOneSizeAreDealtInTheirOrder() throws {
        var plan = EpochPlan(
            samples: Array(0..<10), seed: 1, epoch: 0, batchSize: 10, virtualRanks: 1, size: { _ in 5 })
        var dealt = EpochPlan(
            samples: Array(0..<10), seed: 1, epoch: 0, batchSize: 10, virtualRanks: 4, size: { _ in 5 })
        let order = try plan.batches(step: 0)[0]
        let expected = [[0, 7, 8], [1, 6, 9], [2, 5], [3, 4]].map { $0.map { order[$0] } }
        #expect(try dealt.batches(step: 0) == expected)
    }

    @Test func aSizeThatCannotBeReadIsTold() {
        struct Unreadable: Error {}
        var plan = EpochPlan(
            samples: [1, 2], seed: 1, epoch: 0, batchSize: 2, virtualRanks: 1,
            size: { _ in throw Unreadable() })
        #expect(throws: Unreadable.self) { try plan.batches(step: 0) }
    }

    @Test func moreStepsThanOnePassBeginAnotherOrder() throws {
        var plan = plan(Array(0..<64), seed: 1, batchSize: 16, virtualRanks: 2)
        let first = try (0..<4).flatMap { try plan.batches(step: $0).flatMap { $0 } }
        let second = try (4..<8).flatMap { try plan.batches(step: $0).flatMap { $0 } }
        #expect(first != second)
        #expect(first.sorted() == second.sorted())
    }
}
