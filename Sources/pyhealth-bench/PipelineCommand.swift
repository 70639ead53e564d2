import Groundwork
import ArgumentParser
import Foundation
import Storage

/// `pyhealth-bench pipeline`: whole commands on a synthetic corpus, from process start to files on disk.
struct PipelineCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pipeline",
        abstract: "Measures CSV to samples with 1 and 2 workers, and the training of four models.",
        discussion: """
            Time is from process start to its end; memory is that of the largest process; training is counted in \
            samples per CPU second of all processes, validation included. \
            Example: pyhealth-bench pipeline --patients 20000 --runs 5 --folder bench
            """)

    @Option(help: "Patients of the synthetic corpus.")
    var patients = 20_000

    @Option(help: "How many runs the median is taken over.")
    var runs = 5

    @Option(help: "Where corpora and runs are put; kept corpora are used again.")
    var folder = "bench"

    @Option(help: "The folder of pyhealth-coord; by default this command's own.")
    var commands: String?

    @Flag(help: "Also the memory for a corpus of ten times the size.")
    var large = false

    @Flag(help: "No training.")
    var onlySamples = false

    func run() throws {
        guard runs > 0, patients > 0 else { throw ValidationError("--runs and --patients: at least 1.") }
        let corpus = try makeCorpus(patients)
        try samples(corpus)
        if large { try memory(corpus) }
        if !onlySamples { try training(corpus) }
    }

    // MARK: CSV to samples

    private func samples(_ corpus: String) throws {
        var (alone, two): ([TimedProcess], [TimedProcess]) = ([], [])
        for _ in 0..<runs {
            alone.append(try extract(corpus, workers: 1))
            two.append(try extract(corpus, workers: 2))
        }
        let (first, second) = (Spread(alone.map(\.seconds)), Spread(two.map(\.seconds)))
        print(
            "CSV to samples, \(patients) patients, 1 worker: \(first.text("%.2f s")), CPU "
                + Spread(alone.map(\.cpuSeconds)).text("%.2f s")
                + String(format: ", largest process %.0f MB", alone.map(\.peakMegabytes).max() ?? 0))
        print(
            "CSV to samples, \(patients) patients, 2 workers: \(second.text("%.2f s")), "
                + Spread(zip(alone, two).map { $0.seconds / $1.seconds }).text("%.2f times as fast as 1"))
    }

    private func memory(_ corpus: String) throws {
        let small = try extract(corpus, workers: 1)
        let big = try extract(try makeCorpus(10 * patients), workers: 1)
        print(
            String(
                format:
                    "Ten times the patients: %.0f MB instead of %.0f MB, %.2f times; %.1f s instead of %.1f s",
                big.peakMegabytes, small.peakMegabytes, big.peakMegabytes / small.peakMegabytes, big.seconds,
                small.seconds))
    }

    private func extract(_ corpus: String, workers: Int) throws -> TimedProcess {
        let output = "\(folder)/samples"
        try? FileManager.default.removeItem(atPath: output)
        return try coordinator(
            [
                "run", try job(corpus, Self.models[0]), "--until", "samples", "--workers", "\(workers)",
                "--output", output, "--quiet",
            ])
    }

    // MARK: Training

    /// Models with embedding and hidden size 128.
    private static let models = [
        "{name: MLP, embedding_dim: 128, hidden_dim: 128}",
        "{name: RNN, rnn_type: GRU, embedding_dim: 128, hidden_dim: 128}",
        "{name: Transformer, embedding_dim: 128}",
        "{name: RETAIN, embedding_dim: 128}",
    ]

    private func training(_ corpus: String) throws {
        let output = "\(folder)/training"
        try? FileManager.default.removeItem(atPath: output)
        for model in Self.models {
            let path = try job(corpus, model)
            var rates: [Double] = []
            for seed in 0..<runs {
                let base = ["run", path, "--workers", "1", "--output", output, "--quiet"]
                _ = try coordinator(base + ["--until", "samples"])
                let cost = try coordinator(base + ["--until", "train", "--set", "seed=\(seed)"])
                rates.append(Double(try trainingSamples(output)) / cost.cpuSeconds)
            }
            print("Training, batch 32, \(model): \(Spread(rates).text("%.0f samples per CPU second"))")
        }
    }

    /// How many samples one epoch has, from the run's split.
    private func trainingSamples(_ run: String) throws -> Int {
        let folder = "\(run)/samples"
        let parts = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            .filter { $0.hasSuffix(".h5") }
        return try SampleSet(paths: parts.map { "\(folder)/\($0)" }).split.count { $0 == 0 }
    }

    // MARK: Input

    private func makeCorpus(_ patients: Int) throws -> String {
        let path = "\(folder)/corpus-\(patients)"
        guard !FileManager.default.fileExists(atPath: "\(path)/truth/truth.json") else { return path }
        try Files.createFolder(folder)
        _ = try coordinator(
            ["synthesize", "mimic3", "--patients", "\(patients)", "--seed", "1", "--output", path, "--quiet"])
        return path
    }

    private func job(_ corpus: String, _ model: String) throws -> String {
        let path = "\(folder)/job.yaml"
        let text = """
            name: bench
            dataset: {name: mimic3, root: \(corpus)}
            task: {name: MortalityPredictionMIMIC3}
            split: {by: patient, ratios: [0.7, 0.1, 0.2], seed: 0}
            model: \(model)
            trainer: {epochs: 1, batch_size: 32, optimizer: Adam, optimizer_params: {lr: 0.001}, monitor: roc_auc}
            """
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    private func coordinator(_ arguments: [String]) throws -> TimedProcess {
        let own = Files.folder(of: CommandLine.arguments[0])
        return try TimedProcess("\(commands ?? own)/pyhealth-coord", arguments)
    }
}
