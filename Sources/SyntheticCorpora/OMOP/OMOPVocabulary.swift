import Foundation

/// The concepts of a synthetic OMOP corpus.
struct OMOPVocabulary {
    let conditions: CodePool
    let procedures: CodePool
    let drugs: CodePool
    /// How patients' histories are drawn.
    let history: HistoryModel

    /// Source values of races.
    let races = WeightedTexts(["white": 70, "black": 14, "asian": 8, "other": 8])

    init() {
        conditions = CodePool(count: 3000, risky: 25, riskShare: 0.35) { "\(4_000_000 + $0 * 137)" }
        procedures = CodePool(count: 1200, risky: 10, riskShare: 0.35) { "\(2_100_000 + $0 * 211)" }
        drugs = CodePool(count: 2500, risky: 20, riskShare: 0.08) { "\(19_000_000 + $0 * 43)" }
        history = HistoryModel(
            groups: [
                .init(pools: [conditions], logMean: 1.6, logSpread: 0.5),
                .init(pools: [procedures], logMean: 1.1, logSpread: 0.6),
                .init(pools: [drugs], logMean: 2.2, logSpread: 0.6),
            ],
            continuation: 0.5, baseLogit: -4, severityWeight: 1, logDays: 1, daySpread: 0.8)
    }

    /// OMOP's concept of a race.
    static func raceConcept(_ race: [UInt8]) -> Int {
        switch race.first {
        case 0x77: 8527
        case 0x62: 8516
        case 0x61: 8515
        default: 0
        }
    }
}
