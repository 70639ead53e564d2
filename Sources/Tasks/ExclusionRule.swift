/// Names of the rules by which visit tasks leave out patients and visits; they are the same in every release.
enum ExclusionRule {
    /// Patients without any visit.
    static let noVisit = "patient without a visit"
    /// Patients whose only visit has no next one, with that visit.
    static let fewerThanTwoVisits = "patient with fewer than 2 visits"
    /// Visits that have no next one to take a label from.
    static let lastVisit = "last visit (no next visit to label it)"
    /// Visits before the 18th birthday.
    static let minor = "visit before the age of 18"
    /// Visits without all three kinds of codes.
    static let missingCodes = "visit lacking conditions or procedures or drugs"
    /// Visits whose label needs a time that is missing.
    static let missingTime = "visit without time of admission or discharge"
    /// Patients none of whose visits is left.
    static let noVisitLeft = "patient with no visit left"
}
