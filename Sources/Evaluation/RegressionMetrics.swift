import Foundation

/// Metrics of a number per sample, names of PyHealth's `regression_metrics_fn`.
package enum RegressionMetrics {
    /// All names.
    package static let names = ["kl_divergence", "mse", "mae"]
    /// What is computed without a choice.
    package static let defaults = ["kl_divergence", "mse", "mae"]

    /// One metric. kl_divergence: Σ q ln(q / p) with truth p and prediction q, both floored at 1e-6 and normalised.
    static func value(_ name: String, truth: [Double], prediction: [Double]) -> MetricValue {
        guard !truth.isEmpty else { return .undefined("no samples") }
        let pairs = zip(truth, prediction)
        let count = Double(truth.count)
        switch name {
        case "mse":
            return .of(
                pairs.reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / count, orUndefined: "not finite")
        case "mae": return .of(pairs.reduce(0) { $0 + abs($1.0 - $1.1) } / count, orUndefined: "not finite")
        default:
            let p = normalised(truth), q = normalised(prediction)
            return .of(zip(p, q).reduce(0) { $0 + $1.1 * log($1.1 / $1.0) }, orUndefined: "not finite")
        }
    }

    private static func normalised(_ values: [Double]) -> [Double] {
        let floored = values.map { max($0, 1e-6) }
        let total = floored.reduce(0, +)
        return floored.map { $0 / total }
    }
}
