import ArgumentParser
import CAllocator
import ClusterRuntime
import Foundation
import Groundwork
import Stages
import Training
import Wiring

/// What coordinator and worker processes, and checkpoints, add to a training.
struct TrainingCost {
    let folder: String
    let commands: String
    let runs: Int

    /// Percent asked of the protocol and of checkpoints, with steps of so many milliseconds at least.
    private static let asked = (protocolCost: 2.0, checkpoints: 1.0, milliseconds: 20.0)
    private static let patients = 2000
    /// Steps of a training, in one epoch.
    private static let steps = 150
    /// Seconds between the checkpoints that are measured.
    private static let checkpointSeconds = 0.5

    /// One worker through the protocol beside the same training in this process, in turn.
    func protocolCost() throws -> [ClusterFigure] {
        let job = try prepare()
        var (alone, worker, shares): ([Double], [Double], [Double]) = ([], [], [])
        for seed in 0..<runs {
            let first = try trainAlone(job, seed: seed, checkpointSeconds: nil).seconds
            let second = try trainThroughProtocol(job, seed: seed)
            alone.append(first / Double(Self.steps))
            worker.append(second / Double(Self.steps))
            shares.append(100 * (second / first - 1))
        }
        return [
            try step(alone),
            ClusterFigure("step of one worker through the protocol", "ms", worker.map { $0 * 1000 }),
            ClusterFigure("what the protocol adds", "%", shares, asked: Self.asked.protocolCost),
        ]
    }

    /// The same training in this process with many checkpoints and with none, in turn.
    func checkpoints() throws -> [ClusterFigure] {
        let job = try prepare()
        var (alone, costs, work): ([Double], [Double], [Double]) = ([], [], [])
        let interval = TrainerConfiguration().checkpointSeconds ?? .infinity
        for seed in 0..<runs {
            let without = try trainAlone(job, seed: seed, checkpointSeconds: nil)
            let with = try trainAlone(job, seed: seed, checkpointSeconds: Self.checkpointSeconds)
            guard with.checkpoints > 0 else { throw ValidationError("No checkpoint was written.") }
            alone.append(without.seconds / Double(Self.steps))
            costs.append((with.seconds - without.seconds) / Double(with.checkpoints))
            work.append((with.cpuSeconds - without.cpuSeconds) / Double(with.checkpoints))
        }
        return [
            try step(alone),
            ClusterFigure("training held up by a checkpoint", "ms", costs.map { $0 * 1000 }),
            ClusterFigure("CPU time of a checkpoint, writing included", "ms", work.map { $0 * 1000 }),
            ClusterFigure(
                "checkpoints every \(Int(interval)) s, of the step time", "%",
                costs.map { 100 * $0 / interval },
                asked: Self.asked.checkpoints),
        ]
    }

    private func step(_ seconds: [Double]) throws -> ClusterFigure {
        let figure = ClusterFigure("step alone", "ms", seconds.map { $0 * 1000 })
        guard figure.median >= Self.asked.milliseconds else {
            throw ValidationError("Steps are shorter than \(Self.asked.milliseconds) ms: nothing is shown.")
        }
        return figure
    }

    // MARK: The job

    /// Samples of a synthetic corpus, made once.
    private func prepare() throws -> Job {
        let corpus = "\(folder)/corpus"
        if !FileManager.default.fileExists(atPath: "\(corpus)/truth/truth.json") {
            _ = try TimedProcess(
                "\(commands)/pyhealth-coord",
                [
                    "synthesize", "mimic3", "--patients", "\(Self.patients)", "--seed", "1", "--output",
                    corpus,
                    "--quiet",
                ])
        }
        return try Job(folder: folder, corpus: corpus, steps: Self.steps, commands: commands)
    }

    private func trainThroughProtocol(_ job: Job, seed: Int) throws -> Double {
        let outcome = try job.run(seed: seed, until: .train)
        guard let timing = outcome.timings.last, timing.name == "train", !timing.cached else {
            throw ValidationError("The training was not run.")
        }
        return timing.computeSeconds
    }

