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

    /// Takes the manifest of a finished stage back because the file at `place` is damaged; returns what is left of it.
    ///
    /// From then on only the journal says what is finished: what the manifest names is on record first, since journals may have
    /// been lost after it was published, or know other attempts than those that it names, if another coordinator published
    /// it. `write` returns when its records are on disk. Throws
    /// ``ClusterError/superseded(path:epoch:)`` if a later coordinator has the run directory: what is finished there is no
    /// longer this one's to take back.
    package func takeBack(
        _ place: StageFiles.Place, of files: StageFiles, write: ([WireJournalRecord]) throws -> Void
    ) throws -> StageFiles.Remains {
        try requireLatest()
        let remains = try files.remains(without: place)
        let isKept = directory.rules.contains(.recordBeforeTakingBack)
        let kept = Self.records(openRecord(files).stageOpen, isKept ? remains.commits : [:])
        try write([withdrawnRecord(place)] + kept)
        try files.withdraw(epoch: epoch)
        return remains
    }

    /// Takes a finished stage back with all its shards. Throws as the other.
    func takeBack(_ files: StageFiles, write: ([WireJournalRecord]) throws -> Void) throws {
        try requireLatest()
        try write([withdrawnRecord(.init(stage: files.spec.id, shard: 0, path: ""))])
        try files.withdraw(epoch: epoch)
    }

    /// Throws ``ClusterError/superseded(path:epoch:)`` if a later coordinator has the run directory, which may have taken back
    /// what this one takes for finished.
    package func requireLatest() throws { try directory.requireLatest(epoch) }

    /// A stage that is begun and its finished shards as records.
    static func records(_ open: WireStageOpen, _ commits: [Int: WireShardCommit]) -> [WireJournalRecord] {
        var opening = WireJournalRecord()
        opening.stageOpen = open
        return [opening]
            + commits.sorted { $0.key < $1.key }.map { _, commit in
                var record = WireJournalRecord()
                record.shardCommitted.commit = commit
                return record
            }
    }

    /// The record that nothing of a stage that is on record so far counts any more, because of a damaged file.
    private func withdrawnRecord(_ place: StageFiles.Place) -> WireJournalRecord {
        var record = WireJournalRecord()
        record.shardWithdrawn.stage = place.stage
        record.shardWithdrawn.shard = UInt32(place.shard)
        record.shardWithdrawn.path = place.path
        record.shardWithdrawn.segments = RunHistory.epochs(in: directory).filter { $0 < epoch }.map {
            earlier in
            .with {
                $0.epoch = earlier
                $0.bytes = directory.disk.size(of: directory.file("journal/\(earlier).pbj")) ?? 0
            }
        }
        return record
    }

    /// Shards that an earlier epoch committed, whose files are still there.
    package func earlierCommits(_ files: StageFiles) -> [Int: WireShardCommit] {
        guard history.inputs[files.spec.id] == files.inputs else { return [:] }
        return history.commits(of: files.spec.id).filter { $0.value.outputs.allSatisfy(directory.has) }
    }
}
