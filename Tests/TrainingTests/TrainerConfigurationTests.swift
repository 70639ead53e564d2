import Groundwork
import Layers
import Testing

@testable import Training

/// A trainer section is read strictly, with PyHealth's names and defaults.
@Suite struct TrainerConfigurationTests {
    private func configuration(_ yaml: String) throws -> TrainerConfiguration {
        try TrainerConfiguration(ConfigurationNode.parse(yaml, file: "job.yaml"))
    }

    @Test func defaultsArePyHealths() throws {
        let plain = TrainerConfiguration()
        #expect(try configuration("{}") == plain)
        #expect(plain.epochs == 5)
        #expect(plain.batchSize == 32)
        #expect(plain.optimizer.kind == .adam)
        #expect(plain.optimizer.learningRate == 1e-3)
        #expect(plain.weightDecay == 0)
        #expect(plain.monitorCriterion == .max)
        #expect(plain.loadBestModelAtLast)
    }

    @Test func everyOptionIsRead() throws {
        let read = try configuration(
            """
            epochs: 7
            batch_size: 64
            optimizer: AdamW
            optimizer_params: {lr: 0.01, betas: [0.8, 0.9], eps: 1e-6}
            weight_decay: 0.1
            max_grad_norm: 2.5
            steps_per_epoch: 10
            monitor: loss
            monitor_criterion: min
            patience: 3
            load_best_model_at_last: false
            virtual_ranks: 8
            check_numerics: true
            """)
        #expect(read.epochs == 7 && read.batchSize == 64 && read.stepsPerEpoch == 10 && read.patience == 3)
        #expect(read.optimizer.kind == .adamW && read.optimizer.betas == [0.8, 0.9])
        #expect(read.maxGradNorm == 2.5 && read.monitor == "loss" && read.monitorCriterion == .min)
        #expect(read.checkNumerics && !TrainerConfiguration().checkNumerics)
        #expect(!read.loadBestModelAtLast && read.resolvedVirtualRanks == 8)
    }

    @Test(arguments: [
        ("epoch: 1", "config.unknown-key", "epochs"), ("epochs: x", "config.type", "whole number"),
        ("epochs: -1", "config.range", "epochs"), ("optimizer: Adem", "config.unknown-value", "Adam"),
        ("optimizer_params: {momentum: 0.9}", "config.unknown-key", "betas"),
        ("monitor_criterion: best", "config.unknown-value", "max, min"),
        ("weight_decay: [1]", "config.type", "number"), ("check_numerics: 1", "config.type", "true"),
    ])
    func mistakesAreRefusedWithWhatIsValid(yaml: String, code: String, word: String) {
        let error = #expect(throws: ConfigurationError.self) { try configuration(yaml) }
        #expect(error?.code == code)
        #expect(error?.message.contains(word) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("job.yaml, line 1") == true, "\(error?.message ?? "")")
    }

    @Test(arguments: [
        ("RMSprop", "{}", OptimizerRule.rmsprop(.init(learningRate: 1e-3))),
        (
            "rmsprop", "{lr: 0.01, alpha: 0.9, eps: 1e-6, momentum: 0.5, centered: true}",
            .rmsprop(.init(alpha: 0.9, epsilon: 1e-6, momentum: 0.5, centered: true))
        ),
        ("Adagrad", "{}", .adagrad(.init(learningRate: 1e-3))),
        (
            "adagrad", "{lr: 0.1, lr_decay: 0.01, initial_accumulator_value: 0.1, eps: 1e-6}",
            .adagrad(.init(learningRate: 0.1, rateDecay: 0.01, initialSum: 0.1, epsilon: 1e-6))
        ),
        ("lazy_adam", "{betas: [0.8, 0.9]}", .lazyAdam(.init(beta1: 0.8, beta2: 0.9))),
        ("Adam", "{}", .adam(.init())),
    ])
    func optimizersAreReadWithTheirDefaults(name: String, parameters: String, rule: OptimizerRule) throws {
        #expect(try configuration("{optimizer: \(name), optimizer_params: \(parameters)}").rule == rule)
    }

    @Test(arguments: [
        ("RMSprop", "betas: [0.9, 0.99]", "config.unknown-key"), ("RMSprop", "alpha: 1", "config.range"),
        ("Adagrad", "momentum: 0.9", "config.unknown-key"), ("Adagrad", "lr_decay: -1", "config.range"),
        ("lazy_adam", "amsgrad: true", "config.unknown-key"), ("Adam", "betas: [0.9]", "config.type"),
    ])
    func optionsOfAnotherOptimizerAreRefused(name: String, parameters: String, code: String) {
        let error = #expect(throws: ConfigurationError.self) {
            try configuration("{optimizer: \(name), optimizer_params: {\(parameters)}}")
        }
        #expect(error?.code == code)
    }

    @Test func historyIsWrittenWithUndefinedMetricsEmpty() {
        var history = TrainingHistory()
        history.rows = [
            .init(
                epoch: 0, trainLoss: 0.5, validationLoss: nil,
                metrics: [.init(name: "roc_auc", value: nil), .init(name: "f1", value: 0.25)], isBest: true)
        ]
        #expect(history.csv == "epoch,train_loss,val_loss,val_roc_auc,val_f1,best\n0,0.5,,,0.25,1\n")
    }
}
