import ArgumentParser
import Evaluation
import Foundation
import Storage
import SyntheticCorpora

/// `pyhealth-bench signal`: how much of a synthetic corpus's signal a model has found.
struct SignalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "signal",
        abstract: "Compares a run's test AUC with the best that any model can reach on the same samples.",
        discussion: """
            The corpus must be one of `pyhealth-coord synthesize`, whose true probabilities are in its folder truth/.
            Example: pyhealth-bench signal --run runs/m1 --corpus corpus --within 0.05
            """)

    @Option(name: .customLong("run"), help: "The run directory.")
    var runDirectory: String

    @Option(help: "The corpus's folder.")
    var corpus: String

    @Option(help: "Fail if the model falls further behind the best reachable AUC than this.")
    var within: Double?

    func run() throws {
        let predictions = try PredictionFile.read("\(runDirectory)/predictions/test.h5")
        let labels = predictions.truth.map { $0 > 0.5 }
        let best = try SyntheticTruth(corpus: corpus).bestReachableAUC(
            visits: predictions.visitIDs, labels: labels)
        guard let best else {
            throw ValidationError(
                "\(runDirectory) was not made from \(corpus), or its test part has one class only.")
        }
        let achieved = RankingCurves.areaUnderROC(
            labels: labels, scores: predictions.probabilities.map(Double.init))
        let format = { (value: Double) in String(format: "%.4f", value) }
        print(
            "test AUC \(format(achieved)), best reachable \(format(best)), short by \(format(best - achieved))"
        )
        if let within, best - achieved > within { throw ExitCode(1) }
    }
}
