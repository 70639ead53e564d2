import Foundation
import Groundwork

/// The visits of one made-up patient, a function of the patient's stream; times in seconds since 1970-01-01T00:00:00.
struct PatientHistory {
    /// One visit.
    struct Visit {
        let start: Int
        let end: Int
        /// s, the latent severity.
        let severity: Double
        /// Codes of every group of the model, as positions in the pool of ``era``.
        let codes: [[Int]]
        /// Which pool of every group was drawn from.
        let era: Int
        /// d, distinct harmful codes minus distinct protective ones.
        let balance: Int
        let dies: Bool
        /// Logit of the probability of dying in this visit, given everything before its end.
        let deathLogit: Double

        /// Days begun.
        var days: Int { (end - start) / Seconds.day + 1 }
    }

    let visits: [Visit]

    /// Draws the visits from `start` on; `era` says which pool is used at a time.
    init(_ stream: inout RandomStream, model: HistoryModel, start: Int, era: (Int) -> Int = { _ in 0 }) {
        var visits: [Visit] = []
        var time = start
        while visits.isEmpty ? stream.nextBool(model.visitShare) : stream.nextBool(model.continuation) {
            let visit = Self.visit(
                &stream, model, start: time, era: era(time), balance: visits.last?.balance ?? 0)
            visits.append(visit)
            guard !visit.dies else { break }
            let isSoon = stream.nextBool(0.1 + 0.5 * logistic(model.nextVisitLogit(balance: visit.balance)))
            let days =
                isSoon ? 1 + stream.nextDouble() * 13 : 15 - model.meanGap * log(1 - stream.nextDouble())
            time = visit.end + Int(days * Double(Seconds.day)) / 60 * 60
        }
        self.visits = visits
    }

    private static func visit(
        _ stream: inout RandomStream, _ model: HistoryModel, start: Int, era: Int, balance before: Int
    ) -> Visit {
        let severity = stream.nextNormal()
        let harmfulShare = logistic(1.2 * severity)
        var balance = 0
        let codes = model.groups.map { group -> [Int] in
            let pool = group.pools[min(era, group.pools.count - 1)]
            let wanted = exp(group.logMean + group.logSpread * stream.nextNormal())
            let drawn = (0..<min(group.most, group.least + Int(wanted))).map { _ in
                pool.draw(&stream, harmfulShare: harmfulShare)
            }
            balance += pool.balance(drawn)
            return drawn
        }
        let logit =
            model.baseLogit + HistoryModel.riskWeight * Double(before) + model.severityWeight * severity
        let days = exp(model.logDays + 0.3 * severity + model.daySpread * stream.nextNormal())
        let length = Int(min(days, model.mostDays) * Double(Seconds.day)) / 60 * 60
        return Visit(
            start: start, end: start + max(length, Seconds.hour), severity: severity, codes: codes, era: era,
            balance: balance, dies: stream.nextBool(logistic(logit)), deathLogit: logit)
    }
}

extension CodePool {
    /// Distinct harmful codes minus distinct protective ones.
    func balance(_ drawn: [Int]) -> Int {
        var seen: [Int] = []
        for code in drawn where risk[code] != 0 && !seen.contains(code) { seen.append(code) }
        return seen.reduce(0) { $0 + risk[$1] }
    }
}
