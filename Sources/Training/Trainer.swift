import Batching
import ClinicalData
import Evaluation
package import Foundation
import Groundwork
import Layers
package import Models
package import Storage
import Tensors

/// What a training is about: everything that decides its result.
package struct TrainingJob {
    /// The trainer's options.
    package var configuration: TrainerConfiguration
    /// The seed of parameters, sample order and dropout.
    package var seed: UInt64
    /// A digest of model, options and samples; checkpoints of another one are refused.
    package var digest: String

    package init(configuration: TrainerConfiguration, seed: UInt64, digest: String) {
        self.configuration = configuration
        self.seed = seed
        self.digest = digest
    }
}

/// Trains a model over K virtual ranks, alone or as one of several members that hold the same state.
///
/// An epoch is S optimizer steps and one evaluation; ``position`` counts these phases. A phase is applied or not: whatever
/// interrupts one leaves the state as it was before, and doing it again gives the same bits.
package final class Trainer {
    package let job: TrainingJob
    let model: any Model
    let batches: BatchSource
    private let train: [Int]
    let validation: [Int]
    private let optimizer: Optimizer
    private let pool = BufferPool()
    private let stepsPerEpoch: Int
    private let leaves: LeafBuffers
    /// When gradients were final on an earlier way back.
    private var schedule: GradientSchedule?
    private var plan: (epoch: Int, plan: EpochPlan)?
    /// Phases applied: optimizer steps and evaluations.
    package private(set) var position: UInt64 = 0
    /// The epochs so far.
    package internal(set) var history = TrainingHistory()
    private var totals = EpochTotals()
    /// The metrics of every evaluation, with the monitored one.
    let metrics: [String]
    /// Checkpoints between the ends of epochs; nil: none.
    package var checkpoints: CheckpointPolicy? {
        didSet { checkpointWriter = checkpointWriter ?? checkpoints.map { CheckpointWriter($0.store) } }
    }
    var checkpointWriter: CheckpointWriter?
    /// When the last checkpoint was begun, or the training (seconds of a clock that only goes forward).
    var lastCheckpoint = ProcessInfo.processInfo.systemUptime

    /// A trainer at the start; throws ``TrainingError`` if there is nothing to train on.
    package init(job: TrainingJob, model: any Model, samples: SampleSet) throws {
        self.job = job
        self.model = model
        batches = BatchSource(
            samples: samples, schema: model.schema, includesTimes: model.usesTimes)
        train = samples.split.indices.filter { samples.split[$0] == SplitPart.train.rawValue }
        validation = samples.split.indices.filter { samples.split[$0] == SplitPart.val.rawValue }
        guard !train.isEmpty else { throw TrainingError.noTrainingSamples }
        if let monitor = job.configuration.monitor, validation.isEmpty {
            throw TrainingError.noValidationSamples(monitor: monitor)
        }
        let configuration = job.configuration
        optimizer = Optimizer(configuration.rule, parameters: model.parameters.parameters) {
            $0.name.contains("bias") || $0.name.contains("LayerNorm.weight")
        }
        stepsPerEpoch =
            configuration.stepsPerEpoch ?? (train.count + configuration.batchSize - 1)
            / configuration.batchSize
        leaves = LeafBuffers(count: model.parameters.gradients.count)
        var metrics = configuration.metrics ?? MetricCatalog.defaults(model.schema.mode)
        if let wanted = configuration.monitor.flatMap(MetricCatalog.request(for:)), !metrics.contains(wanted)
        {
            metrics.append(wanted)
        }
        self.metrics = metrics
    }

    /// Phases of an epoch.
    private var phases: UInt64 { UInt64(stepsPerEpoch + 1) }
    /// Phases of the whole training, unless it stops early.
    package var totalPhases: UInt64 { UInt64(job.configuration.epochs) * phases }

    /// Whether this is a run that was resumed without its best state.
    package var isWithoutBest = false

    /// Whether the best state so far is in `folder`, as it was written, or needs not be there: without a monitor the next epoch is
    /// the best one anyway.
    package func hasBest(in folder: String) -> Bool {
        guard !isWithoutBest, let epoch = history.best, job.configuration.monitor != nil || isFinished
        else { return true }
        guard let path = EpochFiles(folder: folder).best(of: history) else { return false }
        return (try? check(path, isEndOf: epoch)) != nil
    }

    /// Whether all epochs are done or patience has run out.
    package var isFinished: Bool {
        if position >= totalPhases { return true }
        guard let patience = job.configuration.patience, position % phases == 0 else { return false }
        return history.epochsWithoutImprovement >= patience
    }

    /// Applies phases until the end; calls `afterPhase` after each one.
    ///
    /// `folder` gets the state of every epoch from member 0, and in the end `best.h5`, `last.h5` and `history.csv`
    /// (``EpochFiles``). Throws what the exchange throws, ``TrainingError``, `HDF5Error`, `FileError`.
    package func run(with exchange: any GradientExchange, folder: String, afterPhase: () -> Void) throws {
        while !isFinished {
            let (epoch, phase) = (Int(position / phases), Int(position % phases))
            var isCheckpointDue = false
            if phase < stepsPerEpoch {
                isCheckpointDue = try step(epoch: epoch, step: phase, exchange)
            } else {
                try finish(epoch: epoch, exchange, folder: folder)
            }
            position += 1
            afterPhase()
            try afterStep(isCheckpointDue: isCheckpointDue, exchange)
        }
        if exchange.memberIndex == 0 {
            if !hasBest(in: folder), let epoch = history.best {
                throw TrainingError.lostBest(folder: folder, epoch: epoch)
            }
            try DiskSpace.retrying({ checkpoints?.whenDiskIsFull($0) }) {
                try EpochFiles(folder: folder).conclude(history)
            }
        }
        // Nothing is written into the folder after the end.
        try? checkpointWriter?.finish()
    }

    // MARK: One step

    /// Applies one step and returns whether the members want a checkpoint after it; gradients leave while the rest is
    /// computed, unless that turns out to have been too early.
    private func step(epoch: Int, step: Int, _ exchange: any GradientExchange) throws -> Bool {
        do {
            var sums = try sums(epoch: epoch, step: step, exchange, overlaps: exchange.memberCount > 1)
            if sums[2] > 0 {
                // Somewhere a gradient left before it was complete, which everybody sees in the sum: once more without that.
                schedule = nil
                sums = try self.sums(epoch: epoch, step: step, exchange, overlaps: false)
            }
            try apply(sums, epoch: epoch, step: step)
            return sums[3] > 0
        } catch {
            // Interrupted on the way back or in the sum: the blocks hold parts of both, which no later step may find.
            leaves.summed()
            throw error
        }
    }

    /// The gradients of one step, left in the leaves' root. Returns the sums over all virtual ranks of their losses, samples,
    /// ranks whose gradients left too early, wishes for a checkpoint, and per parameter those with a gradient.
    private func sums(
        epoch: Int, step: Int, _ exchange: any GradientExchange, overlaps: Bool
    ) throws -> [Double] {
        let wish = wantsCheckpoint(exchange) ? 1.0 : 0
        let ranks = try batches(epoch: epoch, step: step)
        let arena = model.parameters
        let owned = exchange.virtualRanks
        let end = owned.last { !ranks[$0].isEmpty }.map { $0 + 1 } ?? owned.lowerBound
        let absent = owned.upperBound - end
        var scalars: [[Double]] = []
        let packedWeights = PackedWeights()
        leaves.begin(first: owned.lowerBound)
        for rank in owned.lowerBound..<end {
            guard !ranks[rank].isEmpty else {
                leaves.skip()
                scalars.append([])
                continue
            }
            leaves.collect(of: arena)
            let release: Release? =
                !overlaps || rank + 1 < end
                ? nil
                : { [leaves] offset in
                    leaves.note(arena)
                    try exchange.release(
                        leaves.sums(absent: absent), from: offset, into: leaves.root.values)
                }
            let leaf = try leaf(
                ranks[rank], Randomness(seed: job.seed, epoch: epoch, step: step, rank: rank), packedWeights,
                observes: exchange.memberCount > 1, release)
            leaves.note(arena)
            // The last one's gradients may be on their way already.
            if rank + 1 < end { leaves.addNodes() }
            scalars.append(
                [leaf.loss, Double(ranks[rank].count), leaf.isTooEarly ? 1 : 0, wish]
                    + arena.receivedGradient.map { $0 ? 1 : 0 })
        }
        scalars += Array(repeating: [], count: absent)
        let sum = try exchange.allReduce(
            leaves: leaves.sums(absent: absent), scalars: scalars,
            scalarCount: 4 + arena.parameters.count, into: leaves.root.values)
        let isNode =
            exchange.memberCount == 1
            || owned.count & (owned.count - 1) == 0 && owned.lowerBound % owned.count == 0
        leaves.summed(touched: sum.touched, isNode: isNode)
        return sum.scalars
    }

    /// Tells that gradients from an offset on are final.
    private typealias Release = (_ offset: Int) throws -> Void

    /// The gradient of the summed loss of one virtual rank's samples, left where the arena collects; returns the loss, and
    /// whether `release` was told of a gradient that was not final.
    private func leaf(
        _ samples: [Int], _ randomness: Randomness, _ packedWeights: PackedWeights, observes: Bool,
        _ release: Release?
    ) throws -> (loss: Double, isTooEarly: Bool) {
        let context = Context(
            mode: .training, recordsGradients: true, pool: pool, packedWeights: packedWeights,
            randomness: randomness, checksNumerics: job.configuration.checkNumerics)
        guard let loss = try model.forward(try batches.batch(samples), context).loss else {
            throw ModelError.wrongLabels(label: model.schema.label)
        }
        if let fault = context.numericFault { throw TrainingError.nonFiniteOperation(fault) }
        var isTooEarly = false
        if observes {
            isTooEarly = try goBack(context, from: loss.total, release)
        } else {
            context.backward(from: loss.total)
        }
        if let fault = context.numericFault { throw TrainingError.nonFiniteOperation(fault) }
        return (loss.perSample.reduce(0) { $0 + Double($1) }, isTooEarly)
    }

    /// Goes back, learns when gradients are final, and releases them where that is known; returns whether that was wrong.
    private func goBack(_ context: Context, from loss: Tensor, _ release: Release?) throws -> Bool {
        let arena = model.parameters
        var arrivals = GradientArrivals(signature: context.tapeSignature, of: arena)
        let known = schedule?.signature == arrivals.signature ? schedule : nil
        var released = Int.max
        var failure: (any Error)?
        context.backward(from: loss) { left in
            arrivals.note(left: left, of: arena)
            guard let release, failure == nil, let offset = known?.offset(left: left), offset < released
            else { return }
            released = offset
            do { try release(offset) } catch { failure = error }
        }
        if let failure { throw failure }
        let wasRight = known?.holds(for: arrivals) ?? false
        if !wasRight { schedule = GradientSchedule(arrivals, of: arena) }
        return known != nil && release != nil && !wasRight
    }

    private func apply(_ sums: [Double], epoch: Int, step: Int) throws {
        let (loss, count) = (sums[0], sums[1])
        let root = leaves.root
        let gradients = UnsafeBufferPointer(root.values)
        let scale = Float(1 / count)
        let bad = model.parameters.firstNonFinite(in: root)
        guard loss.isFinite, bad == nil else {
            try checkParameters(epoch: epoch)
            throw TrainingError.nonFinite(
                epoch: epoch, step: step, parameter: bad ?? "none (the loss itself)")
        }
        model.parameters.follow(root.values, ranks: Array(sums.dropFirst(4)))
        var factor = scale
        if let maximum = job.configuration.maxGradNorm {
            let norm = GradientNorm.norm(of: gradients, scale: scale)
            factor *= GradientNorm.clipFactor(norm: norm, maximum: maximum)
        }
        optimizer.step(
            values: model.parameters.values, gradients: gradients, scale: factor,
            participating: sums.dropFirst(4).map { $0 > 0 }, touched: root.touched)
        totals.loss += loss
        totals.samples += count
    }

    /// The samples of one step, by virtual rank; throws `StorageError`.
    private func batches(epoch: Int, step: Int) throws -> [[Int]] {
        if plan?.epoch != epoch {
            plan = (
                epoch,
                EpochPlan(
                    samples: train, seed: job.seed, epoch: epoch, batchSize: job.configuration.batchSize,
                    virtualRanks: job.configuration.resolvedVirtualRanks,
                    size: { [batches] in try batches.size(of: $0) })
            )
        }
        return try plan?.plan.batches(step: step) ?? []
    }

    // MARK: The end of an epoch

    /// Throws ``TrainingError/nonFiniteParameter(epoch:parameter:)`` if a step has made a parameter NaN or infinite.
    private func checkParameters(epoch: Int) throws {
        let values = TouchedFloats(model.parameters.values)
        if let parameter = model.parameters.firstNonFinite(in: values) {
            throw TrainingError.nonFiniteParameter(epoch: epoch, parameter: parameter)
        }
    }

    private func finish(epoch: Int, _ exchange: any GradientExchange, folder: String) throws {
        try checkParameters(epoch: epoch)
        let evaluated = try evaluate(exchange)
        var updated = history
        updated.add(
            epoch: epoch, trainLoss: totals.loss / max(totals.samples, 1), evaluated, job.configuration)
        if exchange.memberCount > 1 {
            try exchange.agree(on: Array(stateDigest().utf8), position: position)
        }
        if exchange.memberIndex == 0 {
            let after = EpochTotals()
            let file = checkpoint(position: position + 1, history: updated, totals: after)
            try DiskSpace.retrying({ checkpoints?.whenDiskIsFull($0) }) {
                try file.write(to: EpochFiles(folder: folder).path(epoch))
            }
        }
        // Nobody goes on before the file is there: otherwise a lost member 0 could leave an epoch without it.
        _ = try exchange.allGather([])
        if exchange.memberIndex == 0 { EpochFiles(folder: folder).prune(updated) }
        history = updated
        totals = EpochTotals()
    }

    // MARK: State

    /// A digest of parameters, optimizer state and position.
    package func stateDigest() -> String {
        StateDigest.hex(values: model.parameters.values, optimizer: optimizer, position: position)
    }

    /// A copy of the complete state.
    func snapshot() -> CheckpointFile { checkpoint(position: position, history: history, totals: totals) }

    /// A copy of the complete state as bytes, for members that are elsewhere.
    package func state() -> Data { snapshot().encoded() }

    /// Replaces the complete state by what ``state()`` gave; throws ``StorageError``, `ModelError`, ``TrainingError``.
    package func restore(_ state: Data) throws {
        try adopt(try CheckpointFile(decoding: state), from: "memory")
    }

    /// Writes the complete state; throws `HDF5Error`, `FileError`.
    package func save(to path: String) throws { try snapshot().write(to: path, durable: false) }

    /// Replaces the complete state; throws `HDF5Error`, ``StorageError``, `ModelError`, ``TrainingError``.
    package func load(from path: String) throws {
        try adopt(
            try CheckpointFile.read(
                path, counters: ["position", "virtual_ranks", "steps_per_epoch"],
                texts: ["configuration", "history", "totals"]), from: path)
    }

    private func adopt(_ file: CheckpointFile, from path: String) throws {
        let values = Dictionary(file.counters.map { ($0.name, $0.value) }) { first, _ in first }
        let texts = Dictionary(file.texts.map { ($0.name, Data($0.value.utf8)) }) { first, _ in first }
        try file.requireJob(job.digest, path: path)
        guard values["steps_per_epoch"] == Int64(stepsPerEpoch),
            values["virtual_ranks"] == Int64(job.configuration.resolvedVirtualRanks)
        else {
            throw TrainingError.otherCheckpoint(path: path, reason: "steps per epoch or virtual ranks differ")
        }
        let arena = model.parameters
        let position = UInt64(exactly: values["position"] ?? 0) ?? .max
        guard position <= Int64.max, file.steps.count == optimizer.steps.count,
            file.steps.allSatisfy({ $0 >= 0 && UInt64($0) <= position }),
            file.optimizer.map(\.slot).sorted() == optimizer.state.map(\.name).sorted()
        else {
            throw TrainingError.otherCheckpoint(
                path: path, reason: "its position, steps or optimizer state cannot be those of this model")
        }
        let (history, totals) = try Self.progress(texts, from: path)
        guard history.rows.count == Int(position / phases) else {
            throw TrainingError.otherCheckpoint(path: path, reason: "its history and its position differ")
        }
        try arena.load(file.state.map(\.parameter), into: arena.values)
        for (slot, arrays) in file.optimizer {
            guard let block = optimizer.state.first(where: { $0.name == slot }) else {
                throw TrainingError.otherCheckpoint(path: path, reason: "it has optimizer state \(slot)")
            }
            try arena.load(arrays.map(\.parameter), into: block.values)
        }
        optimizer.steps = file.steps.map { Int($0) }
        (self.history, self.totals, self.position) = (history, totals, position)
    }

    private static func progress(
        _ texts: [String: Data], from path: String
    ) throws -> (TrainingHistory, EpochTotals) {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        do {
            return (
                try decoder.decode(TrainingHistory.self, from: texts["history"] ?? Data()),
                try decoder.decode(EpochTotals.self, from: texts["totals"] ?? Data())
            )
        } catch is DecodingError {
            throw TrainingError.otherCheckpoint(path: path, reason: "its history cannot be read")
        }
    }

    /// Whether the checkpoint at `path` is the state at the end of an epoch of this job; throws what reading it throws, and
    /// ``TrainingError/otherCheckpoint(path:reason:)`` if not.
    package func check(_ path: String, isEndOf epoch: Int) throws {
        let file = try CheckpointFile.read(path, counters: ["epoch", "step"], texts: ["configuration"])
        try file.requireJob(job.digest, path: path)
        guard file.counters.map(\.value) == [Int64(epoch) &+ 1, 0] else {
            throw TrainingError.otherCheckpoint(path: path, reason: "it is not that of epoch \(epoch)")
        }
    }

    private func checkpoint(position: UInt64, history: TrainingHistory, totals: EpochTotals) -> CheckpointFile
    {
        let arena = model.parameters
        return CheckpointFile(
            state: arena.named(arena.values).map(\.array),
            optimizer: optimizer.state.map { ($0.name, arena.named($0.values).map(\.array)) },
            steps: optimizer.steps.map { Int64($0) },
            counters: [
                ("position", Int64(position)), ("epoch", Int64(position / phases)),
                ("step", Int64(position % phases)), ("seed", Int64(bitPattern: job.seed)),
                ("virtual_ranks", Int64(job.configuration.resolvedVirtualRanks)),
                ("steps_per_epoch", Int64(stepsPerEpoch)),
            ],
            texts: [("configuration", job.digest), ("history", json(history)), ("totals", json(totals))])
    }

    /// Numbers that are none are written as texts.
    private func json(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}

extension CheckpointFile {
    /// Throws ``TrainingError/otherCheckpoint(path:reason:)`` unless its text `configuration`, which must have been read, is this
    /// digest of a job.
    package func requireJob(_ digest: String, path: String) throws {
        guard texts.first(where: { $0.name == "configuration" })?.value == digest else {
            throw TrainingError.otherCheckpoint(
                path: path, reason: "model, trainer options or samples differ")
        }
    }
}

extension NamedParameter {
    fileprivate var array: CheckpointFile.Array { .init(name: name, shape: shape, values: values) }
}

extension CheckpointFile.Array {
    fileprivate var parameter: NamedParameter { NamedParameter(name: name, shape: shape, values: values) }
}
