/// What corpus is made.
package struct CorpusOptions: Sendable {
    /// Number of patients.
    package var patients: Int
    /// The seed of all random numbers.
    package var seed: UInt64
    /// The folder to make; it must be missing or empty.
    package var output: String
    /// Whether tables are compressed.
    package var gzip = false
    /// Whether MIMIC-III gets its laboratory tables; the other layouts always have them.
    package var labs = false
    /// Whether MIMIC-IV gets `icu/chartevents` and `icu/d_items`.
    package var chartEvents = false
    /// Bytes of text that a table collects before it writes them; the text does not depend on it.
    package var blockBytes = 1 << 20

    /// A corpus of `patients` patients in the folder `output`.
    package init(patients: Int, seed: UInt64, output: String) {
        self.patients = patients
        self.seed = seed
        self.output = output
    }
}

/// What was made; also in `truth/truth.json`.
package struct CorpusSummary: Codable, Sendable, Equatable {
    /// Number of patients.
    package var patients: Int
    /// Number of visits (eICU: unit stays).
    package var visits: Int
    /// Visits that have a next one: the samples of the mortality task.
    package var samples: Int
    /// Share of samples with label 1.
    package var baseRate: Double
    /// Area under the ROC curve of the true probabilities: the best that a model can reach from one visit.
    package var bestReachableAUC: Double?
    /// MIMIC-IV: the best for death in the same stay, from everything that shows its severity.
    package var bestInHospitalAUC: Double?
    /// MIMIC-IV: the best for "a stay ends in death", from all stays of a patient.
    package var bestAnyStayAUC: Double?
    /// Bytes of all tables before compression.
    package var bytes: Int
    /// The seed of all random numbers.
    package var seed: UInt64
}
