import Foundation
import Groundwork

/// The folder `truth` of a corpus: a row per sample and a summary; written as the corpus is, in bounded memory.
final class CorpusTruth {
    /// Probabilities and labels of one kind of sample.
    final class Samples {
        private let table: TableWriter
        private var curve = ScoreHistogram()

        fileprivate init(path: String, id: String) throws {
            table = try TableWriter(
                path: path, header: "\(id),probability,label",
                options: CorpusOptions(patients: 1, seed: 0, output: ""))
        }

        /// A sample: its visit or patient, σ(`logit`), what happened; throws `FileError`.
        func add(_ id: Int, logit: Double, label: Bool) throws {
            let probability = 1 / (1 + exp(-logit))
            table.beginRow()
            table.number(id)
            table.raw(Array("\(probability)".utf8))
            table.number(label ? 1 : 0)
            try table.endRow()
            curve.add(logit, label)
        }

        fileprivate func finish() throws -> ScoreHistogram {
            try table.finish()
            return curve
        }
    }

    /// Every visit but a patient's last: does the next one end in death?
    let nextVisit: Samples
    /// MIMIC-IV, every stay: does it end in death?
    let sameStay: Samples?
    /// MIMIC-IV, every patient with a stay: does one end in death?
    let anyStay: Samples?
    private let folder: String

    init(folder: String, layout: SyntheticCorpus.Layout) throws {
        self.folder = folder
        try Files.createFolder(folder)
        let id =
            switch layout {
            case .mimic3, .mimic4: "hadm_id"
            case .eicu: "patientunitstayid"
            case .omop: "visit_occurrence_id"
            }
        nextVisit = try Samples(path: "\(folder)/truth", id: id)
        let isMIMIC4 = layout == .mimic4
        sameStay = isMIMIC4 ? try Samples(path: "\(folder)/in-hospital", id: "hadm_id") : nil
        anyStay = isMIMIC4 ? try Samples(path: "\(folder)/any-stay", id: "subject_id") : nil
    }

    /// Ends the tables, then writes `truth.json`; throws `FileError`.
    func finish(options: CorpusOptions, visits: Int, bytes: Int) throws -> CorpusSummary {
        let next = try nextVisit.finish()
        let summary = CorpusSummary(
            patients: options.patients, visits: visits, samples: next.count, baseRate: next.baseRate,
            bestReachableAUC: next.areaUnderROC,
            bestInHospitalAUC: try sameStay?.finish().areaUnderROC,
            bestAnyStayAUC: try anyStay?.finish().areaUnderROC, bytes: bytes, seed: options.seed)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try AtomicFile.write(try encoder.encode(summary), to: "\(folder)/truth.json", durable: false)
        return summary
    }
}
