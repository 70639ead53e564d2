/// Curves over all thresholds; ties form one point. Definitions as in scikit-learn.
package enum RankingCurves {
    /// Counts of positives and negatives at or above every distinct score, descending.
    package struct Point: Sendable, Equatable {
        package var threshold: Double
        package var truePositives: Int
        package var falsePositives: Int
    }

    /// The points, highest score first.
    package static func points(labels: [Bool], scores: [Double]) -> [Point] {
        let order = scores.indices.sorted { (-scores[$0], $0) < (-scores[$1], $1) }
        var points: [Point] = []
        var (positives, negatives) = (0, 0)
        for (place, sample) in order.enumerated() {
            if labels[sample] { positives += 1 } else { negatives += 1 }
            let isLast = place + 1 == order.count || scores[order[place + 1]] != scores[sample]
            if isLast {
                points.append(
                    Point(threshold: scores[sample], truePositives: positives, falsePositives: negatives))
            }
        }
        return points
    }

    /// Area under the ROC curve by trapezoids: P(s⁺ > s⁻) + ½ P(equal); NaN with one class only.
    package static func areaUnderROC(labels: [Bool], scores: [Double]) -> Double {
        let points = points(labels: labels, scores: scores)
        guard let last = points.last, last.truePositives > 0, last.falsePositives > 0 else { return .nan }
        var area = 0.0
        var previous = (0, 0)
        for point in points {
            area += Double(point.falsePositives - previous.1) * Double(point.truePositives + previous.0) / 2
            previous = (point.truePositives, point.falsePositives)
        }
        return area / (Double(last.truePositives) * Double(last.falsePositives))
    }

    /// Average precision Σ (Rₙ − Rₙ₋₁) Pₙ without interpolation; 0 without positives.
    package static func averagePrecision(labels: [Bool], scores: [Double]) -> Double {
        let points = points(labels: labels, scores: scores)
        guard let last = points.last, last.truePositives > 0 else { return 0 }
        var sum = 0.0
        var previous = 0
        for point in points {
            let precision = Double(point.truePositives) / Double(point.truePositives + point.falsePositives)
            sum += Double(point.truePositives - previous) / Double(last.truePositives) * precision
            previous = point.truePositives
        }
        return sum
    }
}
