import ClusterProtocol
import Foundation
import Groundwork

/// What earlier epochs left in the journal.
struct RunHistory {
    /// Committed shards by stage and place.
    private(set) var commits: [String: [Int: WireShardCommit]] = [:]
    /// Digests of the inputs (shard names and payloads) of opened stages.
    private(set) var inputs: [String: String] = [:]
    /// Every segment's epoch and valid length.
    private(set) var segments: [WireSegmentLength] = []
    /// Segments with a torn tail.
    private(set) var torn: [(epoch: UInt64, bytes: Int)] = []

    /// Replays all segments in the order of their epochs.
    init(_ directory: RunDirectory) throws {
        let epochs = directory.names(in: "journal").compactMap { name in
            name.hasSuffix(".pbj") ? UInt64(name.dropLast(4)) : nil
        }
        for epoch in epochs.sorted() {
            let path = directory.file("journal/\(epoch).pbj")
            let data = try Data(contentsOf: URL(fileURLWithPath: path))
            let contents = JournalFile.decode(data)
            for record in contents.records { apply(record) }
            var segment = WireSegmentLength()
            segment.epoch = epoch
            segment.bytes = UInt64(contents.validBytes)
            segments.append(segment)
            if contents.tornBytes > 0 { torn.append((epoch, contents.tornBytes)) }
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
    var committedCount: Int { commits.values.reduce(0) { $0 + $1.count } }
}
