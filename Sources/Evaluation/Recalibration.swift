import Foundation

/// Logistic regression of binary labels on the logits of their predictions (Cox 1958), by which calibration is judged.
struct Recalibration {
    private let labels: [Bool]
    private let logits: [Double]

    /// Labels of both classes, and as many finite logits.
    init(_ labels: [Bool], _ logits: [Double]) { (self.labels, self.logits) = (labels, logits) }

    /// The intercept b of P(y = 1) = σ(b + logit) by bisection: the sum of residuals falls with b, and changes its sign.
    func intercept() -> Double {
        let far = 60 + (logits.map(abs).max() ?? 0)
        var (low, high) = (-far, far)
        while case let middle = (low + high) / 2, low < middle, middle < high {
            if residuals(middle) > 0 { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }

    private func residuals(_ intercept: Double) -> Double {
        zip(labels, logits).reduce(0) { $0 + ($1.0 ? 1 : 0) - Self.sigmoid(intercept + $1.1) }
    }

    /// The slope a of P(y = 1) = σ(b + a · logit) by Newton's method, whose steps are halved until the likelihood does not fall.
    func slope() -> MetricValue {
        let mean = logits.reduce(0, +) / Double(logits.count)
        // The slope is the same for logits around 0, and the equations are better conditioned.
        let inputs = logits.map { $0 - mean }
        let spread = inputs.map(abs).max() ?? 0
        guard spread > 1e-9 * max(1, abs(mean)) else { return .undefined("all predictions are equal") }
        var (intercept, slope) = (0.0, 0.0)
        var loss = loss(inputs, intercept, slope)
        for _ in 0..<Self.mostSteps {
            guard let (d0, d1) = newtonStep(inputs, intercept, slope) else { break }
            // The error after a step is about its square.
            if abs(d0) < 1e-8 * max(1, abs(intercept)), abs(d1) < 1e-8 * max(1, abs(slope)) {
                return .value(slope + d1)
            }
            var share = 1.0
            var next = self.loss(inputs, intercept + d0, slope + d1)
            // Sums of many samples are rounded by more than the last steps gain.
            let bound = loss + Self.rounding * abs(loss)
            while !(next <= bound), share > 1e-12 {
                share /= 2
                next = self.loss(inputs, intercept + share * d0, slope + share * d1)
            }
            guard next <= bound else { break }
            (intercept, slope, loss) = (intercept + share * d0, slope + share * d1, next)
        }
        return .undefined("the fit has no finite optimum")
    }

    private static let mostSteps = 100
    /// The relative error of a likelihood that is not taken for a fall.
    private static let rounding = 1e-10

    /// The negative log-likelihood.
    private func loss(_ inputs: [Double], _ intercept: Double, _ slope: Double) -> Double {
        zip(labels, inputs).reduce(0) { sum, one in
            let margin = (one.0 ? 1 : -1) * (intercept + slope * one.1)
            return sum + (margin > 0 ? log1p(exp(-margin)) : log1p(exp(margin)) - margin)
        }
    }

    /// nil where the second derivative has no inverse to working precision.
    private func newtonStep(_ inputs: [Double], _ intercept: Double, _ slope: Double) -> (Double, Double)? {
        var (g0, g1, h00, h01, h11) = (0.0, 0.0, 0.0, 0.0, 0.0)
        for (label, x) in zip(labels, inputs) {
            let p = Self.sigmoid(intercept + slope * x)
            let (residual, weight) = ((label ? 1 : 0) - p, p * (1 - p))
            g0 += residual
            g1 += residual * x
            h00 += weight
            h01 += weight * x
            h11 += weight * x * x
        }
        let determinant = h00 * h11 - h01 * h01
        guard determinant > 1e-12 * h00 * h11 else { return nil }
        return ((h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant)
    }

    private static func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
}
