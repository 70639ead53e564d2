import Foundation
import Groundwork

/// The codes of a synthetic MIMIC-IV corpus, the fixed fields of every drug, and the texts of its categories.
struct MIMIC4Vocabulary {
    /// Codes of diagnoses, procedures and drugs, as they stand in the tables; ICD-9 before ICD-10.
    let diagnoses: [CodePool]
    let procedures: [CodePool]
    let drugs: CodePool
    /// `drug_type … route` of every drug: the fields of prescriptions behind the dates.
    let drugFields: [[UInt8]]
    /// How patients' histories are drawn.
    let history: HistoryModel

    /// Codes of diabetes with ketoacidosis and of type 1 diabetes, so that there are such cohorts, by frequency rank.
    private static let diabetesICD9 = [40: "25001", 90: "25011", 120: "25013", 150: "25010", 180: "25003"]
    private static let diabetesICD10 = [40: "E109", 90: "E1110", 120: "E1010", 150: "E1310", 180: "E1065"]

    init() {
        diagnoses = [
            CodePool(count: 4000, risky: 25, riskShare: 0.35) { k in
                let suffixes = ["", "0", "1", "9", "45"]
                return Self.diabetesICD9[k] ?? String(format: "%03d", k % 999 + 1) + suffixes[k / 999 % 5]
            },
            CodePool(count: 5400, risky: 25, riskShare: 0.35) { k in
                let chapters = Array("ICEKJNRFMGDZTHLBSA")
                let suffix = ["", "0", "19"][k / 1800]
                return Self.diabetesICD10[k]
                    ?? "\(chapters[k % 18])\(String(format: "%02d", k / 18 % 100))\(suffix)"
            },
        ]
        procedures = [
            CodePool(count: 1200, risky: 10, riskShare: 0.35) { k in
                String(format: "%02d%02d", k * 37 % 100, k / 100 + k * 37 / 100 % 88)
            },
            CodePool(count: 2000, risky: 10, riskShare: 0.35) { k in
                let signs = Array("0123456789BCDFGHJKLMNPQRSTVWXYZ")
                return "0\(signs[k % 31])\(signs[k / 31 % 31])\(signs[k / 961])\(k % 3)Z\(signs[k % 7])"
            },
        ]
        let drugs = CodePool(count: 3500, risky: 20, riskShare: 0.08) { k in
            // Such positions have no risk: a drug without a code says nothing.
            [0, 10, 20, 30, 35, 40].contains(k % 43)
                ? "0" : String(format: "%05d%04d%02d", k * 7919 % 99_991, k * 31 % 9973, k % 97)
        }
        self.drugs = drugs
        drugFields = (0..<3500).map { Self.fields($0, ndc: String(decoding: drugs.codes[$0], as: UTF8.self)) }
        history = HistoryModel(
            groups: [
                .init(pools: diagnoses, logMean: 2.235, logSpread: 0.5),
                .init(pools: procedures, logMean: 0.4, logSpread: 0.75, least: 0),
                .init(pools: [drugs], logMean: 3.25, logSpread: 0.8),
            ],
            visitShare: 0.6, continuation: 0.6, baseLogit: -4.9, severityWeight: 1.1, logDays: 1.05,
            daySpread: 0.8)
    }

    /// ICD-9-CM or ICD-10-CM, 9 or 10.
    static func icdVersion(era: Int) -> Int { era == 0 ? 9 : 10 }

    private static func fields(_ k: Int, ndc: String) -> [UInt8] {
        let stems = [
            "Acetam", "Furos", "Metopr", "Hepar", "Insul", "Vancom", "Potass", "Lorazep", "Morph", "Aspir",
        ]
        let ends = [
            "inophen", "emide", "olol", "in", "icin", "ium Chloride", "am", "ine Sulfate", "ate", "idone",
        ]
        let name = "\(stems[k % 10])\(ends[k / 10 % 10]) \(k)"
        let shown = k % 7 == 0 ? "\(name), \"\(k % 50 + 1)\" unit" : name
        let parts = [
            k % 5 == 0 ? "BASE" : "MAIN", shown, "FD\(k)", String(format: "%06d", k * 13), ndc,
            "\(k % 20 * 25 + 5)mg/\(k % 9 + 1)mL Vial", "", "\(k % 12 + 1)", "mg", "\(k % 4 + 1)",
            ["TAB", "VIAL", "mL", "CAP"][k % 4], k % 6 == 0 ? "" : "\(k % 4 + 1)",
            ["IV", "PO", "IM", "SC", "PO/NG"][k % 5],
        ]
        return Array(parts.map(csvField).joined(separator: [0x2C]))
    }
}
