import Foundation
import Groundwork

/// The codes of a synthetic corpus and the fixed fields of every drug.
struct MIMIC3Vocabulary {
    let diagnoses: CodePool
    let procedures: CodePool
    let drugs: CodePool
    /// `drug_type … route` of every drug: the fields of PRESCRIPTIONS behind the dates.
    let drugFields: [[UInt8]]

    /// Weight of one risky code in the logit, and the logit without any.
    static let riskWeight = 0.5
    static let baseLogit = -3.4

    init() {
        diagnoses = CodePool(count: 4000, risky: 25, riskShare: 0.35) { k in
            let suffixes = ["", "0", "1", "9", "45"]
            return String(format: "%03d", k % 999 + 1) + suffixes[k / 999 % 5]
        }
        procedures = CodePool(count: 1200, risky: 10, riskShare: 0.35) { k in
            String(format: "%02d%02d", k * 37 % 100, k / 100 + k * 37 / 100 % 88)
        }
        let drugs = CodePool(count: 3500, risky: 20, riskShare: 0.08) { k in
            k == 0 ? "0" : String(format: "%05d%04d%02d", k * 7919 % 99_991, k * 31 % 9973, k % 97)
        }
        self.drugs = drugs
        drugFields = (0..<3500).map { Self.fields($0, ndc: String(decoding: drugs.codes[$0], as: UTF8.self)) }
    }

    private static func fields(_ k: Int, ndc: String) -> [UInt8] {
        let stems = [
            "Acetam", "Furos", "Metopr", "Hepar", "Insul", "Vancom", "Potass", "Lorazep", "Morph", "Aspir",
        ]
        let ends = [
            "inophen", "emide", "olol", "in", "icin", "ium Chloride", "am", "ine Sulfate", "ate", "idone",
        ]
        let name = "\(stems[k % 10])\(ends[k / 10 % 10]) \(k)"
        let shown = k % 7 == 0 ? "\"\(name), \"\"\(k % 50 + 1)\"\" unit\"" : name
        let type = k % 5 == 0 ? "BASE" : "MAIN"
        let strength = "\(k % 20 * 25 + 5)mg/\(k % 9 + 1)mL Vial"
        let route = ["IV", "PO", "IM", "SC", "PO/NG"][k % 5]
        let parts = [
            type, shown, name, name.uppercased(), "FD\(k)", String(format: "%06d", k * 13), ndc, strength,
            "\(k % 12 + 1)", "mg", "\(k % 4 + 1)", "TAB", route,
        ]
        return Array(parts.joined(separator: ",").utf8)
    }
}
