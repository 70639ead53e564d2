import ClinicalData
import Evaluation
import Groundwork

/// ROC, precision–recall and calibration of a model's predictions.
///
/// A curve is drawn only where both classes have at least ``SmallCells/limit`` samples, and only at some of its points, so
/// that no person can be read off it.
struct PredictionPlots {
    private static let mostPoints = 200
    private static let bins = 10
    /// Classes drawn in one plot, so that their colours differ.
    private static let mostClasses = 5

    let split: String
    let predictions: Predictions

    /// The figures, or a sentence that says why there are none.
    func html() -> String {
        switch predictions.mode {
        case .binary: return binary()
        case .multiclass: return multiclass()
        case .multilabel, .regression: return HTML.paragraph("No curves are drawn for this kind of label.")
        }
    }

    private func binary() -> String {
        let labels = predictions.truth.map { $0 > 0.5 }
        guard isDrawable(labels) else { return tooFew }
        let scores = predictions.probabilities
        return "<div class=\"plots\">\n" + roc([("", labels, scores)]) + precisionRecall(labels, scores)
            + calibration(scores, labels.map { $0 ? 1 : 0 }, "Predicted probability", "Observed share")
            + "</div>\n"
    }

    private func multiclass() -> String {
        let width = predictions.width
        let classes = (0..<width).map { k in
            (
                name: "class \(k)", labels: predictions.truth.map { Int($0) == k },
                scores: stride(from: k, to: predictions.probabilities.count, by: width)
                    .map { predictions.probabilities[$0] }
            )
        }
        let drawable = classes.filter { isDrawable($0.labels) }
        guard !drawable.isEmpty else { return tooFew }
        let best = (0..<predictions.count).map { row -> (confidence: Double, right: Double) in
            let probabilities = predictions.probabilities[(row * width)..<((row + 1) * width)]
            let top = probabilities.indices.max { probabilities[$0] < probabilities[$1] } ?? 0
            return (probabilities[top], top - row * width == Int(predictions.truth[row]) ? 1 : 0)
        }
        let plots = stride(from: 0, to: drawable.count, by: Self.mostClasses)
            .map { roc(Array(drawable[$0..<min($0 + Self.mostClasses, drawable.count)])) }
        let missing = classes.filter { !isDrawable($0.labels) }.map(\.name)
        let note =
            missing.isEmpty
            ? ""
            : HTML.paragraph(
                "Without a curve, for fewer than \(SmallCells.limit) samples: \(missing.joined(separator: ", "))."
            )
        return "<div class=\"plots\">\n" + plots.joined()
            + calibration(
                best.map(\.confidence), best.map(\.right), "Highest probability", "Share that is right")
            + "</div>\n" + note + confusion()
    }

    private func isDrawable(_ labels: [Bool]) -> Bool {
        let positives = labels.count { $0 }
        return min(positives, labels.count - positives) >= SmallCells.limit
    }

    private var tooFew: String {
        HTML.paragraph(
            "Curves are drawn only where both classes have at least \(SmallCells.limit) samples; the \(split) split has fewer."
        )
    }

    // MARK: Curves

    private func roc(_ classes: [(name: String, labels: [Bool], scores: [Double])]) -> String {
        var series = [
            Plot.Series(name: "chance", mark: .dashed, points: [(0, 0), (1, 1)], color: -1)
        ]
        for (number, one) in classes.enumerated() {
            let points = RankingCurves.points(labels: one.labels, scores: one.scores)
            guard let last = points.last else { continue }
            let area = RankingCurves.areaUnderROC(labels: one.labels, scores: one.scores)
            let curve =
                [(x: 0.0, y: 0.0)]
                + Self.thinned(points).map {
                    (
                        x: Double($0.falsePositives) / Double(last.falsePositives),
                        y: Double($0.truePositives) / Double(last.truePositives)
                    )
                }
            let name = (one.name.isEmpty ? "model" : one.name) + String(format: ", area %.3f", area)
            series.append(Plot.Series(name: name, mark: .line, points: curve, color: number))
        }
        return Plot(
            title: predictions.mode == .multiclass ? "ROC, one class against the rest" : "ROC",
            xLabel: "False positive rate",
            yLabel: "True positive rate", xRange: 0...1, yRange: 0...1, series: series
        ).figure()
    }

