package import ClusterProtocol
import Foundation

/// One coordinator's incarnation in the run directory: its epoch, what earlier ones left, and what it puts on record.
package struct RunLedger: Sendable {
    package let directory: RunDirectory
    package let epoch: UInt64
    package let history: RunHistory

    /// Takes the next epoch and replays the journals of those before it.
    package init(_ directory: RunDirectory, build: String) throws {
        self.directory = directory
        epoch = try directory.takeEpoch(build: build)
        history = try RunHistory(directory)
        try directory.createFolder("journal")
    }

    /// The path of this epoch's journal.
    package var journalPath: String { directory.file("journal/\(epoch).pbj") }

    /// The first record of the journal: who writes it, and how far earlier segments were valid.
    package func startRecord(job: String, build: String) -> WireJournalRecord {
        var record = WireJournalRecord()
        record.epochStart.epoch = epoch
        record.epochStart.job = job
        record.epochStart.build = build
        record.epochStart.segments = history.segments
        return record
    }

    /// The record that a stage is begun.
    package func openRecord(_ files: StageFiles) -> WireJournalRecord {
        var record = WireJournalRecord()
        record.stageOpen.stage = files.spec.id
        record.stageOpen.name = files.spec.name
        record.stageOpen.shards = UInt32(files.items.count)
        record.stageOpen.inputs = files.inputs
        return record
    }

    /// The record that a stage's manifest is there.
    package func publishedRecord(_ files: StageFiles) -> WireJournalRecord {
        var record = WireJournalRecord()
        record.stagePublished.stage = files.spec.id
        return record
    }

    /// Throws ``ClusterError/superseded(path:epoch:)`` if a later coordinator has the run directory: what is finished there
    /// is no longer this one's to take back.
    package func requireLatest() throws {
        let latest = directory.names(in: "epoch").compactMap { UInt64($0) }.max() ?? 0
        guard latest <= epoch else {
            throw ClusterError.superseded(path: directory.file("epoch"), epoch: Int(latest))
        }
    }

    /// The record that a committed shard does not count any more.
    package func withdrawnRecord(_ place: StageFiles.Place) -> WireJournalRecord {
        var record = WireJournalRecord()
        record.shardWithdrawn.stage = place.stage
        record.shardWithdrawn.shard = UInt32(place.shard)
        record.shardWithdrawn.path = place.path
        return record
    }

    /// Shards that an earlier epoch committed, whose files are still there.
    package func earlierCommits(_ files: StageFiles) -> [Int: WireShardCommit] {
        guard history.inputs[files.spec.id] == files.inputs else { return [:] }
        return history.commits(of: files.spec.id).filter { $0.value.outputs.allSatisfy(directory.has) }
    }
}
