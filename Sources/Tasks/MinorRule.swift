import ClinicalData

/// Tells which of a patient's visits lie before the age of 18.
///
/// MIMIC-III: by `dob` and the time of admission, in whole years. MIMIC-IV: by `anchor_age`, the same for all visits. A patient
/// whose age is not known counts as an adult.
struct MinorRule {
    private let birth: Timestamp?
    private let anchorAge: Int?

    /// What is read for it.
    static func requirement(_ release: MIMICRelease) -> TableRequirement {
        switch release {
        case .mimic3: TableRequirement("patients", ["dob"])
        case .mimic4: TableRequirement("patients", ["anchor_age"])
        }
    }

    /// Throws ``TaskError/unparsableTime(table:column:)`` for a birth that is no time.
    init(_ patient: Patient, _ release: MIMICRelease) throws {
        let demographics = patient.events("patients").first
        birth = release == .mimic3 ? try demographics?.time("dob") : nil
        anchorAge = release == .mimic4 ? demographics?.anchorAge : nil
    }

    /// Whether an admission begins before the age of 18.
    func isMinor(at visit: Event) -> Bool {
        if let anchorAge { return anchorAge < 18 }
        guard let birth, let admitted = visit.timestamp else { return false }
        return admitted.years(since: birth) < 18
    }
}

extension Event {
    /// The age in the anchor year of a row of MIMIC-IV's `patients`; nil if it is missing or no whole number.
    var anchorAge: Int? { self["anchor_age"].flatMap { Int($0) } }
}
