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
        try Files.createFolder(folder)
        self.folder = folder
        var (trainer, damaged) = try Self.trainer(payload, runDirectory, folder, goesOn: true)
        // Others may have removed what was the best while a newer one was written, so it is looked for again. Without it, what comes
        // after it would end in another result: then from the beginning.
        for goesOn in [true, true, false] where !trainer.hasBest(in: folder) {
            (trainer, damaged) = try Self.trainer(payload, runDirectory, folder, goesOn: goesOn)
        }
        (self.trainer, damagedCheckpoints) = (trainer, damaged)
    }

    /// A trainer at the newest state in the training's folder, if it `goesOn`, or else at the checkpoint to resume from or the start;
    /// and how many states were passed over.
    private static func trainer(
        _ payload: ShardPayload, _ runDirectory: String, _ folder: String, goesOn: Bool
    ) throws -> (Trainer, damaged: Int) {
        let setup = try ModelSetup(
            job: try JobConfiguration.parse(payload.job), samples: payload.inputs["samples"] ?? [],
            processors: "\(runDirectory)/\(try payload.input("processors").path)", runDirectory: runDirectory)
        let trainer = try Trainer(job: setup.job, model: setup.model, samples: setup.samples)
        trainer.checkpoints = CheckpointPolicy(
            store: CheckpointStore(folder: "\(folder)/checkpoints"),
            seconds: setup.job.configuration.checkpointSeconds)
        let files = EpochFiles(folder: folder)
        let (isLoaded, damaged) = goesOn ? try loadNewest(of: files, trainer) : (false, 1)
        if let resume = payload.resume {
            trainer.isWithoutBest = payload.outside[bestCheckpoint(beside: resume)] == nil
            if !isLoaded { try load(trainer, resume, payload, files) }
        }
        return (trainer, damaged + (goesOn ? try trainer.loadNewest() : 0))
    }

    /// Loads the checkpoint of `--resume`, and takes over the best one beside it.
    private static func load(
        _ trainer: Trainer, _ resume: String, _ payload: ShardPayload, _ files: EpochFiles
    ) throws {
        try payload.checkOutsideFiles()
        try trainer.load(from: resume)
        guard !trainer.isFinished else {
            throw TrainingError.nothingLeft(path: resume, epochs: trainer.history.rows.count)
        }
        let configuration = trainer.job.configuration
        try adoptBest(
            of: trainer, beside: resume, files,
            isNeeded: configuration.monitor != nil && configuration.loadBestModelAtLast)
        // Nor was one changed while it was read.
        try payload.checkOutsideFiles()
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
        do { try trainer.check(best, isEndOf: epoch) } catch  where !isNeeded { return }
        try files.adopt(best: best, epoch: epoch)
    }

    /// Whether a file is a checkpoint at all; throws `FileError`, `HDF5Error`.
    package static func isCheckpoint(_ path: String) throws -> Bool { try CheckpointFile.isCheckpoint(path) }

    /// Where the best checkpoint of a run is whose last one is `checkpoint`.
    package static func bestCheckpoint(beside checkpoint: String) -> String {
        Files.folder(of: checkpoint) + "/best.h5"
    }
}
