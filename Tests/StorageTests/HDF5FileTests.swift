import Foundation
import Groundwork
import HDF5
import TestSupport
import Testing

@Suite struct HDF5FileTests {
    private func sample(_ path: String) throws {
        let file = try HDF5File.create(path)
        try file.write([1.5, -2, .infinity] as [Float], to: "/state/fc.weight")
        try file.write([0.1, 0.2, 0.3, 0.4] as [Double], shape: [2, 2], to: "/deep/er/matrix")
        try file.write([-1, 2, .max] as [Int32], to: "/counts")
        try file.write([7, -7, 1 << 40] as [Int64], to: "/long")
        try file.write([0, 255] as [UInt8], to: "/bytes")
        try file.write([42] as [Int64], shape: [], to: "/single")
        try file.write([] as [Float], shape: [0, 3], to: "/empty")
        try file.writeText(["", "é", "401.9"], to: "/codes")
        try file.setAttribute("config", .text(#"{"a": 1}"#))
        try file.setAttribute("epoch", .integer(3))
        try file.setAttribute("score", .number(0.25), of: "/state/fc.weight")
        try file.setAttribute("nothing", .text(""))
        try file.close()
    }

    @Test func readsBackWhatWasWritten() throws {
        let folder = try TemporaryFolder()
        try sample(folder.file("a.h5"))
        let file = try HDF5File.open(folder.file("a.h5"))
        #expect(try file.read("/state/fc.weight") == [1.5, -2, .infinity] as [Float])
        #expect(try file.read("/deep/er/matrix") == [0.1, 0.2, 0.3, 0.4] as [Double])
        #expect(try file.read("counts") == [-1, 2, .max] as [Int32])
        #expect(try file.read("/long") == [7, -7, 1 << 40] as [Int64])
        #expect(try file.read("/bytes") == [0, 255] as [UInt8])
        #expect(try file.scalar("/single") == 42 as Int64)
        #expect(try file.read("/empty") == [] as [Float])
        #expect(try file.readText("/codes") == ["", "é", "401.9"])
        #expect(try file.attribute("config") == .text(#"{"a": 1}"#))
        #expect(try file.attribute("nothing") == .text(""))
        #expect(try file.integerAttribute("epoch") == 3)
        #expect(try file.numberAttribute("score", of: "/state/fc.weight") == 0.25)
        #expect(try file.attribute("absent") == nil)
        #expect(try file.attributeNames() == ["config", "epoch", "nothing"])
    }

    @Test func listsMembersAndDatasetsInOrder() throws {
        let folder = try TemporaryFolder()
        try sample(folder.file("a.h5"))
        let file = try HDF5File.open(folder.file("a.h5"))
        #expect(
            try file.members() == ["bytes", "codes", "counts", "deep", "empty", "long", "single", "state"])
        #expect(try file.datasets(under: "/deep") == ["/deep/er/matrix"])
        #expect(try file.datasets().count == 8)
        #expect(file.contains("/state/fc.weight"))
        #expect(!file.contains("/state/fc"))
        #expect(!file.contains("/nowhere/fc"))
    }

    @Test func datasetsCanBeMappedAtTheirOffset() throws {
        let folder = try TemporaryFolder()
        try sample(folder.file("a.h5"))
        let file = try HDF5File.open(folder.file("a.h5"))
        let bytes = try Data(contentsOf: URL(fileURLWithPath: folder.file("a.h5")))
        for name in ["/long", "/counts", "/codes", "/state/fc.weight"] {
            let offset = try #require(try file.info(of: name).offset)
            #expect(offset % 64 == 0)
        }
        let offset = try #require(try file.info(of: "/long").offset)
        let values = bytes[offset..<(offset + 24)].withUnsafeBytes { Array($0.bindMemory(to: Int64.self)) }
        #expect(values == [7, -7, 1 << 40])
        let empty = try file.info(of: "/empty")
        #expect(empty.shape == [0, 3] && empty.type == .float(bytes: 4) && empty.offset == nil)
    }

    @Test func readsRangesOfRows() throws {
        let folder = try TemporaryFolder()
        try sample(folder.file("a.h5"))
        let file = try HDF5File.open(folder.file("a.h5"))
        #expect(try file.read("/long", rows: 1..<3) == [-7, 1 << 40] as [Int64])
        #expect(try file.read("/deep/er/matrix", rows: 1..<2) == [0.3, 0.4] as [Double])
        #expect(try file.read("/long", rows: 2..<2) == [] as [Int64])
        let error = #expect(throws: HDF5Error.self) { try file.read("/long", rows: 2..<4, as: Int64.self) }
        #expect(error?.code == "hdf5.wrong-shape")
        let single = #expect(throws: HDF5Error.self) { try file.read("/single", rows: 0..<1, as: Int64.self) }
        #expect(single?.code == "hdf5.wrong-shape")
    }

    @Test func widensNumbersAndRefusesToCutThem() throws {
        let folder = try TemporaryFolder()
        try sample(folder.file("a.h5"))
        let file = try HDF5File.open(folder.file("a.h5"))
        #expect(try file.read("/counts") == [-1, 2, 2_147_483_647] as [Int64])
        #expect(try file.read("/counts") == [-1, 2, 2_147_483_647] as [Double])
        #expect(try file.read("/bytes") == [0, 255] as [Int32])
        #expect(try file.read("/deep/er/matrix") == [0.1, 0.2, 0.3, 0.4] as [Float])
        for (name, kind) in [("/long", "int64"), ("/counts", "int32")] {
            let error = #expect(throws: HDF5Error.self) { try file.read(name, as: UInt8.self) }
            #expect(error?.code == "hdf5.wrong-type")
            #expect(error?.message.contains(kind) == true)
        }
        let cut = #expect(throws: HDF5Error.self) { try file.read("/deep/er/matrix", as: Int64.self) }
        #expect(cut?.code == "hdf5.wrong-type")
    }

    @Test func equalWritesGiveEqualBytes() throws {
        let folder = try TemporaryFolder()
        try sample(folder.file("a.h5"))
        try sample(folder.file("b.h5"))
        let bytes = try ["a.h5", "b.h5"].map { try Data(contentsOf: URL(fileURLWithPath: folder.file($0))) }
        #expect(bytes[0] == bytes[1])
        #expect(!bytes[0].isEmpty)
    }

    @Test func longTextsAreWrittenWithVariableLength() throws {
        let folder = try TemporaryFolder()
        let texts = [String(repeating: "x", count: 4000)] + (0..<20_000).map { "\($0)" }
        let file = try HDF5File.create(folder.file("a.h5"))
        try file.writeText(texts, to: "/texts")
        try file.close()
        let read = try HDF5File.open(folder.file("a.h5"))
        #expect(try read.info(of: "/texts").type == .text(bytes: nil))
        #expect(try read.readText("/texts") == texts)
    }

    @Test func refusesAMissingFile() {
        let error = #expect(throws: HDF5Error.self) { try HDF5File.open("/nonexistent/a.h5") }
        #expect(error?.code == "hdf5.unreadable")
        #expect(error?.exitStatus == .io)
    }

    @Test func refusesAFileOfAnotherKind() throws {
        let folder = try TemporaryFolder()
        try AtomicFile.write("subject_id,hadm_id\n", to: folder.file("a.h5"))
        let error = #expect(throws: HDF5Error.self) { try HDF5File.open(folder.file("a.h5")) }
        #expect(error?.code == "hdf5.not-hdf5")
        let onFolder = #expect(throws: HDF5Error.self) { try HDF5File.open(folder.path) }
        #expect(onFolder?.code == "hdf5.not-hdf5")
    }

    @Test func refusesMissingObjectsAndWrongTypes() throws {
        let folder = try TemporaryFolder()
        try sample(folder.file("a.h5"))
        let file = try HDF5File.open(folder.file("a.h5"))
        let cases: [(String, () throws -> Void)] = [
            ("hdf5.missing", { _ = try file.read("/none", as: Float.self) }),
            ("hdf5.missing", { _ = try file.info(of: "/state/none") }),
            ("hdf5.missing", { _ = try file.members(of: "/none") }),
            ("hdf5.missing", { _ = try file.textAttribute("none") }),
            ("hdf5.missing", { _ = try file.attribute("config", of: "/none") }),
            ("hdf5.wrong-type", { _ = try file.read("/state", as: Float.self) }),
            ("hdf5.wrong-type", { _ = try file.read("/codes", as: Float.self) }),
            ("hdf5.wrong-type", { _ = try file.readText("/long") }),
            ("hdf5.wrong-type", { _ = try file.integerAttribute("config") }),
            ("hdf5.wrong-type", { _ = try file.textAttribute("epoch") }),
            ("hdf5.wrong-shape", { _ = try file.scalar("/long", as: Int64.self) }),
        ]
        for (code, body) in cases {
            let error = #expect(throws: HDF5Error.self, performing: body)
            #expect(error?.code == code)
            #expect(error?.message.contains(folder.file("a.h5")) == true)
        }
    }

    @Test func refusesToCreateInAMissingFolderAndToWriteANameTwice() throws {
        let missing = #expect(throws: FileError.self) { try HDF5File.create("/nonexistent/folder/a.h5") }
        #expect(missing?.code == "file.create")
        let folder = try TemporaryFolder()
        let file = try HDF5File.create(folder.file("a.h5"))
        try file.write([1] as [Int32], to: "/a")
        let twice = #expect(throws: HDF5Error.self) { try file.write([2] as [Int32], to: "/a") }
        #expect(twice?.code == "hdf5.cannot-write")
        let zero = #expect(throws: HDF5Error.self) { try file.writeText(["a\u{0}b"], to: "/text") }
        #expect(zero?.code == "hdf5.cannot-write")
    }

    @Test func manyThreadsReadOneFile() async throws {
        let folder = try TemporaryFolder()
        try sample(folder.file("a.h5"))
        let file = try HDF5File.open(folder.file("a.h5"))
        try await withThrowingTaskGroup(of: [Int64].self) { group in
            for _ in 0..<64 { group.addTask { try file.read("/long") } }
            for try await values in group { #expect(values == [7, -7, 1 << 40]) }
        }
    }
}
