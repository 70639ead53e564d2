import ClusterRuntime
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import ClusterProtocol

/// A job whose coordinator runs in this process and listens on TCP; its workers are processes that a test starts.
final class RemoteJob: Sendable {
    let folder: TemporaryFolder
    private let job: ScriptedJob
    private let ended = DispatchSemaphore(value: 0)
    private let result = Mutex<Result<JobOutcome, any Error>?>(nil)

    /// Prepares a coordinator with `localWorkers` on a free port of the loopback address.
    init(
        _ stages: [StageSpec], in folder: TemporaryFolder, keys: String? = nil, isInsecure: Bool = false,
        localWorkers: Int = 0, minWorkers: Int = 1
    ) {
        var job = ScriptedJob(stages: stages)
        job.workers = localWorkers
        job.minWorkers = minWorkers
        job.listen = "tcp://127.0.0.1:*"
        job.keys = keys
        job.isInsecure = isInsecure
        self.job = job
        self.folder = folder
    }

    var run: String { folder.file("run") }

    /// Starts the coordinator; returns the endpoint that it listens on.
    func start() throws -> String {
        let thread = Thread { [self] in
            let outcome = Result { try job.run(in: run) }
            result.withLock { $0 = outcome }
            ended.signal()
        }
        thread.stackSize = 8 << 20
        thread.start()
        let record = try #require(try waitFor { try rendezvous() })
        return record.listen
    }

    /// What the coordinator says about itself.
    func rendezvous() throws -> WireRendezvous? {
        guard let data = FileManager.default.contents(atPath: "\(run)/rendezvous.pb") else { return nil }
        return try WireRendezvous(serializedBytes: data)
    }

    /// Starts a worker process.
    func worker(_ arguments: [String], environment: [String: String] = [:]) throws -> RunningCommand {
        try Commands.start("ClusterTestWorker", arguments, environment: environment, folder: folder)
    }

    /// Waits for the end of the job.
    func finish() throws -> JobOutcome {
        ended.wait()
        return try #require(result.withLock { $0 }).get()
    }

    /// The event log so far.
    var log: String { (try? String(contentsOfFile: "\(run)/log.jsonl", encoding: .utf8)) ?? "" }

    /// Waits until so many workers have joined.
    func waitForWorkers(_ count: Int) throws {
        let joined = waitFor {
            log.components(separatedBy: "worker-joined").count > count ? true : nil
        }
        try #require(joined != nil, "fewer than \(count) workers: \(log)")
    }

    /// Waits until the log holds a word.
    func waitForLog(_ word: String) throws {
        try #require(waitFor { log.contains(word) ? true : nil } != nil, "no \(word) in the log: \(log)")
    }
}

/// Looks until other processes have brought something about, at most 30 seconds.
func waitFor<Value>(_ look: () throws -> Value?) rethrows -> Value? {
    for _ in 0..<6000 {
        if let value = try look() { return value }
        usleep(5000)
    }
    return nil
}
