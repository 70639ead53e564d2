import ClinicalData
import Evaluation
import Foundation
import Groundwork

/// A corpus in the layout of MIMIC-III 1.4 whose signal is known.
///
/// The probability that the next admission ends in death is σ(b + c·d), d the number of distinct harmful codes of the current
/// visit minus that of protective ones; it is written to `truth/`. Everything is a function of seed and options; the records of
/// patient k do not depend on how many patients there are.
package struct SyntheticMIMIC3 {
    /// What is made.
    package struct Options: Sendable {
        /// Number of patients.
        package var patients: Int
        /// The seed of all random numbers.
        package var seed: UInt64
        /// The folder to make; it must be missing or empty.
        package var output: String
        /// Whether tables are compressed.
        package var gzip = false
        /// Whether laboratory tables are made too.
        package var labs = false

        package init(patients: Int, seed: UInt64, output: String) {
            self.patients = patients
            self.seed = seed
            self.output = output
        }
    }

    /// What was made.
    package struct Summary: Codable, Sendable {
        package var patients: Int
        package var visits: Int
        /// Visits that have a next one: the samples of MortalityPredictionMIMIC3.
        package var samples: Int
        /// Share of samples with label 1.
        package var baseRate: Double
        /// Area under the ROC curve of the true probabilities: the best that a model can reach.
        package var bestReachableAUC: Double?
        package var bytes: Int
        package var seed: UInt64
    }

    private let options: Options
    private let vocabulary = SyntheticVocabulary()

    package init(_ options: Options) { self.options = options }

    /// Writes the corpus; calls `progress` with patients done. Throws `ConfigurationError`, `FileError`.
    package func write(progress: (Int) -> Void = { _ in }) throws -> Summary {
        guard options.patients >= 1 else {
            throw ConfigurationError("range", "--patients: expected at least 1, got \(options.patients).")
        }
        try makeFolder()
        let tables = try SyntheticTables(folder: options.output, gzip: options.gzip, labs: options.labs)
        var truth = "hadm_id,probability,label\n"
        var (labels, scores): ([Bool], [Double]) = ([], [])
        var visits = 0
        for number in 0..<options.patients {
            let patient = SyntheticPatient(number: number, seed: options.seed, vocabulary: vocabulary)
            visits += patient.visits.count
            try tables.write(patient, vocabulary)
            for (visit, next) in zip(patient.visits, patient.visits.dropFirst()) {
                truth += "\(visit.hadmID),\(visit.deathProbability),\(next.dies ? 1 : 0)\n"
                labels.append(next.dies)
                scores.append(visit.deathProbability)
            }
            if number % 256 == 255 { progress(number + 1) }
        }
        let bytes = try tables.finish()
        let area = RankingCurves.areaUnderROC(labels: labels, scores: scores)
        let summary = Summary(
            patients: options.patients, visits: visits, samples: labels.count,
            baseRate: Double(labels.count { $0 }) / Double(max(labels.count, 1)),
            bestReachableAUC: area.isFinite ? area : nil, bytes: bytes, seed: options.seed)
        try writeTruth(truth, summary)
        return summary
    }

    private func makeFolder() throws {
        let manager = FileManager.default
        if let content = try? manager.contentsOfDirectory(atPath: options.output), !content.isEmpty {
            throw ConfigurationError(
                "output-exists", "--output: \"\(options.output)\" is not empty. Choose a new folder.")
        }
        try Files.createFolder(options.output)
    }

    private func writeTruth(_ rows: String, _ summary: Summary) throws {
        let folder = "\(options.output)/truth"
        try Files.createFolder(folder)
        try AtomicFile.write(rows, to: "\(folder)/truth.csv", durable: false)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try AtomicFile.write(try encoder.encode(summary), to: "\(folder)/truth.json", durable: false)
    }
}
