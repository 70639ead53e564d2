import Foundation
import Groundwork

/// What every epoch came to: one row per epoch, kept in checkpoints and written as `history.csv`.
package struct TrainingHistory: Codable, Sendable, Equatable {
    /// One epoch.
    package struct Row: Codable, Sendable, Equatable {
        /// 0-based.
        package var epoch: Int
        /// Mean loss per training sample, in training mode.
        package var trainLoss: Double
        /// Mean loss per validation sample; nil without validation samples, and where it is no number.
        package var validationLoss: Double?
        /// Validation metrics by name, in the order asked; nil where undefined.
        package var metrics: [Metric]
        /// Whether this epoch is the best so far.
        package var isBest: Bool
    }

    /// A metric's name and value.
    package struct Metric: Codable, Sendable, Equatable {
        package var name: String
        /// nil where the metric is undefined.
        package var value: Double?
    }

    /// The epochs so far.
    package var rows: [Row] = []
    /// The best monitored value so far.
    package var bestScore: Double?
    /// Epochs since the best one.
    package var epochsWithoutImprovement = 0

    package init() {}

    /// The rows as comma-separated text with a header.
    package var csv: String {
        let names = rows.first?.metrics.map(\.name) ?? []
        var text = (["epoch", "train_loss", "val_loss"] + names.map { "val_\($0)" } + ["best"]).joined(
            separator: ",")
        text += "\n"
        for row in rows {
            let cells =
                ["\(row.epoch)", "\(row.trainLoss)", row.validationLoss.map { "\($0)" } ?? ""]
                + row.metrics.map { $0.value.map { "\($0)" } ?? "" } + [row.isBest ? "1" : "0"]
            text += cells.joined(separator: ",") + "\n"
        }
        return text
    }
}
