import Testing

@testable import ClusterProtocol

/// Histories of the real state machines; a failing seed is printed and replays exactly.
struct SimulationTests {
    @Test func doesTheJobInAQuietWorld() throws {
        var simulation = Simulation(seed: 1, shards: 50, ranks: 4, steps: 20, workers: 3, faults: .init())
        try simulation.run()
        #expect(simulation.isFinished)
        #expect(simulation.generations == 1)
        #expect(simulation.now < 20)
    }

    @Test(arguments: 0..<40) func losesAndDoublesNothing(seed: UInt64) throws {
        let faults = Simulation.Faults(
            loss: 0.05, duplication: 0.05, delay: 0.1, workerDeaths: 6, coordinatorDeaths: 2, frameLoss: 0.002
        )
        var simulation = Simulation(
            seed: seed, shards: 60, ranks: 4, steps: 60, workers: 1 + Int(seed % 5), faults: faults)
        do { try simulation.run() } catch {
            Issue.record("seed \(seed): \(error)")
            return
        }
        #expect(simulation.isFinished, "seed \(seed): \(String(describing: simulation.failure))")
    }

    @Test(arguments: 0..<10) func survivesRareFailuresOfShards(seed: UInt64) throws {
        var simulation = Simulation(
            seed: 1000 + seed, shards: 30, ranks: 2, steps: 5, workers: 3,
            faults: .init(loss: 0.02, computeFailures: 0.02))
        try simulation.run()
        #expect(simulation.isFinished, "seed \(seed): \(String(describing: simulation.failure))")
    }

    @Test func givesUpWhenShardsAlwaysFail() throws {
        var simulation = Simulation(
            seed: 5, shards: 3, ranks: 1, steps: 1, workers: 2, faults: .init(computeFailures: 1))
        try simulation.run()
        #expect(simulation.failure?.code == "x")
    }
}
