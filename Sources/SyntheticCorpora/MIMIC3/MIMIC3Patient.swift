import ClinicalData
import Foundation
import Groundwork

/// One made-up patient; a function of seed and number.
struct MIMIC3Patient {
    /// One stay.
    struct Visit {
        let hadmID: Int
        let admitted: Timestamp
        let discharged: Timestamp
        let diagnoses: [Int]
        let procedures: [Int]
        let drugs: [Int]
        let dies: Bool
        /// Logit of the probability that the next stay ends in death.
        let deathLogit: Double
        /// Probability that the next stay ends in death.
        var deathProbability: Double { logistic(deathLogit) }
    }

    let subjectID: Int
    let isFemale: Bool
    let born: Timestamp
    let visits: [Visit]

    private static let day: Int64 = 86_400_000

    init(number: Int, seed: UInt64, vocabulary: MIMIC3Vocabulary) {
        var stream = RandomStream(seed: seed, purpose: .synthesis, step: number)
        subjectID = 10_000 + number
        isFemale = stream.nextDouble() < 0.45
        let years = 19 + Int(stream.nextDouble() * 70)
        var time =
            Timestamp(year: 2100, month: 1, day: 1).milliseconds + Int64(stream.nextInt(below: 36_000))
            * Self.day
        born = Timestamp(milliseconds: time - Int64(years) * 365 * Self.day)
        var planned = 1
        while planned < 8, stream.nextDouble() < 0.56 { planned += 1 }
        var visits: [Visit] = []
        var dies = stream.nextDouble() < 0.06
        while true {
            time += Int64(stream.nextInt(below: 86_400)) * 1000
            let visit = Self.visit(
                hadmID: 100_000 + number * 8 + visits.count, at: time, dies: dies, &stream, vocabulary)
            visits.append(visit)
            guard !dies, visits.count < planned else { break }
            dies = stream.nextDouble() < visit.deathProbability
            let isSoon = stream.nextDouble() < 0.1 + 0.5 * visit.deathProbability
            let gap = isSoon ? 1 + stream.nextDouble() * 13 : 15 - 200 * log(1 - stream.nextDouble())
            time = visit.discharged.milliseconds + Int64(gap * 86_400) * 1000
        }
        self.visits = visits
    }

    private static func visit(
        hadmID: Int, at time: Int64, dies: Bool, _ stream: inout RandomStream,
        _ vocabulary: MIMIC3Vocabulary
    ) -> Visit {
        let severity = stream.nextNormal()
        let harmfulShare = logistic(1.2 * severity)
        func codes(_ pool: CodePool, _ count: Int) -> [Int] {
            (0..<count).map { _ in pool.draw(&stream, harmfulShare: harmfulShare) }
        }
        let diagnoses = codes(vocabulary.diagnoses, 1 + Int(exp(2.1 + 0.5 * stream.nextNormal())))
        let procedures = codes(vocabulary.procedures, 1 + Int(exp(1.0 + 0.6 * stream.nextNormal())))
        let drugs = codes(vocabulary.drugs, min(400, 1 + Int(exp(3.36 + 0.85 * stream.nextNormal()))))
        let balance = [
            (vocabulary.diagnoses, diagnoses), (vocabulary.procedures, procedures), (vocabulary.drugs, drugs),
        ].reduce(0) { total, part in Set(part.1).reduce(total) { $0 + part.0.risk[$1] } }
        let logit = MIMIC3Vocabulary.baseLogit + MIMIC3Vocabulary.riskWeight * Double(balance)
        let days = exp(1.6 + 0.25 * severity + 0.7 * stream.nextNormal())
        return Visit(
            hadmID: hadmID, admitted: Timestamp(milliseconds: time),
            discharged: Timestamp(milliseconds: time + Int64(min(days, 120) * 86_400) * 1000),
            diagnoses: diagnoses, procedures: procedures, drugs: drugs, dies: dies,
            deathLogit: logit)
    }
}
