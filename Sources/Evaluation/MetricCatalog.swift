package import ClinicalData
import Groundwork

/// Which metrics there are, by prediction mode.
package enum MetricCatalog {
    /// The valid names of a mode.
    package static func names(_ mode: PredictionMode) -> [String] {
        switch mode {
        case .binary: BinaryMetrics.names
        case .multiclass: MulticlassMetrics.names
        case .multilabel: MultilabelMetrics.names
        case .regression: RegressionMetrics.names
        }
    }

    /// What is computed without a choice.
    package static func defaults(_ mode: PredictionMode) -> [String] {
        switch mode {
        case .binary: BinaryMetrics.defaults
        case .multiclass: MulticlassMetrics.defaults
        case .multilabel: MultilabelMetrics.defaults
        case .regression: RegressionMetrics.defaults
        }
    }

    /// Refuses names that the mode does not have; throws `ConfigurationError` naming the valid ones.
    package static func validate(_ metrics: [String], mode: PredictionMode, key: String) throws {
        let valid = names(mode)
        if let twice = metrics.indices.first(where: { metrics[..<$0].contains(metrics[$0]) }) {
            throw ConfigurationError(
                "metric-twice", "\(key): metric \"\(metrics[twice])\" stands twice. Leave one out.")
        }
        for name in metrics where !valid.contains(name) {
            throw ConfigurationError(
                "unknown-metric",
                "\(key): metric \"\(name)\" is not known for \(mode.rawValue) prediction."
                    + "\(suggestion(for: name, among: valid)) Valid: \(valid.joined(separator: ", ")).")
        }
    }

    /// The names of the results of a metric: some give several.
    package static func results(of name: String) -> [String] {
        switch name {
        case "hits@n": ["HITS@1", "HITS@5", "HITS@10"]
        case "mean_rank": ["mean_rank", "mean_reciprocal_rank"]
        default: [name]
        }
    }

    /// Refuses a monitor that is none of the results; `loss` is always one. Throws `ConfigurationError`.
    package static func validateMonitor(_ monitor: String, mode: PredictionMode) throws {
        let expanded = names(mode).flatMap(results)
        guard monitor == "loss" || expanded.contains(monitor) else {
            let valid = ["loss"] + expanded
            throw ConfigurationError(
                "unknown-metric",
                "trainer.monitor: \"\(monitor)\" is not known for \(mode.rawValue) prediction."
                    + "\(suggestion(for: monitor, among: valid)) Valid: \(valid.joined(separator: ", ")).")
        }
    }

    /// The metric name to ask for so that `monitor` is among the results; nil for `loss`.
    package static func request(for monitor: String) -> String? {
        switch monitor {
        case "loss": nil
        case "HITS@1", "HITS@5", "HITS@10": "hits@n"
        case "mean_reciprocal_rank": "mean_rank"
        default: monitor
        }
    }
}
