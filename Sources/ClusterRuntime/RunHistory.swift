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

    /// Replays all segments in the order of their epochs.
    ///
    /// What an earlier epoch wrote after a later one had read its journal counts only where the later one says nothing:
    /// so a shard that both committed keeps the path that the later one goes on with.
    package init(_ directory: RunDirectory) throws {
        let epochs = directory.names(in: "journal").compactMap { name in
            name.hasSuffix(".pbj") ? UInt64(name.dropLast(4)) : nil
        }
        var known: [UInt64: UInt64] = [:]
        var late: [ArraySlice<WireJournalRecord>] = []
        var contents: [(epoch: UInt64, contents: JournalFile.Contents)] = []
        for epoch in epochs.sorted() {
            let path = directory.file("journal/\(epoch).pbj")
            // What is acted upon must not be lost with the host that wrote it.
            try directory.disk.flush(path)
            let segment = JournalFile.decode(try directory.disk.contents(of: path) ?? Data())
            for case .epochStart(let start) in segment.records.prefix(1).map(\.body) {
                for earlier in start.segments {
                    known[earlier.epoch] = min(known[earlier.epoch] ?? .max, earlier.bytes)
                }
            }
            contents.append((epoch, segment))
            segments.append(
                .with {
                    $0.epoch = epoch
                    $0.bytes = UInt64(segment.validBytes)
                })
            if segment.tornBytes > 0 { torn.append((epoch, segment.tornBytes)) }
        }
        for (epoch, segment) in contents {
            let count = segment.ends.prefix { UInt64($0) <= known[epoch] ?? .max }.count
            for record in segment.records[..<count] { apply(record) }
            late.append(segment.records[count...])
        }
        for record in late.joined() { apply(record) }
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
