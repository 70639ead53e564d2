import Batching
import Groundwork
import Testing

/// An epoch's batches cover every sample once, in an order that only seed and epoch decide.
@Suite struct EpochPlanTests {
    @Test(arguments: 1...30) func coversEverySampleOnce(seed: UInt64) {
        var stream = RandomStream(seed: seed, purpose: .test)
        let samples = (0..<(1 + stream.nextInt(below: 200))).map { $0 * 3 }
        let (size, ranks) = (1 + stream.nextInt(below: 40), 1 + stream.nextInt(below: 9))
        var plan = EpochPlan(samples: samples, seed: seed, epoch: 2, batchSize: size, virtualRanks: ranks)
        let steps = (0..<plan.stepsPerPass).map { plan.batches(step: $0) }
        #expect(steps.allSatisfy { $0.count == ranks }, "seed \(seed)")
        #expect(steps.flatMap { $0 }.flatMap { $0 }.sorted() == samples, "seed \(seed)")
        #expect(steps.dropLast().allSatisfy { $0.flatMap { $0 }.count == size }, "seed \(seed)")
    }

    @Test func theOrderDoesNotDependOnTheNumberOfRanks() {
        let samples = Array(0..<100)
        func order(_ ranks: Int, epoch: Int = 0, seed: UInt64 = 7) -> [Int] {
            var plan = EpochPlan(
                samples: samples, seed: seed, epoch: epoch, batchSize: 32, virtualRanks: ranks)
            return (0..<plan.stepsPerPass).flatMap { plan.batches(step: $0).flatMap { $0 } }
        }
        #expect(order(1) == order(4))
        #expect(order(4) != order(4, epoch: 1))
        #expect(order(4) != order(4, seed: 8))
    }

    @Test func moreStepsThanOnePassBeginAnotherOrder() {
        var plan = EpochPlan(samples: Array(0..<64), seed: 1, epoch: 0, batchSize: 16, virtualRanks: 2)
        let first = (0..<4).flatMap { plan.batches(step: $0).flatMap { $0 } }
        let second = (4..<8).flatMap { plan.batches(step: $0).flatMap { $0 } }
        #expect(first != second)
        #expect(first.sorted() == second.sorted())
    }
}
