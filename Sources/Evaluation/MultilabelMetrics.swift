/// Metrics of several yes-or-no labels per sample; definitions of scikit-learn, names of PyHealth's `multilabel_metrics_fn`.
package enum MultilabelMetrics {
    private static let averages = ["micro", "macro", "weighted", "samples"]
    private static let families = ["roc_auc", "pr_auc", "f1", "precision", "recall", "jaccard"]
    /// All names.
    package static let names =
        families.flatMap { family in averages.map { "\(family)_\($0)" } }
        + ["accuracy", "hamming_loss", "cwECE", "cwECE_adapt"]
    /// What is computed without a choice.
    package static let defaults = ["pr_auc_samples"]

    /// One metric; `labels` and `scores` hold one row per sample.
    static func value(_ name: String, labels: [[Bool]], scores: [[Double]], threshold: Double) -> MetricValue
    {
        guard let width = labels.first?.count, width > 0 else { return .undefined("no samples") }
        let predictions = scores.map { $0.map { $0 >= threshold } }
        let cells = Double(labels.count * width)
        switch name {
        case "accuracy", "hamming_loss":
            let wrong = Double(zip(labels, predictions).reduce(0) { $0 + zip($1.0, $1.1).count { $0 != $1 } })
            return .value(name == "accuracy" ? 1 - wrong / cells : wrong / cells)
        case "cwECE", "cwECE_adapt":
            let error = CalibrationError.classwise(
                scores, isClass: { labels[$0][$1] }, classes: width, adaptive: name == "cwECE_adapt",
                threshold: 0)
            return .of(error, orUndefined: "no label reaches the threshold")
        default: break
        }
        guard let family = families.first(where: { name.hasPrefix("\($0)_") }) else {
            return .undefined("unknown metric")
        }
        let average = String(name.dropFirst(family.count + 1))
        guard width > 1 else {
            return ofOneLabel(
                family, average, labels.map { $0[0] }, scores.map { $0[0] }, predictions.map { $0[0] })
        }
        return .of(
            averaged(family, average, labels, scores, predictions),
            orUndefined: "a label or sample has one class only")
    }

    /// One label alone is a question of yes or no: curves are its own, and counts are averaged over the answers no and yes,
    /// as far as there are any (scikit-learn).
    private static func ofOneLabel(
        _ family: String, _ average: String, _ labels: [Bool], _ scores: [Double], _ predictions: [Bool]
    ) -> MetricValue {
        if family == "roc_auc" || family == "pr_auc" {
            return .of(score(family, labels, scores, predictions), orUndefined: "one class only")
        }
        let answers = [false, true].filter { labels.contains($0) || predictions.contains($0) }
        let classes = answers.map { answer in (labels.map { $0 == answer }, predictions.map { $0 == answer })
        }
        let values = classes.map { score(family, $0, [], $1) }
        switch average {
        case "micro":
            return .value(score(family, classes.flatMap(\.0), [], classes.flatMap(\.1)))
        case "macro": return .value(values.reduce(0, +) / Double(values.count))
        case "weighted":
            let supports = classes.map { Double($0.0.count { $0 }) }
            return .value(ratio(zip(values, supports).reduce(0) { $0 + $1.0 * $1.1 }, supports.reduce(0, +)))
        default: return .undefined("averages over samples need several labels")
        }
    }

    private static func averaged(
        _ family: String, _ average: String, _ labels: [[Bool]], _ scores: [[Double]], _ predictions: [[Bool]]
    ) -> Double {
        switch average {
        case "micro":
            return score(family, labels.flatMap { $0 }, scores.flatMap { $0 }, predictions.flatMap { $0 })
        case "samples":
            let rows = labels.indices.map { score(family, labels[$0], scores[$0], predictions[$0]) }
            return rows.reduce(0, +) / Double(rows.count)
        default:
            let width = labels[0].count
            let columns = (0..<width).map { k in
                score(family, labels.map { $0[k] }, scores.map { $0[k] }, predictions.map { $0[k] })
            }
            guard average == "weighted" else { return columns.reduce(0, +) / Double(width) }
            let supports = (0..<width).map { k in Double(labels.count { $0[k] }) }
            // A label that nobody has weighs nothing, whatever its own score (that of ROC is undefined).
            let weighted = zip(columns, supports).filter { $0.1 > 0 }
            return ratio(weighted.reduce(0) { $0 + $1.0 * $1.1 }, supports.reduce(0, +))
        }
    }

    private static func score(
        _ family: String, _ labels: [Bool], _ scores: [Double], _ predictions: [Bool]
    ) -> Double {
        switch family {
        case "roc_auc": return RankingCurves.areaUnderROC(labels: labels, scores: scores)
        case "pr_auc": return RankingCurves.averagePrecision(labels: labels, scores: scores)
        default:
            let counts = ConfusionCounts(labels: labels, predictions: predictions)
            switch family {
            case "f1": return counts.f1
            case "precision": return counts.precision
            case "recall": return counts.recall
            default: return counts.jaccard
            }
        }
    }
}