    /// The training without coordinator, heartbeats and sockets: the same trainer and the same sums.
    private func trainAlone(
        _ job: Job, seed: Int, checkpointSeconds: Double?
    ) throws -> (seconds: Double, cpuSeconds: Double, checkpoints: Int) {
        // As workers do: the memory of steps is kept from one to the next.
        callocator_map_blocks_from(32 << 20)
        let output = "\(folder)/alone"
        try? FileManager.default.removeItem(atPath: output)
        defer { try? FileManager.default.removeItem(atPath: output) }
        let (payload, ranks) = try job.trainingPayload(seed: seed)
        let setup = try TrainingSetup(payload: payload, runDirectory: job.output, folder: output)
        let count = Count()
        setup.trainer.checkpoints?.seconds = checkpointSeconds
        setup.trainer.checkpoints?.whenRequestedIsWritten = { _ in count.add() }
        let (start, used) = (Date(), processSeconds())
        try setup.trainer.run(
            with: LoneExchange(try CollectiveProbe.alone(ranks: ranks)), folder: output, afterPhase: {})
        return (Date().timeIntervalSince(start), processSeconds() - used, count.value)
    }

    /// CPU time of this process.
    private func processSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}

/// Counts on another thread.
private final class Count: @unchecked Sendable {
    // Safe to share: the lock is held around every use.
    private let lock = NSLock()
    private var number = 0

    func add() { lock.withLock { number += 1 } }
    var value: Int { lock.withLock { number } }
}

/// The sums of a member alone as the trainer sees them.
private struct LoneExchange: GradientExchange {
    private let collective: any Collective

    init(_ collective: any Collective) { self.collective = collective }

    var memberIndex: Int { 0 }
    var memberCount: Int { 1 }
    var virtualRanks: Range<Int> { collective.virtualRanks }

    func allReduce(
        leaves: [TouchedFloats?], scalars: [[Double]], scalarCount: Int,
        into root: UnsafeMutableBufferPointer<Float>
    ) throws -> ReducedSum {
        try collective.allReduce(leaves: leaves, scalars: scalars, scalarCount: scalarCount, into: root)
    }

    func allGather(_ mine: [UInt8]) throws -> [[UInt8]] { [mine] }
}

/// A job on the synthetic corpus, run by a coordinator in this process with one worker process.
private struct Job {
    let output: String
    private let folder: String
    private let corpus: String
    private let steps: Int
    private let commands: String

    init(folder: String, corpus: String, steps: Int, commands: String) throws {
        (self.folder, self.corpus, self.steps, self.commands) = (folder, corpus, steps, commands)
        output = "\(folder)/run"
    }

    private func configuration(seed: Int) throws -> JobConfiguration {
        try JobConfiguration.parse(
            """
            name: bench
            seed: \(seed)
            dataset: {name: mimic3, root: \(corpus)}
            task: {name: MortalityPredictionMIMIC3}
            split: {by: patient, ratios: [0.7, 0.1, 0.2], seed: 0}
            model: {name: Transformer, embedding_dim: 128}
            trainer: {epochs: 1, steps_per_epoch: \(steps), batch_size: 128, optimizer: Adam, optimizer_params: {lr: 0.001}, monitor: roc_auc}
            """)
    }

    /// Runs the stages that are not finished yet.
    func run(seed: Int, until: StopAfter) throws -> JobOutcome {
        var options = CoordinatorOptions(
            runDirectory: output, buildVersion: BuildInformation.build,
            numericFingerprint: BuildInformation.numericFingerprint)
        options.workerExecutable = "\(commands)/pyhealth-worker"
        let driver = try driver(seed: seed, until: until)
        return try Coordinator.run(job: try driver.specification(), driver: driver, options: options)
    }

    private func driver(seed: Int, until: StopAfter) throws -> PipelineDriver {
        PipelineDriver(job: try configuration(seed: seed), runDirectory: output, until: until, resume: nil)
    }

    /// What a member of the training of `seed` is told, and how many virtual ranks it has.
    func trainingPayload(seed: Int) throws -> (payload: Data, ranks: Int) {
        let samples = try run(seed: seed, until: .samples)
        var driver = try driver(seed: seed, until: .train)
        guard case .stage(let stage) = try driver.next(after: samples.stages),
            case .training(let payload, let ranks) = stage.kind
        else { throw ValidationError("The training is not the next stage.") }
        return (payload, ranks)
    }
}
