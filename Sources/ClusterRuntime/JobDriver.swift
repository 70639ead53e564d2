package import Foundation

/// Decides which stages a job has; implemented by those who know what the stages compute.
///
/// Stages run one after the other: `next` is asked at the start, then after each finished stage. It is called on the
/// thread that called ``Coordinator/run(job:driver:options:)`` and may read and write files.
package protocol JobDriver {
    /// The next stage, given all stages finished so far in order; throws to end the job with that error, but
    /// ``DamagedInput`` to have a file of theirs made again.
    mutating func next(after finished: [FinishedStage]) throws -> NextStep
}

/// What a driver wants next.
package enum NextStep: Sendable {
    /// Run this stage.
    case stage(StageSpec)
    /// The job is done.
    case finished
}

/// What a job is, as far as the coordinator must know to recognise it again.
package struct JobSpec: Sendable {
    /// The digest of everything that decides the job's results.
    package var digest: String
    /// A short name for logs and status.
    package var name: String
    /// The settings behind the digest, key and value, sorted; named when a run directory belongs to another job.
    package var settings: [Setting]

    /// One setting.
    package struct Setting: Sendable, Equatable {
        package var key: String
        package var value: String

        package init(key: String, value: String) {
            self.key = key
            self.value = value
        }
    }

    package init(digest: String, name: String, settings: [Setting] = []) {
        self.digest = digest
        self.name = name
        self.settings = settings
    }
}

/// One stage: independent shards, or a training by members.
package struct StageSpec: Sendable {
    /// The hex digest of everything the stage depends on; names its folder `stage/<id>` below the run directory.
    package var id: String
    /// A short name for logs, errors and progress, for example `scan`.
    package var name: String
    /// What is computed.
    package var kind: Kind

    /// How a stage's work is divided.
    package enum Kind: Sendable {
        /// Independent pieces of work; the first in the list start first. Names are unique and valid file names.
        case shards([ShardSpec])
        /// One training over K virtual ranks; `payload` goes to every member.
        case training(payload: Data, virtualRanks: Int)
    }

    package init(id: String, name: String, kind: Kind) {
        self.id = id
        self.name = name
        self.kind = kind
    }
}

/// One independent piece of work.
package struct ShardSpec: Sendable, Equatable {
    /// Unique in its stage; letters, digits, `-` and `_` only, since output files are named after it.
    package var name: String
    /// Passed to the executor as it is; at most ``ClusterLimits/payloadBytes``.
    package var payload: Data
    /// What it works on, in words for errors, for example a table and a range of bytes; empty if there is nothing to say.
    package var subject: String

    package init(name: String, payload: Data, subject: String = "") {
        self.name = name
        self.payload = payload
        self.subject = subject
    }
}

/// A file that a stage left behind.
package struct OutputRecord: Sendable, Equatable {
    /// Relative to the run directory.
    package var path: String
    /// The output's name as the executor called it.
    package var name: String
    package var bytes: Int
    /// SHA-256 of the content, 64 lower-case hexadecimal digits.
    package var sha256: String
    /// Rows, as the executor counted them.
    package var rows: Int

    package init(path: String, name: String, bytes: Int, sha256: String, rows: Int) {
        self.path = path
        self.name = name
        self.bytes = bytes
        self.sha256 = sha256
        self.rows = rows
    }
}

/// A committed shard.
package struct FinishedShard: Sendable, Equatable {
    package var name: String
    /// In the order in which the executor listed them.
    package var outputs: [OutputRecord]
    /// What the executor returned beside its files.
    package var result: Data

    package init(name: String, outputs: [OutputRecord], result: Data) {
        self.name = name
        self.outputs = outputs
        self.result = result
    }
}

/// A published stage.
package struct FinishedStage: Sendable, Equatable {
    package var id: String
    package var name: String
    /// In the order of the stage's specification; a training has one, named `training`.
    package var shards: [FinishedShard]
    /// Whether it had been finished before this run and was not computed again.
    package var cached: Bool

    package init(id: String, name: String, shards: [FinishedShard], cached: Bool) {
        self.id = id
        self.name = name
        self.shards = shards
        self.cached = cached
    }
}
