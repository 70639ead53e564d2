import Foundation
import Groundwork
import TestSupport
import Testing

@testable import ClusterProtocol
@testable import ClusterRuntime

struct JournalTests {
    private func records(_ count: Int) -> [WireJournalRecord] {
        (0..<count).map { index in
            var record = WireJournalRecord()
            record.shardCommitted.commit.attempt.stage = "aa"
            record.shardCommitted.commit.attempt.shard = UInt32(index)
            record.shardCommitted.commit.result = Data(repeating: UInt8(index), count: index * 3)
            return record
        }
    }

    private func bytes(_ records: [WireJournalRecord]) throws -> (data: Data, ends: [Int]) {
        var data = Data()
        var ends = [0]
        for (index, record) in records.enumerated() {
            data.append(try JournalFile.encode(record, seq: UInt64(index)))
            ends.append(data.count)
        }
        return (data, ends)
    }

    @Test func readsWhatWasWritten() throws {
        let records = records(5)
        let (data, _) = try bytes(records)
        let contents = JournalFile.decode(data)
        #expect(contents.records == records)
        #expect(contents.validBytes == data.count && contents.tornBytes == 0)
    }

    @Test func stopsAtATornTailAtEveryByte() throws {
        let records = records(4)
        let (data, ends) = try bytes(records)
        for length in 0...data.count {
            let contents = JournalFile.decode(data.prefix(length))
            let whole = ends.lastIndex { $0 <= length } ?? 0
            #expect(contents.records.count == whole)
            #expect(contents.validBytes == ends[whole])
            #expect(contents.tornBytes == length - ends[whole])
        }
    }

    @Test func stopsAtEveryFlippedBit() throws {
        let (data, ends) = try bytes(records(3))
        for byte in data.indices {
            for bit in 0..<8 {
                var damaged = data
                damaged[byte] ^= 1 << bit
                let contents = JournalFile.decode(damaged)
                let record = (ends.firstIndex { $0 > byte } ?? 1) - 1
                #expect(contents.records.count == record, "byte \(byte), bit \(bit)")
            }
        }
    }

    @Test func stopsAtARecordOutOfSequence() throws {
        let records = records(2)
        var data = try JournalFile.encode(records[0], seq: 0)
        data.append(try JournalFile.encode(records[1], seq: 2))
        #expect(JournalFile.decode(data).records.count == 1)
    }

    @Test func tellsWhatIsOnDiskOnlyAfterwards() throws {
        let folder = try TemporaryFolder("journal")
        let path = folder.file("1.pbj")
        let marks = WorkQueue<[DurableMark]>()
        let journal = try JournalWriter(path: path, whenDurable: { marks.put($0) }, whenFailed: { _ in })
        let records = records(100)
        for (index, record) in records.enumerated() {
            journal.append(record, mark: .generation(UInt64(index)))
        }
        journal.finish()
        let durable = marks.drain().flatMap { $0 }
        #expect(durable == (0..<100).map { .generation(UInt64($0)) })
        #expect(JournalFile.decode(try Data(contentsOf: URL(fileURLWithPath: path))).records == records)
    }

    @Test func waitsUntilRecordsAreOnDiskOrSaysWhyTheyAreNot() throws {
        let folder = try TemporaryFolder("journal")
        let path = folder.file("1.pbj")
        let journal = try JournalWriter(path: path, whenDurable: { _ in }, whenFailed: { _ in })
        let records = records(3)
        for record in records {
            try journal.write([record])
            let written = JournalFile.decode(try Data(contentsOf: URL(fileURLWithPath: path))).records
            #expect(written.last == record)
        }
        journal.abandon(ClusterError.superseded(path: path, epoch: 2))
        let error = try #require(throws: ClusterError.self) { try journal.write(records) }
        #expect(error.code == "cluster.superseded")
        journal.finish()
        #expect(JournalFile.decode(try Data(contentsOf: URL(fileURLWithPath: path))).records == records)
    }

