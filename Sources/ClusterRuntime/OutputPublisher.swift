import ClusterProtocol
import Digests
import Foundation
import Groundwork

/// Gives finished files their final names, on a thread of its own while the next shard is computed: digest, flush, rename,
/// flush of the folder, and only then a Result.
final class OutputPublisher: Sendable {
    /// A computed shard.
    struct Job: Sendable {
        let attempt: WireAttemptID
        let work: ShardWork
        let result: ShardResult
        let computeSeconds: Double
        let inputBytes: Int
        let isDurable: Bool
    }

    private let queue = WorkQueue<Job>()
    private let report: @Sendable (WorkerEvent) -> Void
    private let waits: ProgressCounter

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

    private func work() {
        while true {
            let jobs = queue.takeAll()
            if jobs.isEmpty { return }
            var finished: [(job: Job, outputs: [WireOutputFile])] = []
            for job in jobs {
                do {
                    let outputs = try DiskSpace.retrying(waits.setDiskFull) { try Self.publish(job) }
                    finished.append((job, outputs))
                } catch { fail(job, error) }
            }
            // One flush of the folder for all that were renamed together.
            var flushed: Set<String> = []
            for (job, outputs) in finished {
                do {
                    for output in outputs where job.isDurable {
                        let path = "\(job.work.runDirectory)/\(output.path)"
                        if flushed.insert((path as NSString).deletingLastPathComponent).inserted {
                            try AtomicFile.flushFolder(of: path)
                        }
                    }
                    report(.finished(Self.message(job, outputs)))
                } catch { fail(job, error) }
            }
        }
    }

    private func fail(_ job: Job, _ error: any Error) {
        var message = WireShardFailed()
        message.attempt = job.attempt
        message.failure = failure(
            error, during: "stage \"\(job.work.stageName)\", shard \"\(job.work.shardName)\"")
        report(.failed(message))
    }

    /// Renames the outputs, after they have left beside them what a lost journal is rebuilt from.
    private static func publish(_ job: Job) throws -> [WireOutputFile] {
        let outputs = try job.result.outputs.map { try prepare($0, of: job) }
        var commit = WireShardCommit()
        commit.attempt = job.attempt
        commit.outputs = outputs
        commit.result = job.result.result
        try SealedCommits.write(commit, prefix: job.work.outputPrefix, in: job.work.runDirectory)
        for output in job.result.outputs {
            try AtomicFile.publish(
                job.work.temporaryPath(for: output.name),
                as: "\(job.work.runDirectory)/\(job.work.finalPath(for: output.name))", durable: false)
        }
        return outputs
    }

    /// Describes an output and flushes it.
    private static func prepare(_ output: ShardResult.Output, of job: Job) throws -> WireOutputFile {
        let temporary = job.work.temporaryPath(for: output.name)
        var file = try describe(temporary, sha256: output.sha256)
        if job.isDurable { try AtomicFile.flush(temporary) }
        file.path = job.work.finalPath(for: output.name)
        file.name = output.name
        file.rows = UInt64(output.rows)
        return file
    }

    /// A file's size and digest.
    static func describe(_ path: String, sha256: String? = nil) throws -> WireOutputFile {
        var status = stat()
        guard stat(path, &status) == 0 else { throw FileError("open", path: path, errorNumber: errno) }
        var file = WireOutputFile()
        file.bytes = UInt64(status.st_size)
        file.sha256 = try sha256 ?? SHA256.hex(ofFile: path)
        return file
    }

    private static func message(_ job: Job, _ outputs: [WireOutputFile]) -> WireResult {
        var message = WireResult()
        message.commit.attempt = job.attempt
        message.commit.outputs = outputs
        message.commit.result = job.result.result
        message.computeSeconds = job.computeSeconds
        message.inputBytes = UInt64(job.inputBytes)
        message.usage = SystemFacts.usage()
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
    return WireFailure(
        code: known.code, message: known.message, exitStatus: known.exitStatus.rawValue,
        deterministic: isDeterministic)
}
