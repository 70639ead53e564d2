import ClusterProtocol
import Foundation

/// A journal as long runs leave it, for measurements.
package enum JournalProbe {
    /// Records per flush while it is written.
    private static let batch = 10_000

    /// Writes a journal of so many committed shards (one file each, results of 40 bytes), 1000 per stage; returns its bytes.
    package static func write(records count: Int, in runDirectory: String) throws -> Int {
        let directory = try RunDirectory(runDirectory)
        let ledger = try RunLedger(directory, build: "bench")
        let segment = try JournalSegment(path: ledger.journalPath, disk: directory.disk)
        try segment.write([ledger.startRecord(job: "bench", build: "bench")])
        for start in stride(from: 0, to: count, by: batch) {
            try segment.write((start..<min(count, start + batch)).map(record))
        }
        return directory.disk.size(of: ledger.journalPath).map { Int($0) } ?? 0
    }

    /// Replays the journals of a run directory; returns how many shards are committed.
    package static func replay(_ runDirectory: String) throws -> Int {
        try RunHistory(RunDirectory(runDirectory)).committedCount
    }

    private static func record(_ index: Int) -> WireJournalRecord {
        let stage = String(format: "%064x", index / 1000)
        var attempt = WireAttemptID()
        attempt.stage = stage
        attempt.shard = UInt32(index % 1000)
        attempt.epoch = 1
        attempt.attempt = 1
        var output = WireOutputFile()
        output.name = "samples.h5"
        output.path =
            "\(outputPrefix(stage: stage, shard: String(format: "%05d", index % 1000), attempt: attempt)).\(output.name)"
        output.bytes = 1 << 20
        output.sha256 = String(format: "%064x", index)
        output.rows = 1000
        var record = WireJournalRecord()
        record.shardCommitted.commit.attempt = attempt
        record.shardCommitted.commit.outputs = [output]
        record.shardCommitted.commit.result = Data(count: 40)
        return record
    }
}
