package import Foundation
import Groundwork
import Storage
package import Training

/// Makes the trainer of a `train` payload, at the newest checkpoint, the one to resume from, or the start.
package struct TrainingSetup {
    package let trainer: Trainer
    /// The folder for `best.h5`, `last.h5` and `history.csv`.
    package let folder: String
    /// Checkpoints that were passed over because they are torn or have other content.
    package let damagedCheckpoints: Int

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
        trainer.checkpoints = CheckpointPolicy(
            store: CheckpointStore(folder: "\(folder)/checkpoints"),
            seconds: setup.job.configuration.checkpointSeconds)
        var damaged = 0
        let last = "\(folder)/last.h5"
        if FileManager.default.fileExists(atPath: last) {
            do { try trainer.load(from: last) } catch let error where Self.isDamage(error) { damaged += 1 }
        } else if let resume = payload.resume {
            try trainer.load(from: resume)
            guard !trainer.isFinished else {
                throw TrainingError.nothingLeft(path: resume, epochs: trainer.history.rows.count)
            }
            try Self.copyBest(
                of: trainer.history, beside: resume, to: folder,
                isNeeded: setup.job.configuration.monitor != nil
                    && setup.job.configuration.loadBestModelAtLast)
        }
        damagedCheckpoints = damaged + (try trainer.loadNewest())
    }

    /// Whether an error says that a file is not as it was written, so that an older one may do.
    private static func isDamage(_ error: any Error) -> Bool {
        if (error as? any PyHealthError)?.code.hasPrefix("hdf5.") == true { return true }
        switch error as? StorageError {
        case .damaged, .inconsistent, .wrongFormat: return true
        default: return false
        }
    }

    /// Takes over the best checkpoint of the run that is resumed, whole or not at all; all members do the same.
    private static func copyBest(
        of history: TrainingHistory, beside checkpoint: String, to folder: String, isNeeded: Bool
    ) throws {
        let best = (checkpoint as NSString).deletingLastPathComponent + "/best.h5"
        guard FileManager.default.fileExists(atPath: best) else {
            if isNeeded, let epoch = history.rows.last(where: \.isBest)?.epoch {
                throw TrainingError.missingBest(path: best, epoch: epoch)
            }
            return
        }
        let temporary = AtomicFile.temporaryName(for: "\(folder)/best.h5")
        try FileManager.default.copyItem(atPath: best, toPath: temporary)
        try AtomicFile.publish(temporary, as: "\(folder)/best.h5")
    }
}
