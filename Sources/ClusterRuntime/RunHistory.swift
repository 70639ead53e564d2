package import ClusterProtocol
import Foundation
import Groundwork

/// What earlier epochs left in the journal.
package struct RunHistory: Sendable {
    /// Committed shards by stage and place.
    package private(set) var commits: [String: [Int: WireShardCommit]] = [:]
    /// Digests of the inputs (shard names and payloads) of opened stages.
    package private(set) var inputs: [String: String] = [:]
    /// Every segment's epoch and valid length.
    package private(set) var segments: [WireSegmentLength] = []
    /// Segments with a torn tail.
    package private(set) var torn: [(epoch: UInt64, bytes: Int)] = []

    /// Replays all segments as the latest epoch saw them, then what it wrote, then what came too late for it.
    ///
    /// What an earlier epoch wrote after a later one had read its journal counts only where the later one says nothing:
    /// so a shard keeps the path that the latest epoch went on with, whichever records reach the disk behind its back.
    package init(_ directory: RunDirectory) throws {
        let epochs = directory.names(in: "journal").compactMap { name in
            name.hasSuffix(".pbj") ? UInt64(name.dropLast(4)) : nil
        }
        var contents: [UInt64: JournalFile.Contents] = [:]
        for epoch in epochs.sorted() {
            let path = directory.file("journal/\(epoch).pbj")
            // What is acted upon must not be lost with the host that wrote it.
            try directory.disk.flush(path)
            let segment = JournalFile.decode(try directory.disk.contents(of: path) ?? Data())
            contents[epoch] = segment
            segments.append(
                .with {
                    $0.epoch = epoch
                    $0.bytes = UInt64(segment.validBytes)
                })
            if segment.tornBytes > 0 { torn.append((epoch, segment.tornBytes)) }
        }
        replay(contents, counts: contents.mapValues(\.records.count))
    }

    /// Replays the first `counts` records of every segment.
    private mutating func replay(_ contents: [UInt64: JournalFile.Contents], counts: [UInt64: Int]) {
        var counts = counts
        guard let last = counts.keys.max(), let own = counts.removeValue(forKey: last),
            let segment = contents[last]
        else { return }
        var seen = counts
        if own > 0, case .epochStart(let start) = segment.records[0].body {
            let lengths = Dictionary(start.segments.map { ($0.epoch, $0.bytes) }) { first, _ in first }
            for (epoch, count) in counts {
                let ends = contents[epoch]?.ends ?? []
                seen[epoch] = min(count, ends.prefix { UInt64($0) <= lengths[epoch] ?? 0 }.count)
            }
        }
        replay(contents, counts: seen)
        for record in segment.records[..<own] { apply(record) }
        // Of what came too late, the later epoch's counts.
        for (epoch, count) in counts.sorted(by: { $0.key > $1.key }) {
            for record in contents[epoch]?.records[(seen[epoch] ?? 0)..<count] ?? [] { apply(record) }
        }
    }

    private mutating func apply(_ record: WireJournalRecord) {
        switch record.body {
        case .stageOpen(let open):
            // Other inputs under the same id: what was committed before belongs to something else.
            if let known = inputs[open.stage], known != open.inputs { commits[open.stage] = nil }
            inputs[open.stage] = open.inputs
        case .shardCommitted(let committed):
            let attempt = committed.commit.attempt
            // The first commit wins, also on replay.
            if commits[attempt.stage]?[Int(attempt.shard)] == nil {
                commits[attempt.stage, default: [:]][Int(attempt.shard)] = committed.commit
            }
        case .epochStart, .stagePublished, .generation, .jobEnded, .shardQuarantined, nil: break
        }
    }

    /// The number of committed shards.
    package var committedCount: Int { commits.values.reduce(0) { $0 + $1.count } }
}
