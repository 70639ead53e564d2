import ClusterProtocol
import Foundation
import Groundwork
import Logging
import Synchronization
import ZeroMQ

/// The worker's I/O thread: moves messages between the coordinator, the state machine and the compute thread.
final class WorkerLoop {
    private let options: WorkerOptions
    private let context: MessagingContext
    private let mailbox: Mailbox<WorkerEvent>
    private let compute: ComputeThread
    private var machine: WorkerMachine
    private var socket: Socket
    private var instance: Instance
    private var seq: UInt64 = 0
    private var job = ""
    private var lastTick: Seconds = 0
    private var keepsState = false

    /// Seconds between two looks at the clock at least; looking at one's own memory costs system calls.
    private static let tickInterval: Seconds = 0.02

    /// Starts the compute thread and connects to the coordinator.
    init(executor: any WorkExecutor, options: WorkerOptions) throws {
        self.options = options
        let mailbox = try Mailbox<WorkerEvent>()
        self.mailbox = mailbox
        context = try MessagingContext()
        instance = Instance.random(in: 1 ... .max)
        let bound = WorkQueue<Result<String, any Error>>()
        compute = try ComputeThread(
            executor: executor, context: context,
            dataAddress: SocketPlaces.dataAddress(
                connect: options.connect, address: options.dataAddress, instance: instance),
            report: { mailbox.post($0) }, whenBound: { bound.put($0) })
        guard let endpoint = try bound.take()?.get() else {
            throw ClusterError.unavailable(reason: "The worker's data socket could not be bound.")
        }
        machine = WorkerMachine(
            hello: Self.hello(options, endpoint), patience: options.patience, now: SystemFacts.now())
        socket = try Self.connect(options, instance, context)
        options.stop?.whenRequested { mailbox.post(.leave(reason: "asked to stop")) }
    }

    /// Serves until the coordinator says that the job is over, or gives up; returns the exit status and the reason.
    func run() throws -> (exitStatus: Int32, reason: String) {
        while true {
            for event in mailbox.take() {
                if let end = try handle(event) { return end }
            }
            while let parts = socket.receive() {
                guard let last = parts.last, let envelope = Self.decode(last) else { continue }
                if envelope.epoch >= machine.epoch { job = envelope.job }
                if let end = try handle(.message(envelope)) { return end }
            }
            if let end = try tick() { return end }
            _ = try poll(
                [PollInterest(socket)], wakeUp: mailbox.wakeUp, timeout: machine.isWelcome ? 200 : 20)
        }
    }

    /// Seconds for which a training that is left may take to write its state.
    private static let emergencyWait: Seconds = 60

    /// Ends the compute thread; returns whether it ended within a second, or longer if its training's state is to be kept.
    func close() -> Bool {
        compute.close()
        let deadline = SystemFacts.now() + (keepsState ? Self.emergencyWait : 1)
        while !compute.isEnded, SystemFacts.now() < deadline { usleep(2000) }
        return compute.isEnded
    }

    private func handle(_ event: WorkerEvent) throws -> (exitStatus: Int32, reason: String)? {
        for directive in machine.handle(event, now: SystemFacts.now()) {
            switch directive {
            case .send(let body): try send(body)
            case .compute(let grant):
                compute.run(
                    .shard(
                        grant, runDirectory: runDirectory, instance: instance,
                        isDurable: machine.welcome.durable))
            case .train(let command):
                if command == .emergency { keepsState = true }
                let number = UInt64(job.prefix(16), radix: 16) ?? 0
                compute.run(.train(command, runDirectory: runDirectory, instance: instance, job: number))
            case .checkpoint: compute.requestCheckpoint()
            case .interrupt(let generation): compute.control.interrupt(before: generation)
            case .rejoin:
                options.logger?.warning("given up by the coordinator, joining again")
                instance = Instance.random(in: 1 ... .max)
                socket = try Self.connect(options, instance, context)
            case .end(let status, let reason): return (status, reason)
            }
        }
        return nil
    }

    private func tick() throws -> (exitStatus: Int32, reason: String)? {
        let now = SystemFacts.now()
        guard now - lastTick >= Self.tickInterval else { return nil }
        lastTick = now
        return try handle(.tick(compute.status))
    }

    private var runDirectory: String { options.runDirectory ?? machine.welcome.runDirectory }

    private func send(_ body: MessageBody) throws {
        var envelope = WireEnvelope()
        envelope.protocol = ClusterVersion.messages
        envelope.build = options.buildVersion
        envelope.job = job
        envelope.epoch = machine.epoch
        envelope.instance = instance
        envelope.seq = seq
        envelope.body = body
        seq += 1
        // A message that finds no room is lost; whatever matters is sent again.
        _ = try socket.send([try envelope.serializedData()])
    }

    private static func decode(_ message: Message) -> WireEnvelope? {
        try? WireEnvelope(serializedBytes: message.data)
    }

    private static func connect(
        _ options: WorkerOptions, _ instance: Instance, _ context: MessagingContext
    ) throws -> Socket {
        var settings = SocketOptions()
        settings.routingID = Data("w\(instanceName(instance))".utf8)
        settings.largestMessage = Int64(ClusterLimits.messageBytes)
        settings.linger = 500
        let socket = try Socket(.dealer, context: context, options: settings)
        try socket.connect(options.connect)
        return socket
    }

    private static func hello(_ options: WorkerOptions, _ endpoint: String) -> WireHello {
        var hello = WireHello()
        hello.fingerprint = options.numericFingerprint
        hello.dataEndpoint = endpoint
        hello.cores = UInt32(ProcessInfo.processInfo.activeProcessorCount)
        hello.pid = UInt32(getpid())
        hello.host = SystemFacts.host
        hello.memoryBytes = SystemFacts.memoryLimit()
        return hello
    }
}
