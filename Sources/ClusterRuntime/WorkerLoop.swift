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
    private let guardian: PeerGuard?
    private var place: CoordinatorPlace
    private var keys: (pair: CurveKeyPair, server: CurveKey)?
    private var socket: Socket
    private var monitor: Socket
    /// Handshakes that failed since the last that did not.
    private var refusals = 0
    private var lastHeard: Seconds
    private var lastConnect: Seconds
    /// Since when the run directory's token is looked for.
    private var tokenSince: Seconds?
    private var instance: Instance
    private var letterhead: Letterhead
    private var lastTick: Seconds = 0
    private var keepsState = false

    /// Seconds between two looks at the clock at least; looking at one's own memory costs system calls.
    private static let tickInterval: Seconds = 0.02
    /// Where a Hello is due: joining takes a message each way, not ticks.
    private static let greetingInterval: Seconds = 0.001

    /// Seconds of silence after which the connection is made anew: the library gives up some kinds of broken ones.
    private static let reconnectAfter: Seconds = 10
    /// Failed handshakes in a row after which another attempt is no use.
    private static let mostRefusals = 3

    /// Starts the compute thread and connects to the coordinator.
    init(executor: any WorkExecutor, options: WorkerOptions) throws {
        self.options = options
        letterhead = Letterhead(build: options.buildVersion)
        try ProcessHardening.requireDescriptors(processes: 1)
        let place = try Self.find(options)
        self.place = place
        keys = try Protection.worker(
            endpoint: place.endpoint, keys: options.keys, isInsecure: options.isInsecure,
            runDirectory: options.runDirectory)
        let mailbox = try Mailbox<WorkerEvent>()
        self.mailbox = mailbox
        context = try MessagingContext()
        instance = Instance.random(in: 1 ... .max)
        let bound = WorkQueue<Result<String, any Error>>()
        let address = SocketPlaces.dataAddress(
            connect: place.endpoint, address: options.dataAddress, instance: instance)
        // A coordinator that listens on TCP says so in the run directory; its own workers are told to use ipc all the same.
        guard options.connect != nil || Endpoint.isTCP(place.endpoint) || !Endpoint.isTCP(address) else {
            throw ClusterError.dataAddress(coordinator: place.endpoint)
        }
        guardian = try Self.guardian(options, address: address, context)
        compute = try ComputeThread(
            executor: executor, context: context, dataAddress: address, guardian: guardian,
            report: { mailbox.post($0) }, whenBound: { bound.put($0) })
        guard let endpoint = try bound.take()?.get() else {
            throw ClusterError.unavailable(reason: "The worker's data socket could not be bound.")
        }
        machine = WorkerMachine(
            hello: Self.hello(options, endpoint, guardian), patience: options.patience, now: SystemFacts.now()
        )
        (socket, monitor) = try Self.connect(place, keys, instance, context)
        lastHeard = SystemFacts.now()
        lastConnect = lastHeard
        noteWay()
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
                lastHeard = SystemFacts.now()
                if envelope.epoch >= machine.epoch { letterhead.job = envelope.job }
                if case .identify(let question) = envelope.body, !look(question, envelope.epoch) { continue }
                if let end = try handle(.message(envelope)) { return end }
            }
            try noteConnections()
            if let end = try tick() { return end }
            _ = try poll(
                [PollInterest(socket), PollInterest(monitor)], wakeUp: mailbox.wakeUp,
                timeout: machine.isWelcome ? 200 : 20)
        }
    }

    /// Seconds for which a training that is left may take to write its state.
    private static let emergencyWait: Seconds = 60

    /// Ends the compute thread; returns whether it ended within a second, or longer if its training's state is to be kept.
    func close() -> Bool {
        compute.close()
        let deadline = SystemFacts.now() + (keepsState ? Self.emergencyWait : 1)
        while !compute.isEnded, SystemFacts.now() < deadline { usleep(2000) }
        if compute.isEnded { guardian?.close() }
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
                let number = UInt64(letterhead.job.prefix(16), radix: 16) ?? 0
                compute.run(.train(command, runDirectory: runDirectory, instance: instance, job: number))
            case .checkpoint: compute.requestCheckpoint()
            case .interrupt(let generation): compute.control.interrupt(before: generation)
            case .rejoin:
                options.logger?.warning("given up by the coordinator, joining again")
                instance = Instance.random(in: 1 ... .max)
                try reconnect()
            case .end(let status, let reason): return (status, reason)
            }
        }
        return nil
    }

    private func tick() throws -> (exitStatus: Int32, reason: String)? {
        let now = SystemFacts.now()
        let interval = machine.owesHello ? Self.greetingInterval : Self.tickInterval
        guard now - lastTick >= interval else { return nil }
        lastTick = now
        if now - max(lastHeard, lastConnect) > Self.reconnectAfter { try findAgain() }
        return try handle(.tick(compute.status))
    }

    private var runDirectory: String { options.runDirectory ?? machine.welcome.runDirectory }

    private func send(_ body: MessageBody) throws {
        let envelope = letterhead.envelope(body, epoch: machine.epoch, instance: instance)
        // A message that finds no room is lost; whatever matters is sent again.
        _ = try socket.send([try envelope.serializedData()])
    }

    private static func decode(_ message: Message) -> WireEnvelope? {
        message.withUnsafeBytes { try? EnvelopeReader.read($0) }
    }

    // MARK: Connecting

    private static func find(_ options: WorkerOptions) throws -> CoordinatorPlace {
        if let connect = options.connect { return CoordinatorPlace(endpoint: connect) }
        guard let runDirectory = options.runDirectory else {
            throw ClusterError.unavailable(reason: "A worker needs --connect or --output.")
        }
        return try CoordinatorPlace.wait(runDirectory, patience: options.patience, stop: options.stop)
    }

    private static func guardian(
        _ options: WorkerOptions, address: String, _ context: MessagingContext
    ) throws -> PeerGuard? {
        guard Endpoint.isTCP(address) else { return nil }
        guard options.isInsecure else { return try PeerGuard(context: context) }
        guard Endpoint.isLoopback(address) else { throw KeyError.insecure(endpoint: address) }
        return nil
    }

    /// Connects anew; after a silence the coordinator may have moved.
    private func findAgain() throws {
        if options.connect == nil, let runDirectory = options.runDirectory,
            let found = try CoordinatorPlace.read(runDirectory), found != place
        {
            place = found
            keys = try Protection.worker(
                endpoint: place.endpoint, keys: options.keys, isInsecure: options.isInsecure,
                runDirectory: runDirectory)
            noteWay()
        }
        try reconnect()
    }

    /// Tells where the coordinator is looked for, and at once where no way leads there: the library tries for ever.
    private func noteWay() {
        machine.place = place.endpoint
        guard place.endpoint.hasPrefix("tcp://"), SocketPlaces.localAddress(towards: place.endpoint) == nil
        else { return }
        options.logger?.warning(
            "\(place.endpoint): this machine knows no such name, or no way there; trying all the same")
    }

    private func reconnect() throws {
        lastConnect = SystemFacts.now()
        (socket, monitor) = try Self.connect(place, keys, instance, context)
    }

    /// Learns whether connections come about; throws ``KeyError`` once they never will.
    private func noteConnections() throws {
        while let parts = monitor.receive() {
            switch Socket.connectionEvent(from: parts) {
            case .connected:
                refusals = 0
                machine.connected()
            case .refused(.key):
                throw KeyError.refused(
                    endpoint: place.endpoint,
                    keys: keys.map { String($0.pair.publicKey.text.prefix(8)) } ?? "none")
            case .refused(.mechanism), .refused(.handshake):
                refusals += 1
                guard refusals < Self.mostRefusals else {
                    throw KeyError.mismatch(endpoint: place.endpoint, isProtected: keys != nil)
                }
                // The library does not try again by itself.
                return try reconnect()
            case .refused(.closed):
                refusals += 1
                if refusals == Self.mostRefusals {
                    options.logger?.warning(
                        "\(place.endpoint) closes connections before they begin: it may want other keys, or none"
                    )
                }
            case .disconnected, nil: break
            }
        }
    }

    /// Looks for the token that the coordinator asks about; false: not found yet, to be asked again.
    private func look(_ question: WireIdentify, _ epoch: UInt64) -> Bool {
        guard !question.runDirectory.isEmpty else { return true }
        let sight = TokenFile.look(options.runDirectory ?? question.runDirectory, epoch: epoch)
        let now = SystemFacts.now()
        let since = tokenSince ?? now
        tokenSince = sight.fault.isEmpty ? nil : since
        // A shared disk may show a new file late.
        guard sight.fault.isEmpty || now - since > TokenFile.patience else { return false }
        machine.note(sight)
        return true
    }

    private static func connect(
        _ place: CoordinatorPlace, _ keys: (pair: CurveKeyPair, server: CurveKey)?, _ instance: Instance,
        _ context: MessagingContext
    ) throws -> (Socket, monitor: Socket) {
        var settings = SocketOptions()
        settings.curve = keys.map { .client($0.pair, server: $0.server) }
        settings.routingID = Data("w\(instanceName(instance))".utf8)
        settings.largestMessage = Int64(ClusterLimits.messageBytes)
        settings.linger = 500
        if !Endpoint.isTCP(place.endpoint) { settings.heartbeatInterval = 0 }
        let socket = try Socket(.dealer, context: context, options: settings)
        // First: a handshake that fails at once is told once.
        let monitor = try socket.monitor()
        try socket.connect(place.endpoint)
        return (socket, monitor)
    }

    private static func hello(
        _ options: WorkerOptions, _ endpoint: String, _ guardian: PeerGuard?
    ) -> WireHello {
        var hello = WireHello()
        hello.fingerprint = options.numericFingerprint
        hello.dataEndpoint = endpoint
        hello.dataKey = guardian?.pair.publicKey.text ?? ""
        hello.cores = UInt32(ProcessInfo.processInfo.activeProcessorCount)
        hello.pid = UInt32(getpid())
        hello.host = SystemFacts.host
        hello.memoryBytes = MachineMemory.limit
        return hello
    }
}
