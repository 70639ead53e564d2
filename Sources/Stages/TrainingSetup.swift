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

    /// How often the states in the folder are looked at before they are given up.
    private static let looks = 3

    /// Throws `PyHealthError`s; `folder` is the stage's folder, created if missing.
    package init(payload data: Data, runDirectory: String, folder: String) throws {
        let payload = try JSONDecoder().decode(ShardPayload.self, from: data)
        try Files.createFolder(folder)
        let fresh = { try Self.fresh(payload, runDirectory: runDirectory, folder: folder) }
        var trainer = try fresh()
        var damaged = try Self.load(trainer, payload, folder, fromFolder: true)
        // Others may have removed what was the best while a newer one was written.
        for _ in 1..<Self.looks where !trainer.hasBest(in: folder) {
            trainer = try fresh()
            damaged = try Self.load(trainer, payload, folder, fromFolder: true)
        }
        if !trainer.hasBest(in: folder) {
            // Without the best state what comes after it would end in another result.
            trainer = try fresh()
            damaged += 1 + (try Self.load(trainer, payload, folder, fromFolder: false))
        }
        (self.trainer, self.folder, damagedCheckpoints) = (trainer, folder, damaged)
    }

    /// A trainer at the start.
    private static func fresh(
        _ payload: ShardPayload, runDirectory: String, folder: String
    ) throws -> Trainer {
        let setup = try ModelSetup(
            job: try JobConfiguration.parse(payload.job), samples: payload.inputs["samples"] ?? [],
            processors: "\(runDirectory)/\(try payload.input("processors").path)", runDirectory: runDirectory)
        let trainer = try Trainer(job: setup.job, model: setup.model, samples: setup.samples)
        trainer.checkpoints = CheckpointPolicy(
            store: CheckpointStore(folder: "\(folder)/checkpoints"),
            seconds: setup.job.configuration.checkpointSeconds)
        trainer.isWithoutBest =
            payload.resume.map { payload.outside[bestCheckpoint(beside: $0)] == nil } ?? false
        return trainer
    }

    /// Brings a trainer to the newest state in the training's folder, if that may be looked at, or to the one to resume from;
    /// returns how many were passed over.
    private static func load(
        _ trainer: Trainer, _ payload: ShardPayload, _ folder: String, fromFolder: Bool
    ) throws -> Int {
        let files = EpochFiles(folder: folder)
        let (isLoaded, damaged) = fromFolder ? try loadNewest(of: files, trainer) : (false, 0)
        if !isLoaded, let resume = payload.resume {
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
        return fromFolder ? damaged + (try trainer.loadNewest()) : damaged
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
