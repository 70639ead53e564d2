import Batching
import ClinicalData
import Evaluation
import Models
import Storage

/// Loss and metrics of the validation samples.
struct EpochEvaluation {
    /// Mean over the samples; nil without samples, and where it is no number (a sample holds NaN or is beyond all scales).
    var loss: Double?
    var metrics: [TrainingHistory.Metric]
    /// Names of those that are 0 whatever is predicted.
    var constant: Set<String> = []
}

extension Trainer {
    /// Samples that one member predicts at a time.
    private static let chunk = 256

    /// Evaluates on the validation samples: chunk c is predicted by member c mod N, and everybody gets everything.
    func evaluate(_ exchange: any GradientExchange) throws -> EpochEvaluation {
        guard !validation.isEmpty else {
            _ = try exchange.allGather([])
            return EpochEvaluation(
                loss: nil, metrics: metrics.flatMap(MetricCatalog.results).map { .init(name: $0, value: nil) }
            )
        }
        let predictor = Predictor(model: model, batches: batches)
        let chunks = stride(from: 0, to: validation.count, by: Self.chunk).map {
            Array(validation[$0..<min($0 + Self.chunk, validation.count)])
        }
        var mine: [Float] = []
        for chunk in stride(from: exchange.memberIndex, to: chunks.count, by: exchange.memberCount) {
            let results = try predictor.predict(chunks[chunk])
            mine += results.probabilities + results.losses
        }
        let all = try exchange.allGather(mine.withUnsafeBytes { Array($0) }).map { bytes in
            bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
        }
        return try combine(all, chunks)
    }

    private func combine(_ members: [[Float]], _ chunks: [[Int]]) throws -> EpochEvaluation {
        let width = model.schema.outputSize
        var cursors = [Int](repeating: 0, count: members.count)
        var probabilities: [Double] = []
        var loss = 0.0
        for (chunk, samples) in chunks.enumerated() {
            let member = chunk % members.count
            let size = samples.count * (width + 1)
            let part = members[member][cursors[member]..<(cursors[member] + size)]
            cursors[member] += size
            probabilities += part.prefix(samples.count * width).map { Double($0) }
            loss += part.suffix(samples.count).reduce(0) { $0 + Double($1) }
        }
        let predictions = Predictions(
            mode: model.schema.mode, width: width, truth: try batches.labels(validation).numbers,
            probabilities: probabilities)
        return EpochEvaluation(
            loss: loss.isFinite ? loss / Double(validation.count) : nil,
            metrics: predictions.evaluate(metrics).map { .init(name: $0.name, value: $0.value.number) },
            constant: predictions.constantMetrics)
    }
}

extension BatchLabels {
    /// Targets or classes as double precision numbers.
    package var numbers: [Double] {
        switch self {
        case .values(let values, _): values.map { Double($0) }
        case .classes(let classes): classes.map { Double($0) }
        }
    }
}

extension TrainingHistory {
    /// Adds an epoch and decides whether it is the best: strictly better than all before; an undefined value never is, nor one
    /// that no parameters could change.
    /// Without a monitor every epoch is the best so far.
    mutating func add(
        epoch: Int, trainLoss: Double, _ evaluated: EpochEvaluation, _ configuration: TrainerConfiguration
    ) {
        var isBest = true
        if let monitor = configuration.monitor {
            let value =
                monitor == "loss" ? evaluated.loss : evaluated.metrics.first { $0.name == monitor }?.value
            let score = evaluated.constant.contains(monitor) ? nil : value
            switch (score, bestScore) {
            case (nil, _): isBest = false
            case (.some, nil): isBest = true
            case (.some(let new), .some(let best)):
                isBest = configuration.monitorCriterion == .max ? new > best : new < best
            }
            if isBest { bestScore = score }
            epochsWithoutImprovement = isBest ? 0 : epochsWithoutImprovement + 1
        }
        rows.append(
            Row(
                epoch: epoch, trainLoss: trainLoss, validationLoss: evaluated.loss,
                metrics: evaluated.metrics,
                isBest: isBest))
    }
}
