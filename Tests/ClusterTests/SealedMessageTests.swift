import Foundation
import TestSupport
import Testing

@testable import ClusterProtocol
@testable import ClusterRuntime

/// What the coordinator keeps is not believed when it is damaged.
struct SealedMessageTests {
    private static let job = WireJob.with {
        $0.digest = String(repeating: "ab", count: 32)
        $0.name = "test"
        $0.finished = true
    }

    @Test func everyFlippedBitAndEveryCutIsFound() throws {
        let sealed = SealedMessage.seal(try Self.job.serializedData())
        #expect(SealedMessage.isWhole(sealed))
        for bit in 0..<(sealed.count * 8) {
            var other = sealed
            other[bit / 8] ^= 1 << (bit % 8)
            #expect(!SealedMessage.isWhole(other), "bit \(bit)")
        }
        for count in 0..<sealed.count {
            #expect(!SealedMessage.isWhole(sealed.prefix(count)), "\(count) bytes")
        }
    }

    @Test func otherDecodersPassTheCheckValueOver() throws {
        let sealed = SealedMessage.seal(try Self.job.serializedData())
        var decoded = try WireJob(serializedBytes: sealed)
        decoded.unknownFields = .init()
        #expect(decoded == Self.job)
    }

    @Test func aDamagedMessageIsNamedByItsFile() throws {
        let folder = try TemporaryFolder("sealed")
        let directory = try RunDirectory(folder.path)
        try directory.write(Self.job, "job.pb")
        #expect(try directory.read(WireJob.self, "job.pb")?.name == "test")
        let plain = try Self.job.serializedData()
        try plain.write(to: URL(fileURLWithPath: directory.file("job.pb")))
        let error = #expect(throws: ClusterError.self) { try directory.read(WireJob.self, "job.pb") }
        #expect(error?.code == "cluster.damaged")
    }

    @Test func verifyTellsADamagedJournalAndAnEndThatIsMissing() throws {
        let folder = try TemporaryFolder("sealed")
        let directory = try RunDirectory(folder.path)
        try directory.createFolder("journal")
        try directory.write(Self.job, "job.pb")
        let path = directory.file("journal/1.pbj")
        var start = WireJournalRecord()
        start.epochStart.epoch = 1
        var end = WireJournalRecord()
        end.jobEnded.exitStatus = 0
        let first = try JournalFile.encode(start, seq: 0)
        let whole = first + (try JournalFile.encode(end, seq: 1))
        func problems(_ data: Data) throws -> Int {
            try data.write(to: URL(fileURLWithPath: path))
            return try RunVerifier.verify(runDirectory: folder.path).problems.count
        }
        try directory.createFolder("epoch")
        #expect(try problems(whole) == 1, "the journal's epoch has no mark")
        try directory.write(WireEpoch.with { $0.epoch = 1 }, "epoch/1")
        #expect(try problems(whole) == 0)
        try Data().write(to: URL(fileURLWithPath: directory.file("epoch/1.tmp.12.3")))
        #expect(try problems(whole) == 0, "a temporary name is nobody's epoch")
        for count in 0..<whole.count { #expect(try problems(whole.prefix(count)) == 1, "\(count) bytes") }
        for bit in stride(from: 0, to: whole.count * 8, by: 3) {
            var other = whole
            other[bit / 8] ^= 1 << (bit % 8)
            #expect(try problems(other) == 1, "bit \(bit)")
        }
    }
}
