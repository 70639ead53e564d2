import Foundation
import Groundwork
import TestSupport
import Testing

/// Files appear whole or not at all, and failures give the system's reason.
@Suite struct FilesTests {
    @Test func aWriteReplacesTheWholeFile() throws {
        let folder = try TemporaryFolder("files")
        let path = folder.file("a")
        try AtomicFile.write("first, longer", to: path)
        try AtomicFile.write("second", to: path)
        #expect(try Files.contents(of: path) == Data("second".utf8))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a"])
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect((mode ?? 0) & 0o007 == 0)
    }

    @Test func aWriteThatFailsLeavesWhatWasThere() throws {
        let folder = try TemporaryFolder("files")
        let path = folder.file("a/b")
        let error = #expect(throws: FileError.self) { try AtomicFile.write("x", to: path) }
        #expect(error?.errorNumber == ENOENT)
        #expect(error?.exitStatus == .cannotCreate)
        try Files.createFolder(path)
        #expect(throws: FileError.self) { try AtomicFile.write("x", to: path) }
        #expect(Files.isFolder(path))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.file("a")) == ["b"])
    }

    @Test func readingSaysWhatIsWrong() throws {
        let folder = try TemporaryFolder("files")
        #expect(throws: FileError.self) { try Files.contents(of: folder.file("none")) }
        let error = #expect(throws: FileError.self) { try Files.contents(of: folder.path) }
        #expect(error?.errorNumber == EISDIR)
        #expect(error?.exitStatus == .io)
    }

    @Test(arguments: [
        ("k", "."), ("k/", "."), ("/", "/"), ("/k", "/"), ("a/b", "a"), ("a//b//", "a"), ("/a/b/", "/a"),
    ])
    func theFolderThatHoldsAPath(path: String, folder: String) {
        #expect(Files.folder(of: path) == folder)
    }

    @Test func foldersAreCreatedWithTheirParents() throws {
        let folder = try TemporaryFolder("files")
        try Files.createFolder(folder.file("a/b/c"))
        try Files.createFolder(folder.file("a/b/c"))
        #expect(Files.isFolder(folder.file("a/b/c")))
        _ = FileManager.default.createFile(atPath: folder.file("f"), contents: nil)
        let error = #expect(throws: FileError.self) { try Files.createFolder(folder.file("f/g")) }
        #expect(error?.errorNumber == ENOTDIR)
    }

    @Test func filesBelowAFolderAreFoundBehindLinksAndEachOnce() throws {
        let folder = try TemporaryFolder("below")
        let (inside, outside) = (folder.file("inside"), folder.file("outside"))
        try Files.createFolder("\(inside)/deep")
        try Files.createFolder(outside)
        for path in ["\(inside)/a", "\(inside)/deep/b", "\(outside)/c"] {
            _ = FileManager.default.createFile(atPath: path, contents: nil)
        }
        for (link, target) in [
            ("linked", outside), ("one", "\(outside)/c"), ("deep/again", inside), ("gone", "/nowhere/x"),
        ] {
            try FileManager.default.createSymbolicLink(
                atPath: "\(inside)/\(link)", withDestinationPath: target)
        }
        #expect(try Files.below(inside).sorted() == ["a", "deep/b", "linked/c", "one"])
        #expect(throws: FileError.self) { try Files.below(folder.file("missing")) }
    }
}