    private func precisionRecall(_ labels: [Bool], _ scores: [Double]) -> String {
        let points = RankingCurves.points(labels: labels, scores: scores)
        let positives = Double(labels.count { $0 })
        let base = positives / Double(labels.count)
        let curve = Self.thinned(points).map {
            (
                x: Double($0.truePositives) / positives,
                y: Double($0.truePositives) / Double($0.truePositives + $0.falsePositives)
            )
        }
        let average = RankingCurves.averagePrecision(labels: labels, scores: scores)
        return Plot(
            title: "Precision–recall", xLabel: "Recall", yLabel: "Precision", xRange: 0...1, yRange: 0...1,
            series: [
                .init(
                    name: String(format: "base rate %.3f", base), mark: .dashed,
                    points: [(0, base), (1, base)],
                    color: -1),
                .init(
                    name: String(format: "model, average precision %.3f", average), mark: .line,
                    points: curve,
                    color: 0),
            ]
        ).figure()
    }

    /// Every n-th point, and the last; none before ``SmallCells/limit`` samples are above the threshold.
    private static func thinned(_ points: [RankingCurves.Point]) -> [RankingCurves.Point] {
        let enough = points.filter { $0.truePositives + $0.falsePositives >= SmallCells.limit }
        guard enough.count > mostPoints, let last = enough.last else { return enough }
        return stride(from: 0, to: enough.count - 1, by: (enough.count + mostPoints - 1) / mostPoints)
            .map { enough[$0] } + [last]
    }

    // MARK: Calibration

    private func calibration(
        _ confidences: [Double], _ outcomes: [Double], _ xLabel: String, _ yLabel: String
    ) -> String {
        let bins = CalibrationError.bins(confidences, count: Self.bins, adaptive: false)
        let shown = bins.filter { $0.count >= SmallCells.limit }
        let points = shown.map { bin in
            (
                x: bin.reduce(0) { $0 + confidences[$1] } / Double(bin.count),
                y: bin.reduce(0) { $0 + outcomes[$1] } / Double(bin.count)
            )
        }
        let error = CalibrationError.expected(confidences, outcomes, bins: Self.bins)
        let reliability = Plot(
            title: "Calibration", xLabel: xLabel, yLabel: yLabel, xRange: 0...1, yRange: 0...1,
            series: [
                .init(name: "perfect", mark: .dashed, points: [(0, 0), (1, 1)], color: -1),
                .init(
                    name: String(format: "model, expected error %.3f (10 bins)", error), mark: .line,
                    points: points, color: 0),
                .init(name: "", mark: .dots, points: points, color: 0),
            ])
        // The shares add up to 1: a bin is also left out where it would give the only small one away.
        let told = SmallCells.texts(addends: bins.map(\.count))
        let heights = bins.enumerated().map { number, bin in
            (
                x: (Double(number) + 0.5) / Double(Self.bins),
                y: told[number] == "\(bin.count)" ? Double(bin.count) / Double(confidences.count) : 0
            )
        }
        let histogram = Plot(
            title: "Samples per bin", xLabel: xLabel, yLabel: "Share of samples", xRange: 0...1,
            yRange: 0...max(0.05, (heights.map(\.y).max() ?? 1) * 1.05),
            series: [
                .init(
                    name: told == bins.map { "\($0.count)" }
                        ? "samples"
                        : "without bins of fewer than \(SmallCells.limit) samples, and one that would give such a bin away",
                    mark: .bars,
                    points: heights, color: 5)
            ])
        return reliability.figure() + histogram.figure()
    }

    // MARK: Confusion

    private func confusion() -> String {
        let width = predictions.width
        var counts = Array(repeating: Array(repeating: 0, count: width), count: width)
        for row in 0..<predictions.count {
            let probabilities = predictions.probabilities[(row * width)..<((row + 1) * width)]
            let top = probabilities.indices.max { probabilities[$0] < probabilities[$1] } ?? 0
            counts[Int(predictions.truth[row])][top - row * width] += 1
        }
        return "<h3>Confusion: true class by row, predicted class by column</h3>\n"
            + HTML.table(
                ["true"] + (0..<width).map { "\($0)" },
                counts.enumerated().map { ["\($0)"] + SmallCells.texts(addends: $1) }, numbers: Set(1...width)
            )
    }
}
