import Foundation
import Groundwork

/// How patients' visits, codes and deaths are drawn; times in days.
///
/// A visit has a severity s ~ N(0, 1), independent of all other visits, which its codes, its measurements and its length show.
/// It ends in death with probability σ(b + c·d + e·s), d the number of distinct harmful codes of the visit before minus that of
/// protective ones (0 for the first visit).
struct HistoryModel {
    /// Codes of one kind; counts are `least` + ⌊exp(N(mean, spread))⌋, at most `most`.
    struct Group {
        /// The pool of each coding era.
        let pools: [CodePool]
        let logMean: Double
        let logSpread: Double
        var least = 1
        var most = 400
    }

    let groups: [Group]
    /// Share of patients with at least one visit, and probability that there is another one after each.
    var visitShare = 1.0
    let continuation: Double
    /// b and e of the probability of death, and c.
    let baseLogit: Double
    static let riskWeight = 0.5
    let severityWeight: Double
    /// Length of a visit: exp(N(mean + 0.3 s, spread)), at most `mostDays`.
    let logDays: Double
    let daySpread: Double
    var mostDays = 90.0
    /// Mean time to the next visit.
    var meanGap = 200.0

    /// Logit of the probability that the next visit ends in death, given this visit's balance d: s is averaged over.
    func nextVisitLogit(balance: Int) -> Double {
        let reach = 50
        let d = max(-reach, min(reach, balance))
        return averaged[d + reach]
    }

    /// ``nextVisitLogit(balance:)`` for −50 … 50, by the trapezoid rule over s in −6 … 6.
    private let averaged: [Double]

    init(
        groups: [Group], visitShare: Double = 1, continuation: Double, baseLogit: Double,
        severityWeight: Double, logDays: Double, daySpread: Double
    ) {
        self.groups = groups
        self.visitShare = visitShare
        self.continuation = continuation
        self.baseLogit = baseLogit
        self.severityWeight = severityWeight
        self.logDays = logDays
        self.daySpread = daySpread
        averaged = (-50...50).map { d in
            var (sum, weights) = (0.0, 0.0)
            for step in -60...60 {
                let s = Double(step) / 10
                let weight = exp(-s * s / 2)
                sum += weight * logistic(baseLogit + Self.riskWeight * Double(d) + severityWeight * s)
                weights += weight
            }
            return log(sum / (weights - sum))
        }
    }
}
