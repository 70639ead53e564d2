import Foundation
import Groundwork

/// The codes and texts of a synthetic eICU corpus, each as the cells of its table.
struct EICUVocabulary {
    /// `diagnosisstring,icd9code`; only diagnoses change the risk: every task sees them.
    let diagnoses: CodePool
    /// `treatmentstring`.
    let treatments: CodePool
    /// `drugname,drughiclseqno,dosage,routeadmin,frequency`.
    let drugs: CodePool
    /// `physicalexampath,physicalexamvalue,physicalexamtext`.
    let exams: CodePool
    /// `admitdxpath,admitdxname,admitdxtext`.
    let admissionDiagnoses: CodePool
    /// How patients' histories are drawn; a visit is a unit stay.
    let history: HistoryModel

    let ethnicities = WeightedTexts([
        "Caucasian": 77, "African American": 11, "Other/Unknown": 5, "Hispanic": 4, "Asian": 2, "": 1,
    ])
    let unitTypes = WeightedTexts([
        "Med-Surg ICU": 56, "MICU": 9, "CCU-CTICU": 8, "Neuro ICU": 7, "Cardiac ICU": 6, "SICU": 6,
        "CSICU": 5,
        "CTICU": 3,
    ])
    let sources = WeightedTexts([
        "Emergency Department": 46, "": 22, "Floor": 13, "Operating Room": 9, "Direct Admit": 6,
        "Recovery Room": 4,
    ])
    let destinations = WeightedTexts([
        "Home": 65, "Skilled Nursing Facility": 16, "Other Hospital": 5, "Rehabilitation": 7,
        "Other External": 4, "Nursing Home": 3,
    ])
    let reasons = WeightedTexts([
        "": 12, "Sepsis, pulmonary": 10, "Infarction, acute myocardial (MI)": 9,
        "CVA, cerebrovascular accident/stroke": 8,
        "CHF, congestive heart failure": 8, "Sepsis, renal/UTI (including bladder)": 7,
        "Diabetic ketoacidosis": 6,
        "CABG alone, coronary artery bypass grafting": 6,
        "Cardiac arrest (with or without respiratory arrest)": 6,
        "Rhythm disturbance (atrial, supraventricular)": 6, "Pneumonia, bacterial": 6,
        "Bleeding, upper GI": 6,
        "Overdose, other toxin, poison or drug": 5, "Emphysema/bronchitis": 5,
    ])

    private static let systems = [
        "cardiovascular", "pulmonary", "neurologic", "renal", "gastrointestinal", "endocrine", "hematology",
        "infectious diseases", "surgery", "oncology",
    ]

    init() {
        diagnoses = CodePool(count: 1500, risky: 20, riskShare: 0.35) { k in
            let text = "\(Self.systems[k % 10])|disorders of group \(k / 10 % 15)|condition \(k)"
            // Such positions have no risk: a diagnosis without a code says nothing to a task that reads codes.
            if [0, 3, 9].contains(k % 18) { return "\(text)," }
            let ninth = String(format: "%03d", 1 + k % 999) + ".\(k / 999)"
            let tenth = "\(["I", "J", "E", "N", "K"][k % 5])\(10 + k % 89).\(k / 89)"
            return "\(text),\"\(ninth), \(tenth)\""
        }
        treatments = Self.pool(800) { k in
            "\(Self.systems[k % 10])|therapy of group \(k / 10 % 12)|treatment \(k)"
        }
        drugs = Self.pool(1400) { k in
            if k % 5 == 2 { return ",,\(k % 40 + 1) mg,IV," }
            let name = k % 9 == 0 ? "\"DRUG \(k), INJ SOLN\"" : "DRUG \(k) \(k % 20 * 25 + 5) MG PO TABS"
            let route = ["IV", "PO", "SUBCUTAN", "IVPB"][k % 4]
            let frequency = ["Daily", "BID", "Q4H", "Once", "As needed"][k % 5]
            return "\(name),\(1000 + k).0,\(k % 20 * 25 + 5) \(k % 9),\(route),\(frequency)"
        }
        exams = Self.pool(300) { k in
            let path = "notes/Progress Notes/Physical Exam/Physical Exam"
            guard k < 15 else {
                let system = ["Neurologic", "Cardiovascular", "Respiratory", "Abdomen"][k % 4]
                return "\(path)/\(system)/Finding \(k)/finding \(k),finding \(k),finding \(k)"
            }
            let sign = ["HR", "BP (systolic)", "BP (diastolic)", "Resp Rate", "O2 Sat%"][k % 5]
            let name = "\(sign) \(["Current", "Lowest", "Highest"][k / 5])"
            let folder = "\(path)/Constitutional/Vital Sign and Physiological Data"
            return "\(folder)/\(sign)/\(name),\(name),\(60 + k * 4)"
        }
        admissionDiagnoses = Self.pool(240) { k in
            let name = "\(Self.systems[k % 10]) disorder \(k)"
            let kind = k % 4 == 0 ? "Operative" : "Non-operative"
            return "admission diagnosis|All Diagnosis|\(kind)|Diagnosis|\(name),\(name),\(name)"
        }
        history = HistoryModel(
            groups: [
                .init(pools: [diagnoses], logMean: 2.35, logSpread: 0.6),
                .init(pools: [treatments], logMean: 2.7, logSpread: 0.6),
                .init(pools: [drugs], logMean: 3.35, logSpread: 0.65),
                .init(pools: [exams], logMean: 3.7, logSpread: 0.4),
                .init(pools: [admissionDiagnoses], logMean: 0.6, logSpread: 0.5),
            ],
            continuation: 0.33, baseLogit: -3.0, severityWeight: 1, logDays: 0.6, daySpread: 0.85)
    }

    private static func pool(_ count: Int, code: (Int) -> String) -> CodePool {
        CodePool(count: count, risky: 0, riskShare: 0, code: code)
    }
}
