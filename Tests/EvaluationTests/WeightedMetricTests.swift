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

    @Test func everyRowOfAHistoryHasTheSameNames() {
        for probabilities in [[0.5, 0.5], [.nan, 0.5], []] {
            let found = Predictions(mode: .multiclass, width: 2, truth: [], probabilities: probabilities)
                .evaluate(["hits@n", "mean_rank", "accuracy"])
            #expect(
                found.map(\.name)
                    == ["HITS@1", "HITS@5", "HITS@10", "mean_rank", "mean_reciprocal_rank", "accuracy"])
        }
    }

    @Test func withoutPositivesSomeMetricsAreConstant() {
        func constant(_ truth: [Double]) -> Set<String> {
            Predictions(mode: .binary, width: 1, truth: truth, probabilities: [0.2, 0.8]).constantMetrics
        }
        #expect(constant([0, 1]).isEmpty)
        let none = constant([0, 0])
        #expect(none.contains("pr_auc") && !none.contains("accuracy"))
        for name in none {
            for probabilities in [[0.2, 0.8], [0.9, 0.1]] {
                let found = Predictions(mode: .binary, width: 1, truth: [0, 0], probabilities: probabilities)
                    .evaluate([name]).first?.value.number
                #expect(found == 0, "\(name)")
            }
        }
    }

    @Test func aLabelThatEverybodyHasLeavesItUndefined() {
        guard case .undefined? = value("roc_auc_weighted", truth: [1, 0, 1, 0, 1, 1, 1, 0, 1, 0, 0, 1]) else {
            Issue.record("roc_auc_weighted is defined")
            return
        }
    }
}
