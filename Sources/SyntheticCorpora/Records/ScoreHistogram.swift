/// Labels counted by score, so that the area under the ROC curve needs the same memory for any number of samples.
struct ScoreHistogram {
    /// Scores below −16 and above 16 count as these.
    private static let reach = 16.0
    private static let binsPerUnit = 2048.0
    private var positives = [Int](repeating: 0, count: Int(2 * reach * binsPerUnit) + 1)
    private var negatives = [Int](repeating: 0, count: Int(2 * reach * binsPerUnit) + 1)

    /// Counts a sample with the given logit.
    mutating func add(_ logit: Double, _ label: Bool) {
        let bounded = max(-Self.reach, min(Self.reach, logit))
        let bin = Int(((bounded + Self.reach) * Self.binsPerUnit).rounded())
        if label { positives[bin] += 1 } else { negatives[bin] += 1 }
    }

    /// Number of samples.
    var count: Int { positives.reduce(0, +) + negatives.reduce(0, +) }

    /// Share of positive samples, 0 without any.
    var baseRate: Double { Double(positives.reduce(0, +)) / Double(max(count, 1)) }

    /// P(s⁺ > s⁻) + ½ P(equal bin); nil with one class only.
    var areaUnderROC: Double? {
        var (area, below) = (0.0, 0)
        for (positive, negative) in zip(positives, negatives) {
            area += Double(positive) * (Double(below) + Double(negative) / 2)
            below += negative
        }
        let all = Double(positives.reduce(0, +)) * Double(below)
        return all > 0 ? area / all : nil
    }
}
