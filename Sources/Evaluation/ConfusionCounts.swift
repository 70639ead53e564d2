/// True and false positives and negatives of one class.
struct ConfusionCounts {
    var truePositives = 0.0
    var falsePositives = 0.0
    var falseNegatives = 0.0
    var trueNegatives = 0.0

    init() {}

    init(labels: [Bool], predictions: [Bool]) {
        for (label, prediction) in zip(labels, predictions) {
            switch (label, prediction) {
            case (true, true): truePositives += 1
            case (false, true): falsePositives += 1
            case (true, false): falseNegatives += 1
            case (false, false): trueNegatives += 1
            }
        }
    }

    static func + (a: ConfusionCounts, b: ConfusionCounts) -> ConfusionCounts {
        var sum = a
        sum.truePositives += b.truePositives
        sum.falsePositives += b.falsePositives
        sum.falseNegatives += b.falseNegatives
        sum.trueNegatives += b.trueNegatives
        return sum
    }

    /// The number of positive labels.
    var support: Double { truePositives + falseNegatives }
    var precision: Double { ratio(truePositives, truePositives + falsePositives) }
    var recall: Double { ratio(truePositives, support) }
    var f1: Double { ratio(2 * truePositives, 2 * truePositives + falsePositives + falseNegatives) }
    var jaccard: Double { ratio(truePositives, truePositives + falsePositives + falseNegatives) }
}

/// a / b, where 0/0 counts as 0.
func ratio(_ a: Double, _ b: Double) -> Double { b == 0 ? 0 : a / b }
