import Foundation

/// Metrics of one probability per sample; definitions of scikit-learn, names of PyHealth's `binary_metrics_fn`.
package enum BinaryMetrics {
    /// All names.
    package static let names = [
        "pr_auc", "roc_auc", "accuracy", "balanced_accuracy", "f1", "precision", "recall", "cohen_kappa",
        "jaccard",
        "brier", "oe_ratio", "calibration_slope", "calibration_intercept", "ECE", "ECE_adapt",
    ]
    /// What is computed without a choice.
    package static let defaults = ["pr_auc", "roc_auc", "f1"]

    /// One metric; a probability at or above `threshold` is a positive prediction.
    static func value(_ name: String, labels: [Bool], scores: [Double], threshold: Double) -> MetricValue {
        let predictions = scores.map { $0 >= threshold }
        let counts = ConfusionCounts(labels: labels, predictions: predictions)
        let total = Double(labels.count)
        guard total > 0 else { return .undefined("no samples") }
        switch name {
        case "pr_auc": return .value(RankingCurves.averagePrecision(labels: labels, scores: scores))
        case "roc_auc":
            return .of(
                RankingCurves.areaUnderROC(labels: labels, scores: scores), orUndefined: "one class only")
        case "accuracy": return .value((counts.truePositives + counts.trueNegatives) / total)
        case "balanced_accuracy": return .value(balancedAccuracy(counts))
        case "f1": return .value(counts.f1)
        case "precision": return .value(counts.precision)
        case "recall": return .value(counts.recall)
        case "cohen_kappa":
            return .of(kappa(counts, total), orUndefined: "one class in labels and predictions")
        case "jaccard": return .value(counts.jaccard)
        case "brier":
            return .value(zip(labels, scores).reduce(0) { $0 + square($1.1 - ($1.0 ? 1 : 0)) } / total)
        case "oe_ratio":
            return .of(counts.support / scores.reduce(0, +), orUndefined: "the probabilities sum to 0")
        case "calibration_slope": return recalibration(labels, scores, freeSlope: true)
        case "calibration_intercept": return recalibration(labels, scores, freeSlope: false)
        case "ECE", "ECE_adapt":
            return .value(
                CalibrationError.expected(scores, labels.map { $0 ? 1 : 0 }, adaptive: name == "ECE_adapt"))
        default: return .undefined("unknown metric")
        }
    }

    /// Mean recall over the classes that occur.
    private static func balancedAccuracy(_ counts: ConfusionCounts) -> Double {
        let negatives = counts.trueNegatives + counts.falsePositives
        var recalls: [Double] = []
        if negatives > 0 { recalls.append(counts.trueNegatives / negatives) }
        if counts.support > 0 { recalls.append(counts.recall) }
        return recalls.reduce(0, +) / Double(recalls.count)
    }

    /// 1 − observed ÷ expected disagreement; NaN when none is expected.
    private static func kappa(_ c: ConfusionCounts, _ total: Double) -> Double {
        let predicted = c.truePositives + c.falsePositives
        let expected = (c.support * (total - predicted) + (total - c.support) * predicted) / total
        return expected == 0 ? .nan : 1 - (c.falsePositives + c.falseNegatives) / expected
    }

    private static func square(_ x: Double) -> Double { x * x }

    /// Logistic regression of the label on logit(p) (p clipped at 1e-12): the slope, or the intercept with slope 1.
    ///
    /// Undefined with one class, and for the slope where all predictions are equal or the fit has no finite optimum.
    private static func recalibration(_ labels: [Bool], _ scores: [Double], freeSlope: Bool) -> MetricValue {
        guard labels.contains(true), labels.contains(false) else { return .undefined("one class only") }
        let logits = scores.map { p -> Double in
            let clipped = min(max(p, 1e-12), 1 - 1e-12)
            return log(clipped / (1 - clipped))
        }
        return freeSlope
            ? Recalibration(labels, logits).slope() : .value(Recalibration(labels, logits).intercept())
    }
}
