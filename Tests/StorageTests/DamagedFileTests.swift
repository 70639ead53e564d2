import ClinicalData
import Foundation
import Groundwork
import HDF5
import Storage
import TestSupport
import Testing

/// Cut, flipped and overwritten files: an error with a code, or the content that was written; never anything else.
@Suite struct DamagedFileTests {
    /// A kind of file: how it is written, and its content as a comparable text when it is read.
    struct Kind: Sendable, CustomTestStringConvertible {
        let name: String
        let write: @Sendable (String) throws -> Void
        let read: @Sendable (String) throws -> String

        var testDescription: String { name }
    }

    static let kinds = [
        Kind(name: "events") {
            var cases = StoredCases(seed: 20)
            try EventPart.write(cases.events(patients: 5), to: $0)
        } read: {
            "\(contents(try EventPart.read($0)))"
        },
        Kind(name: "raw samples") {
            var cases = StoredCases(seed: 21)
            try RawSampleFile.write(cases.rawSamples(6), to: $0)
        } read: {
            "\(try RawSampleFile.read($0))"
        },
        Kind(name: "samples") { path in
            var cases = StoredCases(seed: 22)
            let columns = cases.encodedColumns(6)
            let ids = (0..<6).map { "p\($0)" }
            try SampleFile.write(
                columns: columns, patientIDs: ids, visitIDs: ids, split: [0, 1, 2, 0, 0, 0], to: path)
        } read: { path in
            let set = try SampleSet(paths: [path])
            let columns = try set.fields.map { try set.column($0, samples: Array(0..<set.count)) }
            return "\(columns) \(set.split) \(try set.ids())"
        },
        Kind(name: "checkpoint") {
            var cases = StoredCases(seed: 23)
            try cases.checkpoint().write(to: $0)
        } read: {
            let file = try CheckpointFile.read(
                $0, counters: ["epoch", "seed"], texts: ["configuration", "history"])
            return "\(file)"
        },
        Kind(name: "predictions") {
            var cases = StoredCases(seed: 24)
            try cases.predictions(5).write(to: $0)
        } read: {
            "\(try PredictionFile.read($0))"
        },
        Kind(name: "split") {
            try SplitFile.write([0, 1, 2, 0], to: $0)
        } read: {
            "\(try SplitFile.read($0))"
        },
    ]

    @Test(arguments: kinds) func cutFilesAreRefusedAtEveryLength(kind: Kind) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.h5")
        try kind.write(path)
        let whole = try bytes(path)
        let step = max(1, whole.count / 150)
        for length in Array(stride(from: 0, to: whole.count, by: step)) + [whole.count - 1] {
            try whole.prefix(length).write(to: URL(fileURLWithPath: path))
            do {
                _ = try kind.read(path)
                Issue.record("\(length) of \(whole.count) bytes were read without an error")
            } catch {
                #expect((error as? any PyHealthError)?.exitStatus == .io, "\(length) bytes: \(error)")
            }
        }
    }

    @Test(arguments: kinds) func flippedBytesAreNoticed(kind: Kind) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.h5")
        try kind.write(path)
        let whole = try bytes(path)
        let content = try kind.read(path)
        var noticed = 0
        let places = Array(stride(from: 0, to: whole.count, by: max(1, whole.count / 500)))
        for place in places {
            var damaged = whole
            damaged[place] ^= UInt8(1 << (place % 8))
            try damaged.write(to: URL(fileURLWithPath: path))
            do {
                let got = try kind.read(path)
                #expect(got == content, "byte \(place) changed the content without an error")
            } catch {
                noticed += 1
                #expect(error is any PyHealthError, "byte \(place): \(error)")
            }
        }
        #expect(noticed > places.count / 10)
    }

    @Test func changedValuesAreNamedWithTheirDataset() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("split.h5")
        try SplitFile.write([0, 1, 2, 0], to: path)
        let file = try HDF5File.open(path)
        let offset = try #require(try file.info(of: "/split").offset)
        try file.close()
        var damaged = try bytes(path)
        damaged[offset + 4] ^= 1
        try damaged.write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: StorageError.self) { try SplitFile.read(path) }
        #expect(error == .damaged(path: path, dataset: "split"))
        #expect(error?.code == "storage.damaged")
    }

    @Test(arguments: kinds) func missingFilesAreNamed(kind: Kind) {
        let error = #expect(throws: HDF5Error.self) { try kind.read("/nonexistent/part.h5") }
        #expect(error?.code == "hdf5.unreadable")
        #expect(error?.message.contains("/nonexistent/part.h5") == true)
    }

    @Test(arguments: kinds) func aFolderThatCannotBeWrittenIsNamed(kind: Kind) throws {
        let folder = try TemporaryFolder()
        try AtomicFile.write("a file", to: folder.file("file"))
        for path in ["/nonexistent/part.h5", folder.file("file/part.h5"), "/proc/part.h5"] {
            let error = #expect(throws: FileError.self) { try kind.write(path) }
            #expect(error?.exitStatus == .cannotCreate)
            #expect(error?.message.contains(path) == true)
        }
    }

    #if compiler(>=6.2)
        /// In a process of its own, since the limit holds for all its files.
        @Test func aFullDiskIsAnErrorAndLeavesNothing() async {
            await #expect(processExitsWith: .success) {
                let folder = try TemporaryFolder()
                signal(SIGXFSZ, SIG_IGN)
                for kind in DamagedFileTests.kinds {
                    try kind.write(folder.file("a.h5"))
                    let size = UInt(try bytes(folder.file("a.h5")).count)
                    unlink(folder.file("a.h5"))
                    for limit in [0, 1, size / 2, size - 1] {
                        limitFileSize(limit)
                        do {
                            try kind.write(folder.file("a.h5"))
                            exit(1)
                        } catch let error as FileError {
                            guard error.code == "file.write", error.exitStatus == .cannotCreate else {
                                exit(2)
                            }
                        }
                        guard try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty else {
                            exit(3)
                        }
                    }
                    limitFileSize(.max)
                }
                // The library still works afterwards.
                for kind in DamagedFileTests.kinds {
                    try kind.write(folder.file("a.h5"))
                    _ = try kind.read(folder.file("a.h5"))
                }
            }
        }
    #endif
}

/// Makes writes beyond `bytes` of any file fail in this process.
private func limitFileSize(_ bytes: UInt) {
    // 1 is RLIMIT_FSIZE, which is imported as an enumeration of another type.
    var limits = rlimit(rlim_cur: bytes, rlim_max: UInt.max)
    setrlimit(__rlimit_resource_t(1), &limits)
}
