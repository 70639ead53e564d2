import Groundwork

/// The texts of MIMIC-IV's categories with about their shares.
struct MIMIC4Categories {
    /// What does not change from one admission to the next.
    struct Person {
        let insurance: [UInt8]
        let language: [UInt8]
        let maritalStatus: [UInt8]
        let race: [UInt8]

        init(_ categories: MIMIC4Categories, _ stream: inout RandomStream) {
            insurance = categories.insurances.draw(&stream)
            language = categories.languages.draw(&stream)
            maritalStatus = categories.maritalStatuses.draw(&stream)
            race = categories.races.draw(&stream)
        }
    }

    let emergencyRoom = csvField("EMERGENCY ROOM")
    let died = csvField("DIED")
    let emergencyTypes = WeightedTexts([
        "EW EMER.": 60, "OBSERVATION ADMIT": 20, "EU OBSERVATION": 16, "DIRECT EMER.": 4,
    ])
    let otherTypes = WeightedTexts([
        "URGENT": 35, "SURGICAL SAME DAY ADMISSION": 25, "ELECTIVE": 20, "DIRECT EMER.": 12,
        "DIRECT OBSERVATION": 6, "AMBULATORY OBSERVATION": 2,
    ])
    let sources = WeightedTexts([
        "PHYSICIAN REFERRAL": 55, "TRANSFER FROM HOSPITAL": 22, "CLINIC REFERRAL": 6,
        "WALK-IN/SELF REFERRAL": 7,
        "PROCEDURE SITE": 6, "PACU": 3, "TRANSFER FROM SKILLED NURSING FACILITY": 2,
    ])
    let destinations = WeightedTexts([
        "HOME": 36, "HOME HEALTH CARE": 19, "SKILLED NURSING FACILITY": 11, "": 27, "REHAB": 3,
        "CHRONIC/LONG TERM ACUTE CARE": 2, "HOSPICE": 1, "AGAINST ADVICE": 1,
    ])
    let units = WeightedTexts([
        "Medical Intensive Care Unit (MICU)": 22, "Cardiac Vascular Intensive Care Unit (CVICU)": 17,
        "Medical/Surgical Intensive Care Unit (MICU/SICU)": 18, "Surgical Intensive Care Unit (SICU)": 15,
        "Trauma SICU (TSICU)": 12, "Coronary Care Unit (CCU)": 11, "Neuro Intermediate": 3,
        "Neuro Surgical Intensive Care Unit (Neuro SICU)": 2,
    ])
    private let insurances = WeightedTexts(["Other": 55, "Medicare": 36, "Medicaid": 9])
    private let languages = WeightedTexts(["ENGLISH": 90, "?": 10])
    private let maritalStatuses = WeightedTexts([
        "MARRIED": 42, "SINGLE": 38, "WIDOWED": 11, "DIVORCED": 7, "": 2,
    ])
    private let races = WeightedTexts([
        "WHITE": 63, "BLACK/AFRICAN AMERICAN": 14, "OTHER": 4, "UNKNOWN": 4, "ASIAN - CHINESE": 2,
        "HISPANIC/LATINO - PUERTO RICAN": 2, "WHITE - OTHER EUROPEAN": 3, "HISPANIC OR LATINO": 2,
        "PORTUGUESE": 1,
        "HISPANIC/LATINO - DOMINICAN": 2, "ASIAN": 2, "PATIENT DECLINED TO ANSWER": 1,
    ])
}
