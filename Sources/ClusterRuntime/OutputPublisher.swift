package import ClusterProtocol
import Foundation
import Groundwork
import Synchronization

/// Gives finished files their final names, on a thread of its own while the next shard is computed: digest, flush, rename,
/// flush of the folder, and only then a Result.
package final class OutputPublisher: Sendable {
    /// A computed shard.
    package struct Job: Sendable {
        let attempt: WireAttemptID
        let work: ShardWork
        let result: ShardResult
        let computeSeconds: Double
        let inputBytes: Int
        let isDurable: Bool

        /// A computed shard, whose files have their temporary names.
        package init(
            attempt: WireAttemptID, work: ShardWork, result: ShardResult, computeSeconds: Double = 0,
            inputBytes: Int = 0, isDurable: Bool = true
        ) {
            self.attempt = attempt
            self.work = work
            self.result = result
            self.computeSeconds = computeSeconds
            self.inputBytes = inputBytes
            self.isDurable = isDurable
        }
    }

    /// Runs a publication, again where what stood in its way has passed.
    package typealias Retrying = (() throws -> [WireOutputFile]) throws -> [WireOutputFile]

    private let queue = WorkQueue<Job>()
    private let report: @Sendable (WorkerEvent) -> Void
    private let waits: ProgressCounter
    private let hasEnded = Mutex(false)

    /// Starts the thread; `report` hears `finished` or `failed` for every job, `diskFull` whether space is waited for.
    init(report: @escaping @Sendable (WorkerEvent) -> Void, diskFull: ProgressCounter) {
        self.report = report
        waits = diskFull
        let thread = Thread { [self] in work() }
        thread.name = "publisher"
        thread.start()
    }

    /// Takes a job over.
    func publish(_ job: Job) { queue.put(job) }

    /// Ends the thread after what is queued.
    func close() { queue.close() }

    /// Whether the thread has ended: before that the process must not tear down what it uses.
    var isEnded: Bool { hasEnded.withLock { $0 } }

    private func work() {
        defer { hasEnded.withLock { $0 = true } }
        while true {
            let jobs = queue.takeAll()
            if jobs.isEmpty { return }
            let events = Self.publish(jobs, disk: SystemDisk(), usage: SystemFacts.usage()) { publish in
                try DiskSpace.retrying(waits.setDiskFull) { try publish() }
            }
            for event in events { report(event) }
        }
    }

    /// Gives the files of `jobs` their final names and says `finished` or `failed` for every job.
    package static func publish(
        _ jobs: [Job], disk: any Disk, rules: ProtocolRules = .all, usage: WireUsage,
        retrying: Retrying = { try $0() }
    ) -> [WorkerEvent] {
        var events: [WorkerEvent] = []
        var renamed: [(job: Job, outputs: [WireOutputFile])] = []
        for job in jobs {
            do {
                let outputs = try retrying { try prepare(job, disk, rules) }
                var left = job.result.outputs[...]
                // What has its name already is not renamed again.
                _ = try retrying {
                    while let output = left.first {
                        try disk.rename(
                            job.work.temporaryPath(for: output.name),
                            to: "\(job.work.runDirectory)/\(job.work.finalPath(for: output.name))")
                        left.removeFirst()
                    }
                    return outputs
                }
                renamed.append((job, outputs))
            } catch { events.append(failed(job, error)) }
        }
        // One flush of the folder for all that were renamed together.
        var flushed: Set<String> = []
        for (job, outputs) in renamed {
            do {
                for output in outputs where job.isDurable && rules.contains(.flushFolderBeforeResult) {
                    let folder = disk.folder(of: "\(job.work.runDirectory)/\(output.path)")
                    if !flushed.contains(folder) { try disk.flush(folder) }
                    flushed.insert(folder)
                }
                events.append(.finished(message(job, outputs, usage)))
            } catch { events.append(failed(job, error)) }
        }
        return events
    }

    private static func failed(_ job: Job, _ error: any Error) -> WorkerEvent {
        var message = WireShardFailed()
        message.attempt = job.attempt
        message.failure = failure(
            error, during: "stage \"\(job.work.stageName)\", shard \"\(job.work.shardName)\"")
        return .failed(message)
    }

    /// Flushes the outputs and leaves beside them what a lost journal is rebuilt from.
    private static func prepare(
        _ job: Job, _ disk: any Disk, _ rules: ProtocolRules
    ) throws -> [WireOutputFile] {
        let outputs = try job.result.outputs.map { try prepare($0, of: job, disk, rules) }
        var commit = WireShardCommit()
        commit.attempt = job.attempt
        commit.outputs = outputs
        commit.result = job.result.result
        try SealedCommits.write(commit, prefix: job.work.outputPrefix, in: job.work.runDirectory, disk: disk)
        return outputs
    }

    /// Describes an output and flushes it.
    private static func prepare(
        _ output: ShardResult.Output, of job: Job, _ disk: any Disk, _ rules: ProtocolRules
    ) throws -> WireOutputFile {
        let temporary = job.work.temporaryPath(for: output.name)
        var file = try describe(temporary, sha256: output.sha256, disk: disk)
        if job.isDurable, rules.contains(.flushBeforeRename) { try disk.flush(temporary) }
        file.path = job.work.finalPath(for: output.name)
        file.name = output.name
        file.rows = UInt64(output.rows)
        return file
    }

    /// A file's size and digest.
    package static func describe(
        _ path: String, sha256: String? = nil, disk: any Disk = SystemDisk()
    ) throws -> WireOutputFile {
        guard let bytes = disk.size(of: path) else {
            throw FileError("open", path: path, errorNumber: ENOENT)
        }
        var file = WireOutputFile()
        file.bytes = bytes
        file.sha256 = try sha256 ?? disk.sha256(of: path)
        return file
    }

    private static func message(
        _ job: Job, _ outputs: [WireOutputFile], _ usage: WireUsage
    ) -> WireResult {
        var message = WireResult()
        message.commit.attempt = job.attempt
        message.commit.outputs = outputs
        message.commit.result = job.result.result
        message.computeSeconds = job.computeSeconds
        message.inputBytes = UInt64(job.inputBytes)
        message.usage = usage
        return message
    }
}

/// An error of an executor or training member as it travels; `place` is named for errors that do not name one.
func failure(_ error: any Error, during place: String) -> WireFailure {
    guard let known = error as? any PyHealthError else {
        return WireFailure(
            code: "cluster.unknown-error",
            message: "Failed in \(place) with an error of type \(type(of: error)).",
            exitStatus: ExitStatus.internal.rawValue)
    }
    let isDeterministic = [.data, .configuration, .usage, .notPermitted].contains(known.exitStatus)
    var failure = WireFailure(
        code: known.code, message: known.message, exitStatus: known.exitStatus.rawValue,
        deterministic: isDeterministic)
    failure.damagedInput = (known as? DamagedInput)?.path ?? ""
    return failure
}
