import Foundation
import Groundwork

/// One made-up patient of MIMIC-IV; a function of seed and number.
struct MIMIC4Patient {
    let subjectID: Int
    let isFemale: Bool
    /// At the anchor year; 91 stands for more than 89.
    let anchorAge: Int
    let anchorYear: Int
    /// 0: 2008 – 2010, … 3: 2017 – 2019.
    let anchorGroup: Int
    let history: PatientHistory
    /// When the records begin, in seconds since 1970-01-01T00:00:00.
    let start: Int
    /// The date of death, in hospital or later.
    let died: Int?

    /// Which epoch of the streams belongs to this layout.
    static let epoch = 1
    private static let secondsPerYear = 31_556_952
    /// When hospitals went over from ICD-9 to ICD-10: 2015-10-01.
    private static let icd10Since = 2015.75

    init(number: Int, seed: UInt64, model: HistoryModel) {
        var stream = RandomStream(seed: seed, purpose: .synthesis, epoch: Self.epoch, step: number)
        subjectID = 10_000_000 + number
        isFemale = stream.nextBool(0.53)
        let age = 18 + Int(74 * pow(stream.nextDouble(), 0.8))
        anchorAge = age > 89 ? 91 : age
        anchorYear = 2110 + stream.nextInt(below: 90)
        anchorGroup = stream.nextInt(below: 4)
        let trueYear = Double(2008 + 3 * anchorGroup + stream.nextInt(below: 3))
        let yearStart =
            (anchorYear - 1970) * Self.secondsPerYear / Seconds.day * Seconds.day
        start = yearStart + stream.nextInt(below: 364 * 1440) * 60
        history = PatientHistory(&stream, model: model, start: start) { time in
            let year = trueYear + Double(time - yearStart) / Double(Self.secondsPerYear)
            return year < Self.icd10Since ? 0 : 1
        }
        if let last = history.visits.last, last.dies {
            died = last.end
        } else {
            let diesLater = stream.nextBool(0.06)
            let after = stream.nextInt(below: 365) * Seconds.day
            died = diesLater ? (history.visits.last?.end ?? start + 30 * Seconds.day) + after : nil
        }
    }
}
