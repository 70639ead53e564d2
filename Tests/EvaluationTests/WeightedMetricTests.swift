import Evaluation
import Testing

/// Averages weighted by support, as scikit-learn's `roc_auc_score(average="weighted")` takes them.
struct WeightedMetricTests {
    private func value(_ name: String, truth: [Double]) -> MetricValue? {
        let predictions = Predictions(
            mode: .multilabel, width: 3, truth: truth,
            probabilities: [0.9, 0.2, 0.3, 0.1, 0.8, 0.4, 0.6, 0.7, 0.5, 0.4, 0.1, 0.2])
        return predictions.evaluate([name]).first?.value
    }

    /// Columns: positives in rows 0 and 2 (ROC 1), in row 1 (1), in none.
    @Test func aLabelThatNobodyHasWeighsNothing() {
        let truth: [Double] = [1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0]
        for family in ["roc_auc", "pr_auc"] {
            guard case .value(let weighted)? = value("\(family)_weighted", truth: truth) else {
                Issue.record("\(family)_weighted is undefined")
                continue
            }
            #expect(weighted == 1)
        }
        guard case .undefined? = value("roc_auc_macro", truth: truth) else {
            Issue.record("roc_auc_macro is defined")
            return
        }
    }

    @Test func aLabelThatEverybodyHasLeavesItUndefined() {
        guard case .undefined? = value("roc_auc_weighted", truth: [1, 0, 1, 0, 1, 1, 1, 0, 1, 0, 0, 1]) else {
            Issue.record("roc_auc_weighted is defined")
            return
        }
    }
}
