import ClinicalData
import Digests
import Foundation
import Groundwork
import HDF5
import Storage
import TestSupport
import Testing

/// Events, raw samples, splits, predictions and checkpoints.
@Suite struct StageFileTests {
    @Test(arguments: [0, 1, 25]) func rawSamplesComeBack(count: Int) throws {
        let folder = try TemporaryFolder()
        var cases = StoredCases(seed: UInt64(count))
        let samples = cases.rawSamples(count)
        try RawSampleFile.write(samples, to: folder.file("raw.h5"))
        #expect(try RawSampleFile.read(folder.file("raw.h5")) == samples)
        #expect(try RawSampleFile.readPatients(folder.file("raw.h5")) == samples.patientIDs)
    }

    @Test(arguments: [0, 1, 12]) func eventsComeBack(patients: Int) throws {
        let folder = try TemporaryFolder()
        var cases = StoredCases(seed: UInt64(patients))
        let shard = cases.events(patients: patients)
        try EventPart.write(shard, to: folder.file("events.h5"))
        #expect(contents(try EventPart.read(folder.file("events.h5"))) == contents(shard))
    }

    @Test(arguments: [0, 1, 30]) func predictionsComeBack(count: Int) throws {
        let folder = try TemporaryFolder()
        var cases = StoredCases(seed: UInt64(count))
        let file = cases.predictions(count)
        try file.write(to: folder.file("p.h5"))
        #expect(try PredictionFile.read(folder.file("p.h5")) == file)
    }

    @Test func predictionsAppendChosenRows() {
        var cases = StoredCases(seed: 4)
        let file = cases.predictions(6)
        var chosen = PredictionFile(mode: file.mode)
        chosen.append(file, rows: [4, 1])
        #expect(chosen.samples == [8, 2])
        #expect(chosen.probabilities == Array(file.probabilities[12..<15]) + Array(file.probabilities[3..<6]))
        #expect(chosen.truth == [file.truth[4], file.truth[1]])
        #expect(chosen.losses == [file.losses[4], file.losses[1]])
    }

    @Test func splitsComeBack() throws {
        let folder = try TemporaryFolder()
        try SplitFile.write([0, 2, 1, 0], to: folder.file("split.h5"))
        #expect(try SplitFile.read(folder.file("split.h5")) == [0, 2, 1, 0])
    }

    @Test func checkpointsComeBackInTheModelsOrder() throws {
        let folder = try TemporaryFolder()
        var cases = StoredCases(seed: 5)
        let checkpoint = cases.checkpoint()
        try checkpoint.write(to: folder.file("last.h5"))
        let read = try CheckpointFile.read(
            folder.file("last.h5"), counters: ["epoch", "seed"], texts: ["configuration", "history"])
        #expect(read == checkpoint)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["last.h5"])
        let file = try HDF5File.open(folder.file("last.h5"))
        #expect(try file.info(of: "/state/embedding.weight").shape == [5, 2])
        #expect(try file.read("/optimizer/exp_avg/fc.bias") == checkpoint.optimizer[0].arrays[2].values)
    }

    @Test func checkpointsRefuseMissingAndUnlistedContent() throws {
        let folder = try TemporaryFolder()
        var cases = StoredCases(seed: 6)
        try cases.checkpoint().write(to: folder.file("a.h5"))
        let counter = #expect(throws: HDF5Error.self) {
            try CheckpointFile.read(folder.file("a.h5"), counters: ["position"], texts: [])
        }
        #expect(counter?.code == "hdf5.missing")
        let text = #expect(throws: HDF5Error.self) {
            try CheckpointFile.read(folder.file("a.h5"), counters: [], texts: ["totals"])
        }
        #expect(text?.code == "hdf5.missing")
        let file = try HDF5File.create(folder.file("b.h5"))
        try file.setAttribute("format", .text("pyhealth-checkpoint-1"))
        try file.setAttribute("slots", .text("[]"))
        try file.writeText(["fc.weight"], to: "/parameters")
        try file.setAttribute(
            "crc32c", .integer(Int64(CRC32C.checksum(of: Data("fc.weight\0".utf8)))), of: "/parameters")
        try file.write([1, 2] as [Float], to: "/state/other.weight")
        try file.close()
        let extra = #expect(throws: StorageError.self) {
            try CheckpointFile.read(folder.file("b.h5"), counters: [], texts: [])
        }
        #expect(extra?.code == "storage.inconsistent")
    }

    @Test func equalContentGivesEqualBytes() throws {
        let folders = [try TemporaryFolder(), try TemporaryFolder()]
        for (number, folder) in folders.enumerated() {
            leaveBehind(UInt8(number * 0xA5))
            var cases = StoredCases(seed: 7)
            try cases.checkpoint().write(to: folder.file("checkpoint"))
            try RawSampleFile.write(cases.rawSamples(20), to: folder.file("raw"))
            try cases.predictions(20).write(to: folder.file("predictions"))
            try EventPart.write(cases.events(patients: 9), to: folder.file("events"))
        }
        for name in ["checkpoint", "raw", "predictions", "events"] {
            #expect(try bytes(folders[0].file(name)) == bytes(folders[1].file(name)), "\(name)")
        }
    }

    /// Fills memory that files may be built in next.
    private func leaveBehind(_ byte: UInt8) {
        let blocks = (10...22).map {
            UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << $0, alignment: 1)
        }
        for block in blocks {
            block.initializeMemory(as: UInt8.self, repeating: byte)
            block.deallocate()
        }
    }

    @Test func namesOfAnotherFormatAreInTheError() throws {
        let folder = try TemporaryFolder()
        try SplitFile.write([0], to: folder.file("split.h5"))
        let error = #expect(throws: StorageError.self) { try EventPart.read(folder.file("split.h5")) }
        #expect(error?.code == "storage.wrong-format")
        #expect(error?.message.contains("pyhealth-events-2") == true)
        #expect(error?.message.contains("pyhealth-split-1") == true)
    }
}
