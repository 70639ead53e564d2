import Digests
import Foundation
import SyntheticCorpora
import TestSupport

/// A small corpus, a run file and the runs made of them.
struct RunFolder {
    let folder: TemporaryFolder
    private let corpus: String
    private let job: String

    /// A corpus of `patients` and a run file that trains a small net on it.
    init(patients: Int = 220, model: String = Self.smallModel) throws {
        folder = try TemporaryFolder("run")
        corpus = folder.file("corpus")
        job = folder.file("job.yaml")
        _ = try SyntheticCorpus(.mimic3, CorpusOptions(patients: patients, seed: 3, output: corpus)).write()
        try """
        name: test
        seed: 5
        dataset: {name: mimic3, root: \(corpus)}
        task: {name: MortalityPredictionMIMIC3}
        split: {by: patient, ratios: [0.6, 0.2, 0.2], seed: 0}
        \(model)
        execution: {part_size: 64, scan_mib: 1}
        """.write(toFile: job, atomically: true, encoding: .utf8)
    }

    static let smallModel = """
        model: {name: RNN, rnn_type: GRU, embedding_dim: 8, hidden_dim: 8}
        trainer: {epochs: 2, batch_size: 16, virtual_ranks: 4, monitor: loss, monitor_criterion: min}
        """

    /// The run file's path.
    var jobPath: String { job }
    /// The corpus's folder.
    var corpusPath: String { corpus }

    /// The path of a run.
    func run(_ name: String) -> String { folder.file("runs-\(name)") }

    /// The arguments of a run.
    func arguments(_ name: String, workers: Int, _ extra: [String] = []) -> [String] {
        ["run", job, "--output", run(name), "--workers", "\(workers)", "--quiet"] + extra
    }

    /// Runs to the end.
    func execute(
        _ name: String, workers: Int = 1, _ extra: [String] = [], environment: [String: String] = [:]
    ) throws -> Commands.Outcome {
        try Commands.run(
            "pyhealth-coord", arguments(name, workers: workers, extra), environment: environment,
            folder: folder)
    }

    /// SHA-256 of everything that must not depend on how the run went.
    func digests(_ name: String) throws -> [String: String] {
        let root = run(name)
        var files = [
            "metrics.json", "history.csv", "attrition.csv", "checkpoints/best.h5", "checkpoints/last.h5",
        ]
        for group in ["samples", "predictions"] {
            files += try FileManager.default.contentsOfDirectory(atPath: "\(root)/\(group)").sorted()
                .filter { $0 != "manifest.json" }.map { "\(group)/\($0)" }
        }
        return Dictionary(
            uniqueKeysWithValues: try files.map { ($0, try SHA256.hex(ofFile: "\(root)/\($0)")) })
    }
}
