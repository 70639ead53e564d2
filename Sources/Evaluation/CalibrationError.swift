/// Expected calibration errors: Σ over bins of share × |mean confidence − mean accuracy|, empty bins skipped.
///
/// Sources: Guo et al. 2017 (equal width), Nixon et al. 2019 (adaptive), Kull et al. 2019 (class-wise).
package enum CalibrationError {
    /// The bins' samples in ascending order of confidence.
    ///
    /// Equal width: bin i takes (i/bins, (i+1)/bins], the first also everything below, the last everything above. Adaptive:
    /// equally many samples each, the remainder one each to the last bins.
    package static func bins(_ confidences: [Double], count: Int, adaptive: Bool) -> [[Int]] {
        let order = confidences.indices.sorted { (confidences[$0], $0) < (confidences[$1], $1) }
        if adaptive {
            let (size, rest) = (order.count / count, order.count % count)
            var start = 0
            return (0..<count).map { bin in
                let end = start + size + (bin >= count - rest ? 1 : 0)
                defer { start = end }
                return Array(order[start..<end])
            }
        }
        var bins: [[Int]] = Array(repeating: [], count: count)
        var bin = 0
        for sample in order {
            while bin < count - 1, confidences[sample] > Double(bin + 1) / Double(count) { bin += 1 }
            bins[bin].append(sample)
        }
        return bins
    }

    /// The error of confidences against accuracies (0 or 1); 0 without samples.
    package static func expected(
        _ confidences: [Double], _ accuracies: [Double], bins count: Int = 20, adaptive: Bool = false
    ) -> Double {
        var error = 0.0
        for bin in bins(confidences, count: count, adaptive: adaptive) where !bin.isEmpty {
            let size = Double(bin.count)
            let confidence = bin.reduce(0) { $0 + confidences[$1] } / size
            let accuracy = bin.reduce(0) { $0 + accuracies[$1] } / size
            error += size / Double(confidences.count) * abs(confidence - accuracy)
        }
        return error
    }

    /// Mean over classes of the error of p_k against one-hot labels on rows with p_k ≥ `threshold`; NaN if no class has any.
    package static func classwise(
        _ probabilities: [[Double]], isClass: (Int, Int) -> Bool, classes: Int, bins: Int = 20,
        adaptive: Bool,
        threshold: Double
    ) -> Double {
        var errors: [Double] = []
        for k in 0..<classes {
            let rows = probabilities.indices.filter { probabilities[$0][k] >= threshold }
            guard !rows.isEmpty else { continue }
            errors.append(
                expected(
                    rows.map { probabilities[$0][k] }, rows.map { isClass($0, k) ? 1 : 0 }, bins: bins,
                    adaptive: adaptive))
        }
        return errors.isEmpty ? .nan : errors.reduce(0, +) / Double(errors.count)
    }
}
