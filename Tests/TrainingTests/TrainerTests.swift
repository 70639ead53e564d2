import Batching
import Foundation
import Groundwork
import Models
import Storage
import TestSupport
import Testing

@testable import Training

/// A training ends where it should, goes on after any interruption with the same bits, and says what went wrong.
@Suite struct TrainerTests {
    private func train(_ toy: ToyTraining, _ trainer: Trainer, into folder: String) throws {
        try trainer.run(with: LonelyExchange(ranks: 4), folder: folder) {}
    }

    @Test func theLossFallsAndEveryEpochIsWritten() throws {
        var toy = try ToyTraining()
        toy.configuration.epochs = 8
        let trainer = try toy.trainer()
        let folder = try toy.output("a")
        try train(toy, trainer, into: folder)
        let losses = trainer.history.rows.map(\.trainLoss)
        #expect(losses.count == 8)
        #expect(losses[7] < losses[0])
        #expect(trainer.isFinished && trainer.position == trainer.totalPhases)
        #expect(trainer.totalPhases == 8 * 5)
        let text = try String(contentsOfFile: "\(folder)/history.csv", encoding: .utf8)
        #expect(text == trainer.history.csv)
    }

    @Test func aTrainingInterruptedAnywhereGoesOnWithTheSameBits() throws {
        var toy = try ToyTraining()
        toy.configuration.monitor = "loss"
        toy.configuration.monitorCriterion = .min
        toy.configuration.epochs = 2
        let whole = try toy.trainer()
        try train(toy, whole, into: toy.output("whole"))
        // Four steps and two gatherings per epoch.
        for calls in 0..<12 {
            let broken = try toy.trainer()
            let folder = try toy.output("broken-\(calls)")
            #expect(throws: LonelyExchange.Interruption.self) {
                try broken.run(with: LonelyExchange(ranks: 4, failsAfter: calls), folder: folder) {}
            }
            let path = "\(folder)/saved.h5"
            try broken.save(to: path)
            let resumed = try toy.trainer()
            try resumed.load(from: path)
            #expect(resumed.position == broken.position)
            #expect(resumed.stateDigest() == broken.stateDigest(), "after \(calls) calls")
            for trainer in [broken, resumed] {
                try train(toy, trainer, into: folder)
                #expect(trainer.stateDigest() == whole.stateDigest(), "after \(calls) calls")
                #expect(trainer.history == whole.history, "after \(calls) calls")
            }
            for name in ["last.h5", "best.h5", "history.csv"] {
                #expect(
                    try Files.contents(of: "\(folder)/\(name)")
                        == Files.contents(of: toy.folder.file("whole/\(name)")),
                    "\(name) after \(calls) calls")
            }
        }
    }

    @Test(arguments: OptimizerConfiguration.Kind.allCases)
    func everyOptimizerGoesOnFromItsCheckpointWithTheSameBits(_ kind: OptimizerConfiguration.Kind) throws {
        var toy = try ToyTraining()
        toy.configuration.epochs = 2
        toy.configuration.optimizer.kind = kind
        if kind == .sgd || kind == .rmsprop { toy.configuration.optimizer.momentum = 0.9 }
        toy.configuration.optimizer.centered = kind == .rmsprop
        toy.configuration.optimizer.initialSum = kind == .adagrad ? 0.1 : 0
        let whole = try toy.trainer()
        try train(toy, whole, into: toy.output("whole"))
        #expect(try whole.stateDigest() != toy.trainer().stateDigest())
        for calls in [1, 3, 8] {
            let broken = try toy.trainer()
            let folder = try toy.output("broken-\(calls)")
            #expect(throws: LonelyExchange.Interruption.self) {
                try broken.run(with: LonelyExchange(ranks: 4, failsAfter: calls), folder: folder) {}
            }
            try broken.save(to: "\(folder)/saved.h5")
            let resumed = try toy.trainer()
            try resumed.load(from: "\(folder)/saved.h5")
            try train(toy, resumed, into: folder)
            #expect(resumed.stateDigest() == whole.stateDigest(), "after \(calls) calls")
        }
    }

    @Test func savingAndLoadingGivesTheSameBytes() throws {
        let toy = try ToyTraining()
        let trainer = try toy.trainer()
        let folder = try toy.output("a")
        try train(toy, trainer, into: folder)
        let other = try toy.trainer()
        #expect(other.stateDigest() != trainer.stateDigest())
        try other.load(from: "\(folder)/last.h5")
        try other.save(to: "\(folder)/again.h5")
        #expect(
            try Files.contents(of: "\(folder)/last.h5") == Files.contents(of: "\(folder)/again.h5"))
        #expect(other.isFinished)
    }

    @Test func stopsWhenPatienceRunsOut() throws {
        var toy = try ToyTraining()
        toy.configuration.epochs = 20
        toy.configuration.patience = 2
        toy.configuration.monitor = "loss"
        toy.configuration.monitorCriterion = .min
        toy.configuration.optimizer.learningRate = 0
        let trainer = try toy.trainer()
        let folder = try toy.output("a")
        try train(toy, trainer, into: folder)
        #expect(trainer.history.rows.map(\.isBest) == [true, false, false])
        #expect(trainer.isFinished && trainer.position < trainer.totalPhases)
        let best = try CheckpointFile.read("\(folder)/best.h5", counters: ["epoch"], texts: [])
        #expect(best.counters.first?.value == 1)
    }

    @Test(arguments: [
        (
            TrainerConfiguration.MonitorCriterion.max, [0.5, 0.5, nil, 0.4, 0.6],
            [true, false, false, false, true]
        ),
        (.min, [0.5, 0.5, nil, 0.4, 0.6], [true, false, false, true, false]),
        (.max, [nil, -1, nil, 0], [false, true, false, true]),
    ])
    func onlyAStrictlyBetterDefinedValueIsTheBest(
        criterion: TrainerConfiguration.MonitorCriterion, values: [Double?], best: [Bool]
    ) {
        var configuration = TrainerConfiguration()
        configuration.monitor = "f1"
        configuration.monitorCriterion = criterion
        var history = TrainingHistory()
        for (epoch, value) in values.enumerated() {
            let evaluated = EpochEvaluation(loss: 1, metrics: [.init(name: "f1", value: value)])
            history.add(epoch: epoch, trainLoss: 1, evaluated, configuration)
        }
        #expect(history.rows.map(\.isBest) == best)
        #expect(history.epochsWithoutImprovement == best.reversed().prefix { !$0 }.count)
    }

    @Test func withoutAMonitorTheLastEpochIsTheBest() throws {
        let toy = try ToyTraining()
        let folder = try toy.output("a")
        try train(toy, toy.trainer(), into: folder)
        #expect(try Files.contents(of: "\(folder)/best.h5") == Files.contents(of: "\(folder)/last.h5"))
    }

    @Test func aLossThatIsNoNumberNamesEpochStepAndParameter() throws {
        let bad = 5
        let toy = try ToyTraining(vitals: { $0[2 * bad] = .nan })
        var plan = EpochPlan(
            samples: toy.trained, seed: ToyTraining.seed, epoch: 0, batchSize: 8, virtualRanks: 4,
            size: { _ in 1 })
        let step = try (0..<plan.stepsPerPass).first { try plan.batches(step: $0).joined().contains(bad) }
        let trainer = try toy.trainer()
        let error = #expect(throws: TrainingError.self) {
            try train(toy, trainer, into: toy.output("a"))
        }
        guard case .nonFinite(let epoch, let found, let parameter)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(epoch == 0 && found == step)
        #expect(trainer.model.parameters.index(of: parameter) != nil)
        #expect(error?.code == "training.non-finite")
        #expect(trainer.position == UInt64(found))
        let values = trainer.model.parameters.values
        #expect(values.allSatisfy { $0.isFinite })
    }

    /// 0 / 0 of Adam without `eps`, for codes that have no gradient yet: told by its own cause, after the last step too.
    @Test(arguments: [8, 40]) func anOptimizerThatMakesParametersNaNIsTold(batchSize: Int) throws {
        var toy = try ToyTraining()
        toy.configuration.batchSize = batchSize
        toy.configuration.epochs = 1
        let parameters = try ConfigurationNode.parse("{eps: 0}", file: "job.yaml")
        toy.configuration.optimizer = try OptimizerConfiguration(name: nil, parameters: parameters)
        let folder = try toy.output("a")
        let error = #expect(throws: TrainingError.self) { try train(toy, toy.trainer(), into: folder) }
        guard case .nonFiniteParameter(epoch: 0, let parameter)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(parameter.contains("codes"))
        #expect(error?.code == "training.non-finite-parameter" && error?.exitStatus == .data)
        #expect(error?.message.contains("eps") == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
    }

    @Test func aValidationLossThatIsNoNumberIsUndefinedAndNeverTheBest() throws {
        var toy = try ToyTraining(vitals: { $0[2 * 3] = .nan })
        toy.configuration.monitor = "loss"
        toy.configuration.monitorCriterion = .min
        let trainer = try toy.trainer()
        let folder = try toy.output("a")
        try train(toy, trainer, into: folder)
        #expect(trainer.history.rows.allSatisfy { $0.validationLoss == nil && !$0.isBest })
        let other = try toy.trainer()
        try other.load(from: "\(folder)/last.h5")
        #expect(other.history == trainer.history)
    }

    @Test func refusesToTrainOnNothingAndToMonitorNothing() throws {
        let none = try ToyTraining(parts: { _ in .val })
        #expect(throws: TrainingError.noTrainingSamples) { try none.trainer() }
        var unwatched = try ToyTraining(parts: { _ in .train })
        _ = try unwatched.trainer()
        unwatched.configuration.monitor = "roc_auc"
        #expect(throws: TrainingError.noValidationSamples(monitor: "roc_auc")) { try unwatched.trainer() }
    }

    @Test func refusesACheckpointOfAnotherJob() throws {
        var toy = try ToyTraining()
        let path = toy.folder.file("saved.h5")
        try toy.trainer().save(to: path)
        let other = try toy.trainer(digest: "another")
        let before = other.stateDigest()
        let error = #expect(throws: TrainingError.self) { try other.load(from: path) }
        #expect(error?.code == "training.other-checkpoint")
        #expect(error?.message.contains(path) == true)
        #expect(other.stateDigest() == before)
        toy.configuration.virtualRanks = 2
        #expect(throws: TrainingError.self) { try toy.trainer().load(from: path) }
    }

    @Test func refusesADamagedCheckpoint() throws {
        let toy = try ToyTraining()
        let path = toy.folder.file("saved.h5")
        try toy.trainer().save(to: path)
        let data = try Files.contents(of: path)
        try data.prefix(data.count / 2).write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: (any Error).self) { try toy.trainer().load(from: path) }
        #expect(error is any PyHealthError)
    }
}

/// Weight decay moves everything but what has `bias` or `LayerNorm.weight` in its name, as in PyHealth.
@Suite struct WeightDecayTests {
    @Test(arguments: ModelCatalog.names)
    func sparesWhatTheReferenceSpares(name: String) throws {
        func trained(_ decay: Double) throws -> [NamedParameter] {
            var toy = try ToyTraining()
            toy.model = "{name: \(name)}"
            toy.configuration.optimizer.kind = .adamW
            toy.configuration.weightDecay = decay
            toy.configuration.epochs = 1
            toy.configuration.stepsPerEpoch = 1
            let trainer = try toy.trainer()
            try trainer.run(with: LonelyExchange(ranks: 4), folder: toy.output("a")) {}
            return trainer.model.parameters.named(trainer.model.parameters.values)
        }
        for (plain, decayed) in zip(try trained(0), try trained(0.5)) {
            let isExempt = plain.name.contains("LayerNorm.weight") || plain.name.contains("bias")
            #expect((plain.values == decayed.values) == isExempt, "\(plain.name)")
        }
    }
}
