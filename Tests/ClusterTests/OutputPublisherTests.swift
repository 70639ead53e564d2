import Foundation
import Groundwork
import Synchronization
import TestSupport
import Testing

@testable import ClusterProtocol
@testable import ClusterRuntime

/// Outputs get their names, also where the disk was full in the middle of it.
struct OutputPublisherTests {
    @Test(arguments: 1...4) func aRenameThatFindsNoRoomIsDoneAgainAndOnlyThat(failing: Int) throws {
        let folder = try TemporaryFolder("publisher")
        let names = ["a.h5", "b.h5", "c.json"]
        let work = ShardWork(
            stageID: "aa", stageName: "stage", shardName: "s0", payload: Data(), runDirectory: folder.path,
            outputPrefix: "s0.e1.a1", instance: "00000001")
        for name in names {
            try AtomicFile.write("content of \(name)", to: work.temporaryPath(for: name), durable: false)
        }
        var attempt = WireAttemptID()
        attempt.stage = "aa"
        let job = OutputPublisher.Job(
            attempt: attempt, work: work,
            result: ShardResult(outputs: names.map { .init(name: $0, rows: 1) }))
        let events = OutputPublisher.publish(
            [job], disk: DiskWithoutRoom(atRename: failing), usage: WireUsage()
        ) { publish in
            do { return try publish() } catch let error as FileError where error.errorNumber == ENOSPC {
                return try publish()
            }
        }
        guard case .finished(let result) = events.first else {
            Issue.record("\(events)")
            return
        }
        #expect(result.commit.outputs.map(\.name) == names)
        for name in names {
            let text = try String(contentsOfFile: folder.file(work.finalPath(for: name)), encoding: .utf8)
            #expect(text == "content of \(name)")
        }
    }
}

/// The system's disk, which is full at one rename.
private final class DiskWithoutRoom: Disk {
    private let disk = SystemDisk()
    private let failing: Int
    private let renames = Atomic<Int>(0)

    init(atRename number: Int) { failing = number }

    func rename(_ path: String, to other: String) throws {
        guard renames.add(1, ordering: .relaxed).newValue != failing else {
            throw FileError("rename", path: other, errorNumber: ENOSPC, writing: true)
        }
        try disk.rename(path, to: other)
    }

    func names(in folder: String) -> [String] { disk.names(in: folder) }
    func size(of path: String) -> UInt64? { disk.size(of: path) }
    func contents(of path: String) throws -> Data? { try disk.contents(of: path) }
    func sha256(of path: String) throws -> String { try disk.sha256(of: path) }
    func createFolder(_ path: String) throws -> Bool { try disk.createFolder(path) }
    func write(_ data: Data, to path: String) throws { try disk.write(data, to: path) }
    func createGrowingFile(_ path: String) throws -> any GrowingFile { try disk.createGrowingFile(path) }
    func flush(_ path: String) throws { try disk.flush(path) }
    func link(_ path: String, to other: String) throws -> Bool { try disk.link(path, to: other) }
    func remove(_ path: String) { disk.remove(path) }
    func removeFolder(_ path: String) { disk.removeFolder(path) }
    func temporaryName(for path: String) -> String { disk.temporaryName(for: path) }
}
