import ClusterProtocol
import Foundation
import Groundwork
import Synchronization
import ZeroMQ

/// The thread on which executors and training members run, one command after the other.
///
/// It owns the sockets between members.
final class ComputeThread: @unchecked Sendable {
    // Safe to share: `executor` and everything marked so below is only touched by the thread itself.
    enum Command: Sendable {
        case shard(WireGrant, runDirectory: String, instance: Instance, isDurable: Bool)
        case train(TrainingCommand, runDirectory: String, instance: Instance, job: UInt64)
    }

    /// Interrupts collectives.
    let control: CollectiveControl
    private let commands = WorkQueue<Command>()
    private let report: @Sendable (WorkerEvent) -> Void
    private let publisher: OutputPublisher
    private let current = Mutex(Current())
    /// Whether finished files wait for space on the disk.
    private let publisherWaits = ProgressCounter()

    private struct Current: Sendable {
        var counter = ProgressCounter()
        var number: UInt64 = 0
        /// The folder of the open training; empty: none.
        var training = ""
        /// Whether the thread has not ended.
        var isRunning = true
        var checkpointRequest: CheckpointRequest?
    }

    // Only touched by the thread.
    private let executor: any WorkExecutor
    private let context: MessagingContext
    private let guardian: PeerGuard?
    private var network: PeerNetwork?
    private var session: TrainingSession?
    /// Failures of this worker's members so far: the coordinator tells a new one from a repeated message by its number.
    private var failures: UInt32 = 0

    /// Starts the thread; it binds its data socket at `dataAddress` and tells the endpoint through `whenBound`.
    init(
        executor: any WorkExecutor, context: MessagingContext, dataAddress: String, guardian: PeerGuard?,
        report: @escaping @Sendable (WorkerEvent) -> Void,
        whenBound: @escaping @Sendable (Result<String, any Error>) -> Void
    ) throws {
        self.executor = executor
        self.context = context
        self.guardian = guardian
        self.report = report
        control = try CollectiveControl()
        publisher = OutputPublisher(report: report, diskFull: publisherWaits)
        let thread = Thread { [self] in work(dataAddress, whenBound) }
        thread.name = "compute"
        thread.stackSize = 64 << 20
        thread.start()
    }

    /// Queues a command.
    func run(_ command: Command) { commands.put(command) }

    /// Ends the thread after what is queued.
    func close() {
        commands.close()
        control.interrupt(before: .max)
    }

    /// Asks the training for a checkpoint at its next boundary.
    func requestCheckpoint() { current.withLock { $0.checkpointRequest }?.wish() }

    /// Whether the thread has ended, and the one that publishes what it computed.
    var isEnded: Bool { current.withLock { !$0.isRunning } && publisher.isEnded }

    /// What a heartbeat says.
    var status: WorkerStatus {
        let (counter, number, training) = current.withLock { ($0.counter, $0.number, $0.training) }
        var status = WorkerStatus()
        status.pulse = number << 40 &+ counter.pulse
        status.done = UInt64(clamping: counter.done)
        status.total = UInt64(clamping: counter.total)
        status.bytes = UInt64(clamping: counter.bytes)
        status.usage = SystemFacts.usage()
        status.isDiskFull = counter.isDiskFull || publisherWaits.isDiskFull
        // Waiting for space is no standstill, whoever waits.
        if publisherWaits.isDiskFull { status.pulse &+= publisherWaits.pulse }
        if !training.isEmpty {
            status.training = control.state
            status.training.training = training
        }
        return status
    }

    private func work(
        _ dataAddress: String, _ whenBound: @Sendable (Result<String, any Error>) -> Void
    ) {
        defer {
            network = nil
            session = nil
            publisher.close()
            current.withLock { $0.isRunning = false }
        }
        do {
            let network = try PeerNetwork(
                context: context, address: dataAddress, control: control, guardian: guardian)
            self.network = network
            whenBound(.success(network.endpoint))
        } catch { return whenBound(.failure(error)) }
        while let command = commands.take() {
            switch command {
            case .shard(let grant, let directory, let instance, let isDurable):
                compute(grant, directory, instance, isDurable)
            case .train(let command, let directory, let instance, let job):
                train(command, directory, instance, job)
            }
        }
    }

    private func newCounter() -> ProgressCounter {
        current.withLock { current in
            current.counter = ProgressCounter()
            current.number += 1
            return current.counter
        }
    }

    // MARK: Shards

    private func compute(
        _ grant: WireGrant, _ directory: String, _ instance: Instance, _ isDurable: Bool
    ) {
        guard GrantedPath.isRelative(grant.outputPrefix) else {
            var message = WireShardFailed()
            message.attempt = grant.attempt
            message.failure = failure(ClusterError.foreignPath, during: "a shard")
            return report(.failed(message))
        }
        let work = ShardWork(
            stageID: grant.attempt.stage, stageName: grant.stageName, shardName: grant.shardName,
            payload: grant.payload, runDirectory: directory, outputPrefix: grant.outputPrefix,
            instance: instanceName(instance))
        let counter = newCounter()
        let start = SystemFacts.now()
        do {
            let result = try DiskSpace.retrying(counter.setDiskFull) {
                try executor.run(work, progress: counter)
            }
            guard result.result.count <= ClusterLimits.payloadBytes else {
                throw ClusterError.tooLarge(
                    what: "The result of stage \"\(work.stageName)\", shard \"\(work.shardName)\"",
                    bytes: result.result.count)
            }
            report(.computed(grant.attempt))
            publisher.publish(
                OutputPublisher.Job(
                    attempt: grant.attempt, work: work, result: result,
                    computeSeconds: SystemFacts.now() - start, inputBytes: counter.bytes, isDurable: isDurable
                ))
        } catch {
            var message = WireShardFailed()
            message.attempt = grant.attempt
            message.failure = failure(
                error, during: "stage \"\(work.stageName)\", shard \"\(work.shardName)\"")
            report(.failed(message))
        }
    }

    // MARK: Training

    private func train(
        _ command: TrainingCommand, _ directory: String, _ instance: Instance, _ job: UInt64
    ) {
        if case .open(let message) = command {
            control.reset()
            let request = CheckpointRequest { [report] position in
                var written = WireCheckpointed()
                written.training = message.folder
                written.position = position
                report(.checkpointed(written))
            }
            session = TrainingSession(
                message, runDirectory: directory, instance: instance, job: job, counter: newCounter(),
                control: control, failures: failures, checkpointRequest: request)
            current.withLock {
                $0.training = message.folder
                $0.checkpointRequest = request
            }
        }
        if case .close = command {
            session = nil
            network?.disconnect()
            current.withLock {
                $0.training = ""
                $0.checkpointRequest = nil
            }
            return
        }
        guard let session, let network else { return }
        let answer = session.handle(command, executor: executor, network: network)
        failures = session.failures
        if let answer {
            report(.trained(answer))
        }
    }
}
