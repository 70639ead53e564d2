import Evaluation
import Foundation
import Groundwork
import Testing

/// Calibration slope and intercept against closed forms: with two distinct predictions the fit meets both shares exactly.
struct RecalibrationTests {
    /// Of `count` samples with each prediction the share of positives.
    private func value(_ name: String, _ groups: [(prediction: Double, share: Double)]) -> MetricValue? {
        var (truth, probabilities): ([Double], [Double]) = ([], [])
        for group in groups {
            for k in 0..<100 {
                truth.append(Double(k) < 100 * group.share ? 1 : 0)
                probabilities.append(group.prediction)
            }
        }
        return Predictions(mode: .binary, width: 1, truth: truth, probabilities: probabilities)
            .evaluate([name]).first?.value
    }

    private func logit(_ p: Double) -> Double { log(p / (1 - p)) }

    @Test(arguments: [0.001, 0.02, 0.1, 0.5, 0.98, 0.9999])
    func theInterceptHasAValueHoweverBadTheModelIs(prediction: Double) throws {
        let found = try #require(value("calibration_intercept", [(prediction, 0.5)])?.number)
        #expect(abs(found + logit(prediction)) < 1e-9)
    }

    @Test(arguments: [
        (0.01, 0.2, 0.3, 0.8), (0.9, 0.3, 0.99999, 0.8), (0.49, 0.1, 0.51, 0.9), (0.000_1, 0.9, 0.2, 0.1),
    ])
    func theSlopeMeetsTwoShares(low: Double, lowShare: Double, high: Double, highShare: Double) throws {
        let found = try #require(value("calibration_slope", [(low, lowShare), (high, highShare)])?.number)
        let expected = (logit(highShare) - logit(lowShare)) / (logit(high) - logit(low))
        #expect(abs(found - expected) < 1e-7 * max(1, abs(expected)))
    }

    /// Labels drawn with σ(b + a · logit): of 100,000 samples the slope comes out as a within five standard errors, for every seed.
    @Test(arguments: 0..<8) func theSlopeOfManySamplesIsFound(seed: UInt64) throws {
        var random = RandomStream(seed: seed, purpose: .test)
        var (truth, probabilities): ([Double], [Double]) = ([], [])
        let (slope, intercept) = (0.4 + 0.1 * Double(seed % 7), 0.3 * Double(seed % 5) - 0.6)
        for _ in 0..<100_000 {
            let x = 6 * random.nextDouble() - 4
            probabilities.append(1 / (1 + exp(-x)))
            truth.append(random.nextDouble() < 1 / (1 + exp(-(intercept + slope * x))) ? 1 : 0)
        }
        let found = Predictions(mode: .binary, width: 1, truth: truth, probabilities: probabilities)
            .evaluate(["calibration_slope"]).first?.value.number
        #expect(abs(try #require(found) - slope) < 0.05)
    }

    @Test func equalPredictionsAndSeparatedClassesHaveNoSlope() {
        let undefined: [[(prediction: Double, share: Double)]] = [
            [(0.3, 0.5)], [(0.3, 0.4), (0.3 + 1e-16, 0.6)], [(0.2, 0), (0.7, 1)], [(0.2, 1), (0.7, 0)],
        ]
        for groups in undefined {
            guard case .undefined? = value("calibration_slope", groups) else {
                Issue.record("\(groups) have a slope")
                continue
            }
        }
    }
}
