/// Names of the rules by which visit tasks leave out patients and visits; they are the same in every release.
enum ExclusionRule {
    /// Patients without any visit.
    static let noVisit = "patient without a visit"
    /// Patients whose only visit has no next one, with that visit.
    static let fewerThanTwoVisits = "patient with fewer than 2 visits"
    /// Patients with a visit whose demographics are missing or stand in several rows.
    static let notOneRow = "patient without exactly one row of demographics"
    /// Patients whose age in the anchor year is below 18.
    static let minorPatient = "patient under 18 by anchor age"
    /// Patients whose age in the anchor year is below 18 or not known.
    static let notAdult = "patient not known to be an adult"
    /// Patients whose age cannot be told.
    static let missingBirth = "patient without a date of birth"
    /// Patients whose diagnoses never name type 1 diabetes.
    static let noTypeOneDiabetes = "patient without type 1 diabetes"
    /// Patients without any note.
    static let noNote = "patient without a note"
    /// Visits that have no next one to take a label from.
    static let lastVisit = "last visit (no next visit to label it)"
    /// Visits that end with death in hospital, where the label asks for what follows.
    static let died = "visit that ends with death"
    /// Visits from the one in which the patient dies.
    static let fromDeath = "visit of death or later"
    /// Visits before the 18th birthday.
    static let minor = "visit before the age of 18"
    /// Visits without all three kinds of codes.
    static let missingCodes = "visit lacking conditions or procedures or drugs"
    /// Visits before which not all three kinds of codes were recorded, where only those count.
    static let missingEarlierCodes = "visit whose earlier ones lack conditions or procedures or drugs"
    /// Visits without the codes that a task is about.
    static let missingDiagnoses = "visit without a code"
    /// Visits without a text.
    static let missingNote = "visit without a note"
    /// Visits without both of the two kinds of codes that a task has.
    static let missingConditions = "visit lacking conditions or procedures"
    /// Stays whose length is missing or no number.
    static let missingOffset = "visit without a length"
    /// Stays that do not end after they began.
    static let noLength = "stay that does not end after it began"
    /// Stays that end before the observation window does.
    static let withinWindow = "stay not longer than the observation window"
    /// Labels without a time of prediction.
    static let missingPredictionTime = "label without a prediction time"
    /// Rows without a label, or with one that the task does not know.
    static let missingLabel = "row without a label of this task"
    /// Rows without a text to read.
    static let missingText = "row without a text"
    /// Visits whose label needs a time that is missing.
    static let missingTime = "visit without time of admission or discharge"
    /// Visits whose discharge is earlier than their admission.
    static let endsBeforeBegin = "visit that ends before it begins"
    /// Visits that do not last longer than the window of observation.
    static let shortStay = "visit of 48 hours or less"
    /// Visits without a laboratory value that was known in time.
    static let missingLabs = "visit without a laboratory value in time"
    /// Visits that begin after the window in which a label is looked for.
    static let afterWindow = "visit after the window"
    /// Visits from the one that the label is about.
    static let fromKetoacidosis = "visit of ketoacidosis or later"
    /// Patients none of whose visits is left.
    static let noVisitLeft = "patient with no visit left"
    /// Patients with too few visits left, with those.
    static let fewerThanTwoLeft = "patient with fewer than 2 visits left"
    /// Patients whose last visit or all earlier ones were left out, with those that were not.
    static let noPair = "patient without a last and an earlier visit left"
    /// Patients without anything before what is predicted, with the visits seen.
    static let noCodesBefore = "patient without codes before the outcome"
    /// Patients without codes or laboratory values, with the visits seen.
    static let noCodesOrLabs = "patient without codes or laboratory values"
    /// Patients who lack one kind of data, with the visits seen.
    static let missingModality = "patient lacking one kind of data"
}
