package import Foundation
import Groundwork
import Storage
package import Training

/// Makes the trainer of a `train` payload, at the newest checkpoint, the one to resume from, or the start.
package struct TrainingSetup {
    package let trainer: Trainer
    /// The folder for the states of epochs (``EpochFiles``).
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
        let files = EpochFiles(folder: folder)
        let (isLoaded, damaged) = try Self.loadNewest(of: files, trainer)
        if !isLoaded, let resume = payload.resume {
            try trainer.load(from: resume)
            guard !trainer.isFinished else {
                throw TrainingError.nothingLeft(path: resume, epochs: trainer.history.rows.count)
            }
            try Self.adoptBest(
                of: trainer, beside: resume, files,
                isNeeded: setup.job.configuration.monitor != nil
                    && setup.job.configuration.loadBestModelAtLast)
        }
        damagedCheckpoints = damaged + (try trainer.loadNewest())
    }

    /// Loads the newest state of an epoch that is as it was written; those that others remove meanwhile are passed over.
    private static func loadNewest(
        of files: EpochFiles, _ trainer: Trainer
    ) throws -> (isLoaded: Bool, damaged: Int) {
        var damaged: Set<String> = []
        while let path = files.newestFirst.first(where: { !damaged.contains($0) }) {
            do {
                try trainer.load(from: path)
                return (true, damaged.count)
            } catch let error where isDamage(error) || access(path, F_OK) != 0 {
                if access(path, F_OK) == 0 { damaged.insert(path) }
            }
        }
        return (false, damaged.count)
    }

    /// Whether an error says that a file is not as it was written, so that an older one may do.
    private static func isDamage(_ error: any Error) -> Bool {
        if (error as? any PyHealthError)?.code.hasPrefix("hdf5.") == true { return true }
        switch error as? StorageError {
        case .damaged, .inconsistent, .wrongFormat: return true
        default: return false
        }
    }

    /// Takes over the best checkpoint of the run that is resumed, if it is that; all members do the same.
    private static func adoptBest(
        of trainer: Trainer, beside checkpoint: String, _ files: EpochFiles, isNeeded: Bool
    ) throws {
        guard let epoch = trainer.history.best else { return }
        let best = bestCheckpoint(beside: checkpoint)
        guard FileManager.default.fileExists(atPath: best) else {
            if isNeeded { throw TrainingError.missingBest(path: best, epoch: epoch) }
            return
        }
        try trainer.check(best, isEndOf: epoch)
        try files.adopt(best: best, epoch: epoch)
    }

    /// Where the best checkpoint of a run is whose last one is `checkpoint`.
    package static func bestCheckpoint(beside checkpoint: String) -> String {
        (checkpoint as NSString).deletingLastPathComponent + "/best.h5"
    }
}
