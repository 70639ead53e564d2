package import Foundation
import Groundwork
package import Training

/// Makes the trainer of a `train` payload, at the newest checkpoint, the one to resume from, or the start.
package struct TrainingSetup {
    package let trainer: Trainer
    /// The folder for `best.h5`, `last.h5` and `history.csv`.
    package let folder: String

    /// Throws `PyHealthError`s; `folder` is the stage's folder, created if missing.
    package init(payload data: Data, runDirectory: String, folder: String) throws {
        let payload = try JSONDecoder().decode(ShardPayload.self, from: data)
        let job = try JobConfiguration.parse(payload.job)
        let setup = try ModelSetup(
            job: job, samples: payload.inputs["samples"] ?? [],
            processors: "\(runDirectory)/\(try payload.input("processors").path)", runDirectory: runDirectory)
        trainer = try Trainer(job: setup.job, model: setup.model, samples: setup.samples)
        self.folder = folder
        try Files.createFolder(folder)
        let last = "\(folder)/last.h5"
        if FileManager.default.fileExists(atPath: last) {
            try trainer.load(from: last)
        } else if let resume = payload.resume {
            try trainer.load(from: resume)
            try Self.copyBest(beside: resume, to: folder)
        }
    }

    /// Takes over the best checkpoint of the run that is resumed, whole or not at all; all members do the same.
    private static func copyBest(beside checkpoint: String, to folder: String) throws {
        let best = (checkpoint as NSString).deletingLastPathComponent + "/best.h5"
        guard FileManager.default.fileExists(atPath: best) else { return }
        let temporary = AtomicFile.temporaryName(for: "\(folder)/best.h5")
        try FileManager.default.copyItem(atPath: best, toPath: temporary)
        try AtomicFile.publish(temporary, as: "\(folder)/best.h5")
    }
}
