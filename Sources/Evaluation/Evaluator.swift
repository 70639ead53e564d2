package import ClinicalData

/// Labels and predictions of some samples, row-major.
package struct Predictions: Sendable {
    /// How they are read.
    package var mode: PredictionMode
    /// Columns of `probabilities` (and of `truth` except for multiclass).
    package var width: Int
    /// Targets: one per cell; for multiclass the class of each sample.
    package var truth: [Double]
    /// Probabilities (regression: predicted values), one row per sample.
    package var probabilities: [Double]

    package init(mode: PredictionMode, width: Int, truth: [Double], probabilities: [Double]) {
        self.mode = mode
        self.width = width
        self.truth = truth
        self.probabilities = probabilities
    }

    /// The number of samples.
    package var count: Int { width == 0 ? 0 : probabilities.count / width }

    /// Metrics in the order asked; names must have been checked with ``MetricCatalog/validate(_:mode:key:)``.
    ///
    /// Thresholds are PyHealth's: 0.5 binary, 0.3 multilabel. None has a value where a prediction is no number.
    package func evaluate(_ metrics: [String], threshold: Double? = nil) -> [MetricResult] {
        let bad = probabilities.count { !$0.isFinite }
        guard bad == 0 else {
            let reason = "\(bad) of \(probabilities.count) predictions are no numbers"
            return metrics.flatMap(MetricCatalog.results).map { MetricResult($0, .undefined(reason)) }
        }
        // Once for all metrics: of many labels they are large.
        let hasRows = mode == .multiclass || mode == .multilabel
        let scores = hasRows ? rows(probabilities) : []
        let labelRows = mode == .multilabel ? rows(truth).map { $0.map { $0 == 1 } } : []
        return metrics.flatMap { name -> [MetricResult] in
            switch mode {
            case .binary:
                let labels = truth.map { $0 == 1 }
                return [
                    MetricResult(
                        name,
                        BinaryMetrics.value(
                            name, labels: labels, scores: probabilities, threshold: threshold ?? 0.5))
                ]
            case .multiclass:
                return MulticlassMetrics.values(
                    name, labels: truth.map { Int($0) }, probabilities: scores)
            case .multilabel:
                return [
                    MetricResult(
                        name,
                        MultilabelMetrics.value(
                            name, labels: labelRows, scores: scores, threshold: threshold ?? 0.3))
                ]
            case .regression:
                return [
                    MetricResult(name, RegressionMetrics.value(name, truth: truth, prediction: probabilities))
                ]
            }
        }
    }

    /// Metrics that are 0 whatever is predicted, by the definitions of scikit-learn: without any positive label there is nothing
    /// to be found.
    package var constantMetrics: Set<String> {
        guard mode == .binary, !truth.contains(1) else { return [] }
        return ["pr_auc", "f1", "recall", "precision", "jaccard"]
    }

    private func rows(_ values: [Double]) -> [[Double]] {
        (0..<count).map { Array(values[($0 * width)..<(($0 + 1) * width)]) }
    }
}
