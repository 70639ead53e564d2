/// Metrics of one probability per class and sample; definitions of scikit-learn, names of PyHealth's `multiclass_metrics_fn`.
package enum MulticlassMetrics {
    /// All names.
    package static let names = [
        "roc_auc_macro_ovo", "roc_auc_macro_ovr", "roc_auc_weighted_ovo", "roc_auc_weighted_ovr", "accuracy",
        "balanced_accuracy", "f1_micro", "f1_macro", "f1_weighted", "jaccard_micro", "jaccard_macro",
        "jaccard_weighted", "cohen_kappa", "brier_top1", "ECE", "ECE_adapt", "cwECEt", "cwECEt_adapt",
        "hits@n",
        "mean_rank",
    ]
    /// What is computed without a choice.
    package static let defaults = ["accuracy", "f1_macro", "f1_micro"]

    /// One metric; some names give several values.
    static func values(_ name: String, labels: [Int], probabilities: [[Double]]) -> [MetricResult] {
        guard let classes = probabilities.first?.count, !labels.isEmpty else {
            return MetricCatalog.results(of: name).map { MetricResult($0, .undefined("no samples")) }
        }
        let inputs = Inputs(labels: labels, probabilities: probabilities, classes: classes)
        switch name {
        case "hits@n":
            return [1, 5, 10].map { n in
                MetricResult("HITS@\(n)", .value(inputs.mean { inputs.ranks[$0] <= n ? 1 : 0 }))
            }
        case "mean_rank":
            return [
                MetricResult("mean_rank", .value(inputs.mean { Double(inputs.ranks[$0]) })),
                MetricResult("mean_reciprocal_rank", .value(inputs.mean { 1 / Double(inputs.ranks[$0]) })),
            ]
        default: return [MetricResult(name, value(name, inputs))]
        }
    }

    private static func value(_ name: String, _ inputs: Inputs) -> MetricValue {
        switch name {
        case "accuracy": return .value(inputs.mean { inputs.isRight[$0] ? 1 : 0 })
        case "balanced_accuracy":
            let recalls = inputs.counts.values.filter { $0.support > 0 }.map(\.recall)
            return .value(recalls.reduce(0, +) / Double(recalls.count))
        case "f1_micro": return .value(inputs.pooled.f1)
        case "f1_macro": return .value(inputs.macro(\.f1))
        case "f1_weighted": return .value(inputs.weighted(\.f1))
        case "jaccard_micro": return .value(inputs.pooled.jaccard)
        case "jaccard_macro": return .value(inputs.macro(\.jaccard))
        case "jaccard_weighted": return .value(inputs.weighted(\.jaccard))
        case "cohen_kappa": return .of(inputs.kappa, orUndefined: "one class in labels and predictions")
        case "brier_top1":
            return .value(
                inputs.mean { row in
                    let difference = inputs.confidences[row] - (inputs.isRight[row] ? 1 : 0)
                    return difference * difference
                })
        case "ECE", "ECE_adapt":
            return .value(
                CalibrationError.expected(
                    inputs.confidences, inputs.isRight.map { $0 ? 1 : 0 }, adaptive: name == "ECE_adapt"))
        case "cwECEt", "cwECEt_adapt":
            let error = CalibrationError.classwise(
                inputs.probabilities, isClass: { inputs.labels[$0] == $1 }, classes: inputs.classes,
                adaptive: name == "cwECEt_adapt", threshold: min(0.01, 1 / Double(inputs.classes)))
            return .of(error, orUndefined: "no class reaches the threshold")
        case "roc_auc_macro_ovr": return inputs.oneVersusRest(weighted: false)
        case "roc_auc_weighted_ovr": return inputs.oneVersusRest(weighted: true)
        case "roc_auc_macro_ovo": return inputs.oneVersusOne(weighted: false)
        case "roc_auc_weighted_ovo": return inputs.oneVersusOne(weighted: true)
        default: return .undefined("unknown metric")
        }
    }

    /// Labels and probabilities with what is derived from them.
    private struct Inputs {
        let labels: [Int]
        let probabilities: [[Double]]
        let classes: Int
        /// The first class of highest probability.
        let predictions: [Int]
        let confidences: [Double]
        let isRight: [Bool]
        /// The true class's place in descending probability, 1 for the highest; ties count in its favour.
        let ranks: [Int]
        /// Counts of every class that occurs in labels or predictions.
        let counts: [Int: ConfusionCounts]

        init(labels: [Int], probabilities: [[Double]], classes: Int) {
            self.labels = labels
            self.probabilities = probabilities
            self.classes = classes
            let predictions = probabilities.map { row in
                row.indices.reduce(0) { row[$1] > row[$0] ? $1 : $0 }
            }
            self.predictions = predictions
            confidences = zip(probabilities, predictions).map { $0[$1] }
            isRight = zip(labels, predictions).map { $0 == $1 }
            ranks = zip(labels, probabilities).map { label, row in 1 + row.count { $0 > row[label] } }
            var counts: [Int: ConfusionCounts] = [:]
            for k in Set(labels + predictions) {
                counts[k] = ConfusionCounts(
                    labels: labels.map { $0 == k }, predictions: predictions.map { $0 == k })
            }
            self.counts = counts
        }

        func mean(_ value: (Int) -> Double) -> Double {
            labels.indices.reduce(0) { $0 + value($1) } / Double(labels.count)
        }

        private var ordered: [ConfusionCounts] { counts.keys.sorted().compactMap { counts[$0] } }
        var pooled: ConfusionCounts { ordered.reduce(ConfusionCounts(), +) }

        func macro(_ path: (ConfusionCounts) -> Double) -> Double {
            ordered.reduce(0) { $0 + path($1) } / Double(counts.count)
        }

        func weighted(_ path: (ConfusionCounts) -> Double) -> Double {
            ratio(ordered.reduce(0) { $0 + $1.support * path($1) }, ordered.reduce(0) { $0 + $1.support })
        }

        var kappa: Double {
            let total = Double(labels.count)
            let agreement =
                ordered.reduce(0) { $0 + $1.support * ($1.truePositives + $1.falsePositives) } / total
            let right = Double(isRight.count { $0 })
            return total == agreement ? .nan : 1 - (total - right) / (total - agreement)
        }

        /// Why areas are not defined, nil if they are.
        private var areaProblem: String? {
            if classes == 2 { return Set(labels).count == 2 ? nil : "one class only" }
            return Set(labels).count == classes ? nil : "a class does not occur in the labels"
        }

        func oneVersusRest(weighted: Bool) -> MetricValue {
            if let areaProblem { return .undefined(areaProblem) }
            if classes == 2 { return twoClassArea }
            var (sum, weight) = (0.0, 0.0)
            for k in 0..<classes {
                let isClass = labels.map { $0 == k }
                let share = weighted ? Double(isClass.count { $0 }) : 1
                sum +=
                    share * RankingCurves.areaUnderROC(labels: isClass, scores: probabilities.map { $0[k] })
                weight += share
            }
            return .value(sum / weight)
        }

        func oneVersusOne(weighted: Bool) -> MetricValue {
            if let areaProblem { return .undefined(areaProblem) }
            if classes == 2 { return twoClassArea }
            var (sum, weight) = (0.0, 0.0)
            for a in 0..<classes {
                for b in (a + 1)..<max(classes, a + 1) {
                    let rows = labels.indices.filter { labels[$0] == a || labels[$0] == b }
                    let first = area(rows, a), second = area(rows, b)
                    let share = weighted ? Double(rows.count) : 1
                    sum += share * (first + second) / 2
                    weight += share
                }
            }
            return .value(sum / weight)
        }

        private var twoClassArea: MetricValue {
            .value(
                RankingCurves.areaUnderROC(
                    labels: labels.map { $0 == 1 }, scores: probabilities.map { $0[1] }))
        }

        private func area(_ rows: [Int], _ k: Int) -> Double {
            RankingCurves.areaUnderROC(
                labels: rows.map { labels[$0] == k }, scores: rows.map { probabilities[$0][k] })
        }
    }
}
