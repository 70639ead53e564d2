import Foundation
import Groundwork
import TestSupport
import Testing

@testable import ClusterProtocol
@testable import ClusterRuntime

/// A disk whose n-th call of one kind fails, as network disks do when a server was started again.
private final class StaleDisk: Disk, @unchecked Sendable {
    // Safe to share: used by one test on one thread.
    enum Call { case read, digest, write, flush, rename, link }

    private let base = SystemDisk()
    private let failing: Call
    private var left: Int

    init(_ failing: Call, times: Int) { (self.failing, left) = (failing, times) }

    private func attempt<Value>(_ call: Call, _ path: String, _ body: () throws -> Value) throws -> Value {
        guard call == failing, left > 0 else { return try body() }
        left -= 1
        throw FileError("\(call)", path: path, errorNumber: ESTALE, writing: call != .read)
    }

    func names(in folder: String) -> [String] { base.names(in: folder) }
    func size(of path: String) -> UInt64? { base.size(of: path) }
    func contents(of path: String) throws -> Data? {
        try attempt(.read, path) { try base.contents(of: path) }
    }
    func sha256(of path: String) throws -> String { try attempt(.digest, path) { try base.sha256(of: path) } }
    func createFolder(_ path: String) throws -> Bool { try base.createFolder(path) }
    func write(_ data: Data, to path: String) throws {
        try attempt(.write, path) { try base.write(data, to: path) }
    }
    func createGrowingFile(_ path: String) throws -> any GrowingFile { try base.createGrowingFile(path) }
    func flush(_ path: String) throws { try attempt(.flush, path) { try base.flush(path) } }
    func rename(_ path: String, to other: String) throws {
        try attempt(.rename, other) { try base.rename(path, to: other) }
    }
    func link(_ path: String, to other: String) throws -> Bool {
        try attempt(.link, other) { try base.link(path, to: other) }
    }
    func remove(_ path: String) { base.remove(path) }
    func removeFolder(_ path: String) { base.removeFolder(path) }
    func temporaryName(for path: String) -> String { base.temporaryName(for: path) }
}

/// NFS says ESTALE: what failed is named, tried again, and nothing half done counts.
struct StaleFileTests {
    private func job(_ folder: TemporaryFolder, attempt: UInt32) throws -> OutputPublisher.Job {
        try FileManager.default.createDirectory(
            atPath: folder.file("stage/aa"), withIntermediateDirectories: true)
        let work = ShardWork(
            stageID: "aa", stageName: "n", shardName: "s0", payload: Data(), runDirectory: folder.path,
            outputPrefix: "stage/aa/s0.e1.a\(attempt)", instance: "00000001")
        try Data("content".utf8).write(to: URL(fileURLWithPath: work.temporaryPath(for: "text")))
        var id = WireAttemptID()
        id.stage = "aa"
        id.epoch = 1
        id.attempt = attempt
        return OutputPublisher.Job(
            attempt: id, work: work, result: ShardResult(outputs: [.init(name: "text", rows: 1)]))
    }

    @Test(arguments: ["digest", "write", "flush", "rename"])
    func aPublicationThatFailsIsReportedAndTheNextAttemptSucceeds(operation: String) throws {
        let calls: [String: StaleDisk.Call] = [
            "digest": .digest, "write": .write, "flush": .flush, "rename": .rename,
        ]
        let folder = try TemporaryFolder("cluster")
        let disk = StaleDisk(try #require(calls[operation]), times: 1)
        let first = OutputPublisher.publish(
            [try job(folder, attempt: 1)], disk: disk, usage: WireUsage())
        guard case .failed(let failed)? = first.first, first.count == 1 else {
            Issue.record("\(first)")
            return
        }
        #expect(failed.failure.code == "file.\(operation)")
        #expect(failed.failure.message.contains("Stale file handle"), "\(failed.failure.message)")
        // An error that may pass: another attempt is granted.
        #expect(!failed.failure.deterministic && failed.failure.damagedInput.isEmpty)
        let second = OutputPublisher.publish(
            [try job(folder, attempt: 2)], disk: disk, usage: WireUsage())
        guard case .finished(let result)? = second.first else {
            Issue.record("\(second)")
            return
        }
        #expect(result.commit.outputs[0].path == "stage/aa/s0.e1.a2.text")
    }

    @Test(arguments: [false, true]) func aCoordinatorThatCannotReadTheJournalSaysSo(isRead: Bool) throws {
        let folder = try TemporaryFolder("cluster")
        let directory = RunDirectory(path: folder.path, disk: SystemDisk(), rules: .all)
        let ledger = try RunLedger(directory, build: "test")
        let journal = try JournalSegment(path: ledger.journalPath, disk: SystemDisk())
        try journal.write([ledger.startRecord(job: "j", build: "test")])
        let stale = StaleDisk(isRead ? .read : .flush, times: 1)
        let again = RunDirectory(path: folder.path, disk: stale, rules: .all)
        let error = #expect(throws: FileError.self) { try RunHistory(again) }
        #expect(error?.errorNumber == ESTALE && error?.message.contains("journal/1.pbj") == true)
        // The same command finds it.
        #expect(try RunHistory(again).segments.count == 1)
    }
}
