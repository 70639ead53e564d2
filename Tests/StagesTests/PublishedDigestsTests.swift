import Foundation
import Groundwork
import TestSupport
import Testing

@testable import Stages

/// `SHA256SUMS` tells every change of what a run left, also of itself.
struct PublishedDigestsTests {
    private static let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    private func folder() throws -> TemporaryFolder {
        let folder = try TemporaryFolder("digests")
        try Files.createFolder(folder.file("samples"))
        for (name, text) in [
            ("metrics.json", "abc"), ("job.resolved.yaml", "a: 1\n"), ("samples/manifest.json", "{}"),
        ] {
            try AtomicFile.write(text, to: folder.file(name), durable: false)
        }
        try PublishedDigests(runDirectory: folder.path).write([("metrics.json", Self.abc)])
        return folder
    }

    @Test func coreutilsFindTheSame() throws {
        let folder = try folder()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["sha256sum", "--check", "--strict", "--quiet", PublishedDigests.name]
        process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        let found = try #require(try PublishedDigests(runDirectory: folder.path).problems())
        #expect(found.files == 3 && found.problems.isEmpty)
    }

    @Test func changedAndMissingFilesAreNamed() throws {
        let folder = try folder()
        try AtomicFile.write("abd", to: folder.file("metrics.json"), durable: false)
        unlink(folder.file("samples/manifest.json"))
        let problems = try #require(try PublishedDigests(runDirectory: folder.path).problems()).problems
        #expect(
            problems == ["metrics.json has other content (SHA-256)", "samples/manifest.json is missing"])
    }

    @Test func everyFlippedBitAndEveryCutOfTheDigestsThemselvesIsFound() throws {
        let folder = try folder()
        let path = folder.file(PublishedDigests.name)
        let content = try Data(contentsOf: URL(fileURLWithPath: path))
        func isFound(_ other: Data) throws -> Bool {
            try other.write(to: URL(fileURLWithPath: path))
            return try PublishedDigests(runDirectory: folder.path).problems()?.problems.isEmpty == false
        }
        for bit in 0..<(content.count * 8) {
            var other = content
            other[bit / 8] ^= 1 << (bit % 8)
            #expect(try isFound(other), "bit \(bit)")
        }
        for count in 0..<content.count { #expect(try isFound(content.prefix(count)), "cut after \(count)") }
    }

    @Test func aRunThatBeganAgainHasNone() throws {
        let folder = try folder()
        PublishedDigests(runDirectory: folder.path).remove()
        #expect(try PublishedDigests(runDirectory: folder.path).problems() == nil)
    }
}
