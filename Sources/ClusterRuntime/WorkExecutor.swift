package import Foundation
import Synchronization

/// Computes shards and makes training members; implemented by those who know what the stages compute.
///
/// Called on the worker's compute thread only, one call at a time.
package protocol WorkExecutor {
    /// Computes one shard, writing files to ``ShardWork/temporaryPath(for:)``.
    ///
    /// A thrown `PyHealthError` whose exit status is data (65), configuration (78), usage (64) or notPermitted (77) counts
    /// as deterministic and ends the job with it at once; ``DamagedInput`` has the input made again; any other error is
    /// tried again, three times in all.
    func run(_ work: ShardWork, progress: ProgressCounter) throws -> ShardResult

    /// Makes a member of the training described by `payload`, at the newest checkpoint or at the start.
    func trainingMember(payload: Data, work: TrainingWork) throws -> any TrainingMember
}

/// A granted shard.
package struct ShardWork: Sendable {
    package var stageID: String
    package var stageName: String
    package var shardName: String
    package var payload: Data
    /// The run directory as this worker sees it; paths of inputs are relative to it.
    package var runDirectory: String
    /// The final name's first part, `stage/<id>/<shard>.e<epoch>.a<attempt>`, relative to the run directory.
    package var outputPrefix: String
    /// The worker process, as eight hex digits.
    package var instance: String

    /// Where to write the output called `name` (for example `samples.h5`); the runtime flushes, digests and renames it
    /// to ``finalPath(for:)`` after `run` has returned it. Nothing else may write there.
    package func temporaryPath(for name: String) -> String {
        "\(runDirectory)/\(outputPrefix).\(name).tmp.\(instance)"
    }

    /// The output's final path relative to the run directory.
    package func finalPath(for name: String) -> String { "\(outputPrefix).\(name)" }

    package init(
        stageID: String, stageName: String, shardName: String, payload: Data, runDirectory: String,
        outputPrefix: String, instance: String
    ) {
        self.stageID = stageID
        self.stageName = stageName
        self.shardName = shardName
        self.payload = payload
        self.runDirectory = runDirectory
        self.outputPrefix = outputPrefix
        self.instance = instance
    }
}

/// What a shard came to.
package struct ShardResult: Sendable {
    /// The files written, in an order of the executor's choice.
    package var outputs: [Output]
    /// Small facts for the driver (counts, statistics); at most ``ClusterLimits/payloadBytes``.
    package var result: Data

    /// A file written to ``ShardWork/temporaryPath(for:)``.
    package struct Output: Sendable {
        /// The name given to `temporaryPath(for:)`; letters, digits, `-`, `_` and `.` only.
        package var name: String
        package var rows: Int
        /// SHA-256 of the file in hexadecimal digits if it is known already; nil lets the runtime compute it.
        package var sha256: String?

        package init(name: String, rows: Int, sha256: String? = nil) {
            self.name = name
            self.rows = rows
            self.sha256 = sha256
        }
    }

    package init(outputs: [Output], result: Data = Data()) {
        self.outputs = outputs
        self.result = result
    }
}

/// How far a piece of work is; written by the compute thread, read by heartbeats.
///
/// A worker whose counter stands still for two minutes is taken for stalled, so long work must advance it now and then.
package final class ProgressCounter: Sendable {
    private let unitsDone = Atomic<Int>(0)
    private let unitsTotal = Atomic<Int>(0)
    private let bytesDone = Atomic<Int>(0)
    private let beats = Atomic<UInt64>(0)
    private let waitsForSpace = Atomic<Bool>(false)

    package init() {}

    /// Says how many units there are (rows, bytes, steps: the caller's choice); 0 for unknown.
    package func setTotal(_ total: Int) { unitsTotal.store(total, ordering: .relaxed) }

    /// Says how many units are done, for example after loading a checkpoint.
    package func setDone(_ done: Int) {
        unitsDone.store(done, ordering: .relaxed)
        beat()
    }

    /// Adds finished units and processed bytes.
    package func advance(by units: Int = 1, bytes: Int = 0) {
        unitsDone.add(units, ordering: .relaxed)
        bytesDone.add(bytes, ordering: .relaxed)
        beat()
    }

    /// Says "still alive" without progress in units.
    package func beat() { beats.add(1, ordering: .relaxed) }

    /// Says whether the work waits for space on the disk, which is no standstill.
    package func setDiskFull(_ isFull: Bool) {
        waitsForSpace.store(isFull, ordering: .relaxed)
        beat()
    }

    /// Whether the work waits for space on the disk.
    package var isDiskFull: Bool { waitsForSpace.load(ordering: .relaxed) }

    /// Units done.
    package var done: Int { unitsDone.load(ordering: .relaxed) }
    /// Units in all, 0 if unknown.
    package var total: Int { unitsTotal.load(ordering: .relaxed) }
    /// Bytes processed.
    package var bytes: Int { bytesDone.load(ordering: .relaxed) }
    /// Calls so far; standing still means stalled.
    package var pulse: UInt64 { beats.load(ordering: .relaxed) }
}
