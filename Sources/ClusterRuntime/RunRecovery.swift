import ClusterProtocol
import Foundation
import Groundwork
import SwiftProtobuf

/// Rebuilds what coordinators wrote down of a run from what workers left beside their files.
package enum RunRecovery {
    /// What stands in place of a build in the journal of a recovery.
    static let build = "recover"

    /// What was found.
    package struct Report: Sendable, Equatable {
        /// Stages that are not finished, whose shards were looked for.
        package var stages = 0
        /// Shards that the journals knew.
        package var known = 0
        /// Shards that were found again.
        package var recovered = 0
        /// Bytes of the journals that cannot be read.
        package var tornBytes = 0
        /// The journal that was written.
        package var journal = ""
    }

    /// Writes a new journal with every shard whose files are there with the right content.
    ///
    /// Throws ``ClusterError`` (a coordinator is running, the folder holds no run) and `FileError`.
    package static func recover(runDirectory: String) throws -> Report {
        guard access("\(runDirectory)/job.pb", F_OK) == 0 else {
            throw FileError("open", path: "\(runDirectory)/job.pb", errorNumber: errno)
        }
        let directory = try RunDirectory(runDirectory)
        let lock = try RunLock(directory)
        defer { withExtendedLifetime(lock) {} }
        guard let job = try directory.read(WireJob.self, "job.pb") else {
            throw ClusterError.damaged(path: directory.file("job.pb"))
        }
        return try recover(directory, job: job.digest)
    }

    /// The same in a directory that belongs to the caller and holds `job`.
    package static func recover(_ directory: RunDirectory, job: String) throws -> Report {
        let history = try RunHistory(directory)
        var report = Report()
        report.tornBytes = history.torn.reduce(0) { $0 + $1.bytes }
        report.known = history.committedCount
        var records: [WireJournalRecord] = []
        for stage in directory.names(in: "stage") {
            let folder = stageFolder(stage)
            if directory.disk.size(of: directory.file("\(folder)/MANIFEST.pb")) != nil {
                // Finished; but its publisher may have died between giving the manifest its name and flushing that.
                try directory.disk.flush(directory.file(folder))
                continue
            }
            guard let open = try opening(folder, in: directory) else { continue }
            report.stages += 1
            let known = history.inputs[stage] == open.inputs ? history.commits(of: stage) : [:]
            let found = try SealedCommits.read(stage: stage, in: directory)
            let lost = found.filter { known[$0.key] == nil && $0.key < Int(open.shards) }
            report.recovered += lost.count
            records += RunLedger.records(open, lost)
        }
        if let ended = try ending(directory) { records.append(ended) }
        report.journal = try write(records, job: job, history, directory)
        return report
    }

    /// The record of a job's end; nil if it has not finished.
    private static func ending(_ directory: RunDirectory) throws -> WireJournalRecord? {
        guard try directory.read(WireJob.self, "job.pb")?.finished == true else { return nil }
        var record = WireJournalRecord()
        record.jobEnded.exitStatus = 0
        return record
    }

    /// What was opened; nil if the file is missing or damaged.
    private static func opening(_ folder: String, in directory: RunDirectory) throws -> WireStageOpen? {
        do { return try directory.read(WireStageOpen.self, "\(folder)/OPEN.pb") } catch is ClusterError {
            return nil
        }
    }

    private static func write(
        _ records: [WireJournalRecord], job: String, _ history: RunHistory, _ directory: RunDirectory
    ) throws -> String {
        let epoch = try directory.takeEpoch(build: build)
        var start = WireJournalRecord()
        start.epochStart.epoch = epoch
        start.epochStart.job = job
        start.epochStart.build = build
        start.epochStart.segments = history.segments
        try directory.createFolder("journal")
        let name = "journal/\(epoch).pbj"
        let segment = try JournalSegment(
            path: directory.file(name), disk: directory.disk, rules: directory.rules)
        try segment.write([start] + records)
        return name
    }
}

/// The journals of a run as text.
package enum JournalText {
    /// Every record as one line of JSON, without the results of shards; what cannot be read as a line with `torn_bytes`.
    package static func lines(runDirectory: String, _ body: (String) -> Void) throws {
        let directory = try RunDirectory(runDirectory)
        let epochs = RunHistory.epochs(in: directory)
        guard !epochs.isEmpty else {
            throw FileError("open", path: directory.file("journal"), errorNumber: ENOENT)
        }
        var options = JSONEncodingOptions()
        options.preserveProtoFieldNames = true
        for epoch in epochs {
            let contents = JournalFile.decode(try Files.contents(of: directory.file("journal/\(epoch).pbj")))
            for (seq, record) in contents.records.enumerated() {
                var plain = record
                if case .shardCommitted = plain.body { plain.shardCommitted.commit.result = Data() }
                let text = try plain.jsonString(options: options)
                body("{\"epoch\":\(epoch),\"seq\":\(seq),\"record\":\(text)}")
            }
            if contents.tornBytes > 0 { body("{\"epoch\":\(epoch),\"torn_bytes\":\(contents.tornBytes)}") }
        }
    }
}
