package import Groundwork

/// Options of the trainer, with PyHealth's names and defaults.
package struct TrainerConfiguration: Sendable, Equatable {
    /// Passes over the training samples. The default is 5.
    package var epochs = 5
    /// Samples per optimizer step over all workers. The default is 32.
    package var batchSize = 32
    /// The optimizer and its parameters. The default is Adam with lr 1e-3.
    package var optimizer = OptimizerConfiguration()
    /// L2 penalty (AdamW: decoupled decay), not on parameters with `bias` or `LayerNorm.weight` in their names. The default is 0.
    package var weightDecay = 0.0
    /// Upper limit of the global L2 norm of the gradient; nil for none.
    package var maxGradNorm: Double?
    /// Steps per epoch; nil for one pass over the samples. A larger number starts the samples again.
    package var stepsPerEpoch: Int?
    /// The validation metric that decides which checkpoint is best; nil: the last epoch is.
    package var monitor: String?
    /// Whether a higher or a lower monitored value is better. The default is max.
    package var monitorCriterion = MonitorCriterion.max
    /// Epochs without improvement after which training stops; nil: never.
    package var patience: Int?
    /// Whether evaluation uses the best checkpoint rather than the last. The default is true.
    package var loadBestModelAtLast = true
    /// The metrics of every evaluation; nil: the mode's default.
    package var metrics: [String]?
    /// Virtual ranks K per global step; nil: the largest power of two ≤ batch size / 16, at least 1.
    package var virtualRanks: Int?
    /// Weight of positive labels; nil for none.
    package var posWeight: PositiveWeight?
    /// Whether every operation's result and gradient is looked through for NaN and infinities. The default is false.
    package var checkNumerics = false
    /// Seconds between two checkpoints, beside those at the ends of epochs; nil: none. The default is 60. Changes no result.
    package var checkpointSeconds: Double? = 60

    /// Whether a larger or a smaller value is the better one.
    package enum MonitorCriterion: String, Sendable { case max, min }

    /// How positive labels weigh in the binary cross entropy.
    package enum PositiveWeight: Sendable, Equatable {
        /// Negatives per positive of the training samples, per label.
        case balanced
        /// One number for all labels or one per label.
        case values([Double])
    }

    /// The most virtual ranks.
    private static let mostRanks = 4096

    /// K: as configured, else the largest power of two ≤ batch size / 16, at least 1 and at most 4096.
    package var resolvedVirtualRanks: Int {
        if let virtualRanks { return virtualRanks }
        var ranks = 1
        while ranks * 2 <= min(batchSize / 16, Self.mostRanks) { ranks *= 2 }
        return ranks
    }

    /// The defaults.
    package init() {}

    /// The keys of the job file's `trainer` section.
    package static let keys = [
        "batch_size", "check_numerics", "checkpoint_seconds", "epochs", "load_best_model_at_last",
        "max_grad_norm", "metrics",
        "monitor",
        "monitor_criterion", "optimizer", "optimizer_params", "patience", "pos_weight", "steps_per_epoch",
        "virtual_ranks", "weight_decay",
    ]

    /// Decodes the `trainer` section strictly; throws ``ConfigurationError``.
    package init(_ node: ConfigurationNode) throws {
        try node.allow(Self.keys)
        if let value = node.child("epochs") { epochs = try value.int(in: 1...1_000_000) }
        if let value = node.child("batch_size") { batchSize = try value.int(in: 1...1_000_000) }
        optimizer = try OptimizerConfiguration(
            name: node.child("optimizer"), parameters: node.child("optimizer_params"))
        if let value = node.child("weight_decay") { weightDecay = try value.double(in: 0...1e6) }
        maxGradNorm = try node.child("max_grad_norm")?.double(in: Double.leastNonzeroMagnitude...1e12)
        stepsPerEpoch = try node.child("steps_per_epoch")?.int(in: 1...1_000_000_000)
        monitor = try node.child("monitor")?.string()
        if let value = node.child("monitor_criterion") {
            monitorCriterion = try value.choice(["max", "min"]) == "max" ? .max : .min
        }
        patience = try node.child("patience")?.int(in: 1...1_000_000)
        if let value = node.child("load_best_model_at_last") { loadBestModelAtLast = try value.bool() }
        metrics = try node.child("metrics")?.strings()
        if let value = node.child("check_numerics") { checkNumerics = try value.bool() }
        if let value = node.child("checkpoint_seconds") {
            let seconds = try value.double(in: 0...1e6)
            checkpointSeconds = seconds == 0 ? nil : seconds
        }
        posWeight = try node.child("pos_weight").map(Self.positiveWeight)
        if let value = node.child("virtual_ranks") {
            let ranks = try value.int(in: 1...Self.mostRanks)
            guard ranks & (ranks - 1) == 0, ranks <= batchSize else {
                throw value.error("range", "expected a power of two not above batch_size (\(batchSize)).")
            }
            virtualRanks = ranks
        }
    }

    private static func positiveWeight(_ node: ConfigurationNode) throws -> PositiveWeight {
        let items = node.isSequence ? try node.items() : [node]
        if !node.isSequence {
            if try node.string() == "balanced" { return .balanced }
            if (try? node.double()) == nil {
                throw node.error("type", "expected balanced, a number, or a list of numbers.")
            }
        }
        guard !items.isEmpty else { throw node.error("empty", "expected at least one number.") }
        return .values(try items.map { try $0.double(in: 0...1e9) })
    }
}
