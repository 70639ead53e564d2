package import ClusterProtocol
import Foundation
import Groundwork

/// What earlier epochs left in the journal.
///
/// Commits are decoded when they are asked for: most belong to stages that are published, whose manifest says the same.
package struct RunHistory: Sendable {
    /// Digests of the inputs (shard names and payloads) of opened stages.
    package private(set) var inputs: [String: String] = [:]
    /// Every segment's epoch and valid length.
    package private(set) var segments: [WireSegmentLength] = []
    /// Segments with a torn tail.
    package private(set) var torn: [(epoch: UInt64, bytes: Int)] = []
    private let rules: ProtocolRules

    /// The journals as they were read, by epoch.
    private var journals: [UInt64: Data] = [:]
    /// Where the commits of each stage lie, by shard.
    private var places: [[Int: Place]] = []
    private var stages: [String: Int] = [:]
    private var names: [String] = []
    /// Digests of the inputs with which each epoch opened a stage.
    private var openings: [UInt64: [String: String]] = [:]
    /// The job of every epoch, and the exit status of those that ended.
    private var jobs: [UInt64: (job: String, end: Int32?)] = [:]
    /// How long the journals of earlier epochs were when a stage was last taken back.
    private var takenBack: [Int: [UInt64: UInt64]] = [:]
    /// The stage that was looked for last: records of one stage follow each other.
    private var last: (name: [UInt8], index: Int)?

    /// A record in a journal.
    private struct Place: Sendable {
        let epoch: UInt64
        let body: Range<Int>
    }

    /// Replays all segments as the latest epoch saw them, then what it wrote, then what came too late for it.
    ///
    /// What an earlier epoch wrote after a later one had read its journal counts only where the later one says nothing:
    /// so a shard keeps the path that the latest epoch went on with, whichever records reach the disk behind its back.
    package init(_ directory: RunDirectory) throws {
        rules = directory.rules
        var bodies: [UInt64: [Range<Int>]] = [:]
        for epoch in Self.epochs(in: directory) {
            let path = directory.file("journal/\(epoch).pbj")
            // What is acted upon must not be lost with the host that wrote it.
            try directory.disk.flush(path)
            let data = try directory.disk.contents(of: path) ?? Data()
            let layout = JournalFile.layout(of: data)
            journals[epoch] = data
            bodies[epoch] = layout.bodies
            segments.append(
                .with {
                    $0.epoch = epoch
                    $0.bytes = UInt64(layout.validBytes)
                })
            if layout.tornBytes > 0 { torn.append((epoch, layout.tornBytes)) }
        }
        replay(bodies, counts: bodies.mapValues(\.count))
    }

    /// The epochs that have a journal, ascending.
    static func epochs(in directory: RunDirectory) -> [UInt64] {
        directory.names(in: "journal").compactMap { name in
            name.hasSuffix(".pbj") ? UInt64(name.dropLast(4)) : nil
        }.sorted()
    }

    /// Replays the first `counts` records of every segment.
    private mutating func replay(_ bodies: [UInt64: [Range<Int>]], counts: [UInt64: Int]) {
        var counts = counts
        guard let last = counts.keys.max(), let own = counts.removeValue(forKey: last),
            let segment = bodies[last]
        else { return }
        var seen = counts
        if own > 0, case .epochStart(let start) = record(Place(epoch: last, body: segment[0]))?.body {
            let lengths = Self.lengths(start.segments)
            for (epoch, count) in counts {
                let ends = bodies[epoch] ?? []
                seen[epoch] = min(count, ends.prefix { UInt64($0.upperBound) <= lengths[epoch] ?? 0 }.count)
            }
        }
        replay(bodies, counts: seen)
        for body in segment[..<own] { apply(Place(epoch: last, body: body), isLate: false) }
        // Of what came too late, the later epoch's counts.
        for (epoch, count) in counts.sorted(by: { $0.key > $1.key }) {
            for body in bodies[epoch]?[(seen[epoch] ?? 0)..<count] ?? [] {
                apply(Place(epoch: epoch, body: body), isLate: true)
            }
        }
    }

    private static func lengths(_ segments: [WireSegmentLength]) -> [UInt64: UInt64] {
        Dictionary(segments.map { ($0.epoch, $0.bytes) }) { first, _ in first }
    }

    private mutating func apply(_ place: Place, isLate: Bool) {
        if let (stage, shard) = commit(at: place) {
            if isLate, isOutdated(place, stage) { return }
            // The first commit wins, also on replay.
            if places[stage][shard] == nil { places[stage][shard] = place }
            return
        }
        switch record(place)?.body {
        case .stageOpen(let open):
            openings[place.epoch, default: [:]][open.stage] = open.inputs
            let known = inputs[open.stage]
            // A later epoch has opened it.
            if isLate, known != nil { return }
            // Other inputs under the same id: what was committed before belongs to something else.
            if known != nil, known != open.inputs { places[index(of: open.stage)] = [:] }
            inputs[open.stage] = open.inputs
        case .shardWithdrawn(let withdrawn):
            // Somebody who went on with it without knowing finds out for himself.
            guard !isLate, rules.contains(.withdrawDamaged) else { return }
            let stage = index(of: withdrawn.stage)
            places[stage] = [:]
            takenBack[stage] = Self.lengths(withdrawn.segments)
        case .epochStart(let start):
            if start.build != RunRecovery.build { jobs[place.epoch] = (start.job, nil) }
        case .jobEnded(let end): jobs[place.epoch]?.end = end.exitStatus
        case .shardCommitted, .stagePublished, .generation, .shardQuarantined, nil:
            break
        }
    }

    /// How often `job` was begun before without coming to an end, since it last did or another one had the directory.
    package func restarts(of job: String) -> Int {
        let ends: [ExitStatus] = [.success, .data, .configuration, .notPermitted]
        return jobs.sorted { $0.key > $1.key }.prefix { _, epoch in
            epoch.job == job && !ends.contains { $0.rawValue == epoch.end }
        }.count
    }

    /// Whether a commit that came too late does not count: whoever took its stage back wrote down what was left, and with other
    /// inputs it belongs to something else.
    private func isOutdated(_ place: Place, _ stage: Int) -> Bool {
        if place.body.upperBound <= takenBack[stage]?[place.epoch] ?? 0 { return true }
        guard let opening = openings[place.epoch]?[names[stage]] else { return false }
        return opening != inputs[names[stage]]
    }

    // MARK: Records

    /// Stage and shard of the commit that a record is; nil for other records.
    private mutating func commit(at place: Place) -> (stage: Int, shard: Int)? {
        guard let journal = journals[place.epoch] else { return nil }
        return journal.withUnsafeBytes { bytes -> (stage: Int, shard: Int)? in
            // JournalRecord.shard_committed.commit.attempt
            guard
                let committed = WireFields.content(
                    3, of: UnsafeRawBufferPointer(rebasing: bytes[place.body])),
                let commit = WireFields.content(1, of: committed),
                let attempt = WireFields.content(1, of: commit)
            else { return nil }
            var name = UnsafeRawBufferPointer(start: nil, count: 0)
            var shard = 0
            WireFields.forEach(attempt) { number, content in
                switch (number, content) {
                case (1, .bytes(let text)): name = text
                case (2, .number(let value)): shard = Int(clamping: value)
                default: break
                }
            }
            if let last, last.name.count == name.count,
                name.baseAddress.map({ memcmp(last.name, $0, name.count) == 0 }) ?? true
            {
                return (last.index, shard)
            }
            let stage = index(of: String(decoding: name, as: UTF8.self))
            last = (Array(name), stage)
            return (stage, shard)
        }
    }

    private mutating func index(of stage: String) -> Int {
        if let known = stages[stage] { return known }
        stages[stage] = places.count
        names.append(stage)
        places.append([:])
        return places.count - 1
    }

    private func record(_ place: Place) -> WireJournalRecord? {
        journals[place.epoch].flatMap { JournalFile.record($0, place.body) }
    }

    // MARK: Commits

    /// The committed shards of a stage, by place.
    package func commits(of stage: String) -> [Int: WireShardCommit] {
        guard let index = stages[stage] else { return [:] }
        return places[index].compactMapValues { record($0)?.shardCommitted.commit }
    }

    /// The committed shards of all stages.
    package var commits: [String: [Int: WireShardCommit]] {
        stages.reduce(into: [:]) { all, stage in
            let commits = commits(of: stage.key)
            if !commits.isEmpty { all[stage.key] = commits }
        }
    }

    /// The number of committed shards.
    package var committedCount: Int { places.reduce(0) { $0 + $1.count } }
}
