import Groundwork
import Models
import TestSupport
import Testing

@testable import Training

/// Gradients that leave while others are computed are final, and the training is the same as without.
struct OverlapTests {
    /// Two members of which one has no samples: sums alone, and looks at what was released.
    private final class WatchingExchange: GradientExchange {
        let memberIndex = 0
        let memberCount = 2
        let virtualRanks: Range<Int>
        private(set) var releases = 0
        private(set) var changed = 0
        private var early: [(offset: Int, leaves: [[Float]?])] = []
        private let alone: LonelyExchange

        init(ranks: Int) {
            virtualRanks = 0..<ranks
            alone = LonelyExchange(ranks: ranks)
        }

        private func tails(_ leaves: [TouchedFloats?], _ offset: Int) -> [[Float]?] {
            leaves.map { leaf in leaf.map { Array($0.values[offset...]) } }
        }

        func release(
            _ leaves: [TouchedFloats?], from offset: Int, into root: UnsafeMutableBufferPointer<Float>
        ) throws {
            releases += 1
            early.append((offset, tails(leaves, offset)))
        }

        func allReduce(
            leaves: [TouchedFloats?], scalars: [[Double]], scalarCount: Int,
            into root: UnsafeMutableBufferPointer<Float>
        ) throws -> ReducedSum {
            for (offset, then) in early where then != tails(leaves, offset) { changed += 1 }
            early = []
            return try alone.allReduce(
                leaves: leaves, scalars: scalars, scalarCount: scalarCount, into: root)
        }

        func allGather(_ mine: [UInt8]) throws -> [[UInt8]] { [mine, []] }
    }

    @Test(arguments: [
        "{name: MLP, embedding_dim: 4, hidden_dim: 4}", "{name: RNN, embedding_dim: 4, hidden_dim: 4}",
        "{name: Transformer, embedding_dim: 4, heads: 2}",
    ])
    func whatIsReleasedIsFinal(model: String) throws {
        var toy = try ToyTraining(parts: { _ in .train })
        toy.configuration.monitor = nil
        toy.model = model
        let plain = try toy.trainer()
        try plain.run(with: LonelyExchange(ranks: 4), folder: toy.output("plain"), afterPhase: {})
        let overlapped = try toy.trainer()
        let exchange = WatchingExchange(ranks: 4)
        try overlapped.run(with: exchange, folder: toy.output("overlapped"), afterPhase: {})
        #expect(exchange.releases > 10)
        #expect(exchange.changed == 0)
        #expect(overlapped.stateDigest() == plain.stateDigest())
    }

    /// Members of which this one has all samples; interrupts the release of one step.
    private final class InterruptingExchange: GradientExchange {
        struct Interruption: Error {}
        let memberIndex = 0
        let memberCount = 2
        let virtualRanks: Range<Int>
        private var releasesLeft: Int
        private let alone: LonelyExchange

        init(ranks: Int, after releases: Int) {
            virtualRanks = 0..<ranks
            alone = LonelyExchange(ranks: ranks)
            releasesLeft = releases
        }

        func release(
            _ leaves: [TouchedFloats?], from offset: Int, into root: UnsafeMutableBufferPointer<Float>
        ) throws {
            releasesLeft -= 1
            if releasesLeft == 0 { throw Interruption() }
        }

        func allReduce(
            leaves: [TouchedFloats?], scalars: [[Double]], scalarCount: Int,
            into root: UnsafeMutableBufferPointer<Float>
        ) throws -> ReducedSum {
            try alone.allReduce(leaves: leaves, scalars: scalars, scalarCount: scalarCount, into: root)
        }

        func allGather(_ mine: [UInt8]) throws -> [[UInt8]] { [mine, []] }
    }

    @Test(arguments: [1, 2, 3, 4, 5, 8])
    func aStepInterruptedWhileGradientsLeaveIsDoneAsIfForTheFirstTime(releases: Int) throws {
        var toy = try ToyTraining(parts: { _ in .train })
        toy.configuration.monitor = nil
        toy.model = "{name: RNN, embedding_dim: 4, hidden_dim: 4}"
        let plain = try toy.trainer()
        try plain.run(with: LonelyExchange(ranks: 4), folder: toy.output("plain"), afterPhase: {})
        let interrupted = try toy.trainer()
        #expect(throws: InterruptingExchange.Interruption.self) {
            try interrupted.run(
                with: InterruptingExchange(ranks: 4, after: releases), folder: toy.output("first"),
                afterPhase: {})
        }
        try interrupted.run(with: LonelyExchange(ranks: 4), folder: toy.output("then"), afterPhase: {})
        #expect(interrupted.stateDigest() == plain.stateDigest())
    }
}