    @Test func refusesASegmentThatExists() throws {
        let folder = try TemporaryFolder("journal")
        let path = folder.file("1.pbj")
        #expect(createFile(path))
        let error = try #require(throws: FileError.self) {
            try JournalWriter(path: path, whenDurable: { _ in }, whenFailed: { _ in })
        }
        #expect(error.code == "file.create")
    }

    @Test func replaysSegmentsInOrderAndTheFirstCommitWins() throws {
        let folder = try TemporaryFolder("journal")
        let directory = try RunDirectory(folder.path)
        try directory.createFolder("journal")
        for epoch in [2, 10, 1] {
            var record = WireJournalRecord()
            record.shardCommitted.commit.attempt.stage = "aa"
            record.shardCommitted.commit.attempt.epoch = UInt64(epoch)
            var data = try JournalFile.encode(record, seq: 0)
            if epoch == 2 { data.append(contentsOf: [1, 2, 3]) }
            try AtomicFile.write(data, to: directory.file("journal/\(epoch).pbj"), durable: false)
        }
        let history = try RunHistory(directory)
        #expect(history.commits["aa"]?[0]?.attempt.epoch == 1)
        #expect(history.segments.map(\.epoch) == [1, 2, 10])
        #expect(history.torn.map(\.bytes) == [3])
    }

    /// Epochs 1 and 2 both commit late; what the latest coordinator had read of them decides.
    @Test(arguments: [(seen: UInt64(1), expected: UInt64(1)), (seen: 2, expected: 2), (seen: 0, expected: 2)])
    func theLatestCoordinatorsReadingCounts(seen: UInt64, expected: UInt64) throws {
        let folder = try TemporaryFolder("journal")
        let directory = try RunDirectory(folder.path)
        try directory.createFolder("journal")
        // Each segment: the epoch's start, which knows nothing of the others' commits, then its commit of the same shard.
        var lengths: [UInt64: (start: Int, whole: Int)] = [:]
        for epoch in [UInt64(1), 2, 3] {
            var start = WireJournalRecord()
            start.epochStart.epoch = epoch
            start.epochStart.segments = lengths.sorted { $0.key < $1.key }.map { earlier, length in
                .with {
                    $0.epoch = earlier
                    $0.bytes = UInt64(epoch == 3 && seen == earlier ? length.whole : length.start)
                }
            }
            var data = try JournalFile.encode(start, seq: 0)
            let startBytes = data.count
            if epoch < 3 {
                var record = WireJournalRecord()
                record.shardCommitted.commit.attempt.stage = "aa"
                record.shardCommitted.commit.attempt.epoch = epoch
                data.append(try JournalFile.encode(record, seq: 1))
            }
            lengths[epoch] = (startBytes, data.count)
            try AtomicFile.write(data, to: directory.file("journal/\(epoch).pbj"), durable: false)
        }
        #expect(try RunHistory(directory).commits["aa"]?[0]?.attempt.epoch == expected)
    }

    /// An earlier coordinator opens the stage with other inputs, and commits, behind the back of the one that counts.
    @Test(arguments: [false, true]) func lateCommitsOnOtherInputsBelongToSomethingElse(isSeen: Bool) throws {
        let folder = try TemporaryFolder("journal")
        let directory = try RunDirectory(folder.path)
        func opening(_ inputs: String) -> WireJournalRecord {
            .with {
                $0.stageOpen.stage = "aa"
                $0.stageOpen.inputs = inputs
            }
        }
        func commit(_ epoch: UInt64, _ shard: UInt32) -> WireJournalRecord {
            .with {
                $0.shardCommitted.commit.attempt.stage = "aa"
                $0.shardCommitted.commit.attempt.shard = shard
                $0.shardCommitted.commit.attempt.epoch = epoch
            }
        }
        let first = try RunLedger(directory, build: "b")
        let early = try JournalSegment(path: first.journalPath, disk: SystemDisk())
        try early.write([first.startRecord(job: "j", build: "b")] + (isSeen ? [opening("old")] : []))
        let second = try RunLedger(directory, build: "b")
        let journal = try JournalSegment(path: second.journalPath, disk: SystemDisk())
        try journal.write([second.startRecord(job: "j", build: "b"), opening("new"), commit(2, 0)])
        try early.write((isSeen ? [] : [opening("old")]) + [commit(1, 0), commit(1, 1)])
        let history = try RunHistory(directory)
        #expect(history.inputs["aa"] == "new")
        #expect(history.commits["aa"]?.mapValues(\.attempt.epoch) == [0: 2])
    }
}
