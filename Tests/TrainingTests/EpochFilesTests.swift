import Foundation
import Groundwork
import Storage
import TestSupport
import Testing

@testable import Training

/// What a training leaves on disk is right whoever wrote it, and when; what it takes from there is checked.
struct EpochFilesTests {
    private func train(_ toy: ToyTraining, _ trainer: Trainer, into folder: String) throws {
        try trainer.run(with: LonelyExchange(ranks: 4), folder: folder) {}
    }

    /// A member that was given up in the middle of an epoch's end wakes when the others have gone on, or are done.
    @Test func aMemberThatWakesLatePutsNothingOldOverSomethingNew() throws {
        var toy = try ToyTraining()
        toy.configuration.monitor = "loss"
        toy.configuration.monitorCriterion = .min
        toy.configuration.epochs = 4
        let folder = try toy.output("a")
        try train(toy, toy.trainer(), into: folder)
        let names = ["best.h5", "last.h5", "history.csv"]
        let before = try names.map { try Files.contents(of: "\(folder)/\($0)") }
        #expect(try Set(FileManager.default.contentsOfDirectory(atPath: folder)) == Set(names))
        // Four steps and two gatherings per epoch: interrupted when its state of epoch 0, 1, … is written.
        for epoch in 0..<4 {
            let late = try toy.trainer()
            #expect(throws: LonelyExchange.Interruption.self) {
                try late.run(with: LonelyExchange(ranks: 4, failsAfter: 6 * epoch + 5), folder: folder) {}
            }
            #expect(access("\(folder)/epoch-\(epoch).h5", F_OK) == 0)
            #expect(try names.map { try Files.contents(of: "\(folder)/\($0)") } == before, "epoch \(epoch)")
        }
        // One that is told of the end only now.
        try EpochFiles(folder: folder).conclude(
            try {
                let late = try toy.trainer()
                try late.load(from: "\(folder)/last.h5")
                return late.history
            }())
        #expect(try names.map { try Files.contents(of: "\(folder)/\($0)") } == before)
        #expect(try Set(FileManager.default.contentsOfDirectory(atPath: folder)) == Set(names))
    }

    @Test func keepsTheLastAndTheBestEpochOnly() throws {
        var toy = try ToyTraining()
        toy.configuration.epochs = 5
        toy.configuration.monitor = "loss"
        toy.configuration.monitorCriterion = .min
        toy.configuration.optimizer.learningRate = 0
        let trainer = try toy.trainer()
        let folder = try toy.output("a")
        var seen: [Set<String>] = []
        try trainer.run(with: LonelyExchange(ranks: 4), folder: folder) {
            seen.append(Set((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []))
        }
        #expect(seen.last == ["epoch-0.h5", "epoch-4.h5"])
        #expect(seen.allSatisfy { $0.count <= 2 })
    }

    @Test func theBestStateOfAResumedRunGivesWayToABetterOneWheneverItIsCopied() throws {
        let folder = try TemporaryFolder("epochs")
        let files = EpochFiles(folder: folder.path)
        try AtomicFile.write("old best", to: folder.file("old.h5"))
        var history = TrainingHistory()
        for epoch in 0..<3 {
            history.rows.append(
                .init(epoch: epoch, trainLoss: 1, validationLoss: nil, metrics: [], isBest: epoch != 1))
        }
        try AtomicFile.write("new", to: files.path(2))
        // Somebody who joins late copies it when a better one is there.
        try files.adopt(best: folder.file("old.h5"), epoch: 0)
        #expect(files.newestFirst == [files.path(2)])
        try files.conclude(history)
        #expect(try Files.contents(of: folder.file("best.h5")) == Data("new".utf8))
        history.rows[2].isBest = false
        try AtomicFile.write("new", to: files.path(2))
        try files.adopt(best: folder.file("old.h5"), epoch: 0)
        try files.conclude(history)
        #expect(try Files.contents(of: folder.file("best.h5")) == Data("old best".utf8))
        #expect(try Files.contents(of: folder.file("last.h5")) == Data("new".utf8))
    }

    @Test func aCheckpointWhoseNumbersCannotBeIsRefused() throws {
        let toy = try ToyTraining()
        let trainer = try toy.trainer()
        try train(toy, trainer, into: toy.output("a"))
        let whole = trainer.snapshot()
        try toy.trainer().restore(whole.encoded())
        let changes: [(String, (inout CheckpointFile) -> Void)] = [
            ("negative position", { $0.counters[0].value = -1 }),
            ("position of another epoch", { $0.counters[0].value = 0 }),
            ("largest position", { $0.counters[0].value = .max }),
            ("too few steps", { $0.steps.removeLast() }),
            ("a negative step", { $0.steps[0] = -1 }),
            ("a step too large", { $0.steps[0] = .max }),
            ("no optimizer state", { $0.optimizer = [] }),
            ("doubled optimizer state", { $0.optimizer.append($0.optimizer[0]) }),
        ]
        #expect(whole.counters[0].name == "position")
        for (what, change) in changes {
            var file = whole
            change(&file)
            let fresh = try toy.trainer()
            let before = fresh.stateDigest()
            let error = #expect(throws: TrainingError.self, "\(what)") { try fresh.restore(file.encoded()) }
            #expect(error?.code == "training.other-checkpoint", "\(what)")
            #expect(fresh.stateDigest() == before, "\(what)")
        }
    }
}
