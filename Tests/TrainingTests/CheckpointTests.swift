import Foundation
import Groundwork
import Synchronization
import TestSupport
import Testing

@testable import Storage
@testable import Training

/// Checkpoints between the ends of epochs.
struct CheckpointTests {
    @Test func theNewestThatIsWholeIsLoaded() throws {
        let toy = try ToyTraining()
        let folder = try toy.output("run")
        let store = CheckpointStore(folder: "\(folder)/checkpoints")
        let trainer = try toy.trainer()
        trainer.checkpoints = CheckpointPolicy(store: store, seconds: 0)
        try trainer.run(with: LonelyExchange(ranks: 4), folder: folder) {}
        let entries = store.entries().entries
        #expect((1...CheckpointStore.kept).contains(entries.count))
        #expect(store.newest()?.position == entries[0].position && store.newest()?.damaged == 0)
        try trainer.writeCheckpoint()
        let newest = try #require(store.newest())
        #expect(newest.position == trainer.position)
        let other = try toy.trainer()
        other.checkpoints = trainer.checkpoints
        #expect(try other.loadNewest() == 0)
        #expect(other.stateDigest() == trainer.stateDigest())
        // A flipped bit: the one before it counts.
        var bytes = try Data(contentsOf: URL(fileURLWithPath: newest.path))
        bytes[bytes.count / 2] ^= 4
        try bytes.write(to: URL(fileURLWithPath: newest.path))
        let again = try toy.trainer()
        again.checkpoints = trainer.checkpoints
        #expect(try again.loadNewest() == 1)
        #expect(again.position < trainer.position)
    }

    @Test func aCheckpointThatIsAskedForIsWrittenInTheBackground() throws {
        let toy = try ToyTraining()
        let folder = try toy.output("run")
        let asked = Mutex(true)
        let written = Mutex<[UInt64]>([])
        let trainer = try toy.trainer()
        trainer.checkpoints = CheckpointPolicy(store: CheckpointStore(folder: "\(folder)/checkpoints"))
        trainer.checkpoints?.isRequested = { asked.withLock { $0 } }
        trainer.checkpoints?.whenRequestedIsWritten = { position in
            asked.withLock { $0 = false }
            written.withLock { $0.append(position) }
        }
        try trainer.run(with: LonelyExchange(ranks: 4), folder: folder) {}
        #expect(written.withLock { $0.first } == 1)
    }

    @Test func aTrainingsStateTravelsAsBytes() throws {
        let toy = try ToyTraining()
        let trainer = try toy.trainer()
        try trainer.run(with: LonelyExchange(ranks: 4), folder: toy.output("run")) {}
        let other = try toy.trainer()
        try other.restore(trainer.state())
        #expect(other.stateDigest() == trainer.stateDigest() && other.history == trainer.history)
        #expect(throws: (any Error).self) { try other.restore(trainer.state().dropLast(3)) }
        #expect(throws: (any Error).self) { try other.restore(Data([1, 2, 3])) }
    }

    @Test func aFullDiskIsWaitedFor() throws {
        var tries = 0
        var told: [Bool] = []
        let result = try DiskSpace.retrying({ told.append($0) }, pause: 0) { () -> Int in
            tries += 1
            if tries < 3 { throw FileError("write", path: "x", errorNumber: ENOSPC, writing: true) }
            return tries
        }
        #expect(result == 3 && told == [true, true, false])
        let error = #expect(throws: FileError.self) {
            try DiskSpace.retrying({ _ in }, pause: 0, tries: 2) {
                throw FileError("write", path: "x", errorNumber: ENOSPC, writing: true)
            }
        }
        #expect(error?.errorNumber == ENOSPC)
        tries = 0
        #expect(throws: FileError.self) {
            try DiskSpace.retrying({ _ in }, pause: 0, isStopped: { tries == 3 }) {
                tries += 1
                throw FileError("write", path: "x", errorNumber: ENOSPC, writing: true)
            }
        }
        #expect(tries == 3)
        var (once, number): ([Bool], Int) = ([], 0)
        try DiskSpace.retrying(tellingOnce: { once.append($0) }) {
            number += 1
            if number < 3 { throw FileError("write", path: "x", errorNumber: ENOSPC, writing: true) }
        }
        #expect(once == [true, false])
    }
}
