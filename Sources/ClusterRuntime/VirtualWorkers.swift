import ClusterProtocol
import Foundation
import Groundwork
import ZeroMQ

/// Many workers as one thread of this process, for measurements of a coordinator: real state machines, sockets, messages
/// and result files; only the work is pretended.
package final class VirtualWorkers {
    /// How fast the pretended work goes.
    package struct Pace: Sendable {
        /// Seconds per shard.
        package var shardSeconds = 30.0
        /// Seconds per phase of a training.
        package var stepSeconds = 0.1

        /// Shards of half a minute, steps of a tenth of a second.
        package init() {}
    }

    /// Seconds between two looks at all sockets.
    private static let turn: Seconds = 0.01

    private let runDirectory: String
    private let pace: Pace
    private let context: MessagingContext
    private var workers: [VirtualWorker] = []
    /// Phases applied by all members, and since when they go on.
    private var position: UInt64 = 0
    private var goneOn: Seconds?

    /// Connects `count` workers to the coordinator of a run directory; throws what sockets throw.
    package init(
        count: Int, runDirectory: String, build: String, fingerprint: String, pace: Pace = Pace()
    ) throws {
        self.runDirectory = runDirectory
        self.pace = pace
        context = try MessagingContext(maximumSockets: 2 * count + 64)
        let place = try CoordinatorPlace.wait(runDirectory, patience: 30, stop: nil)
        for index in 0..<count {
            workers.append(
                try VirtualWorker(
                    index: index, of: count, endpoint: place.endpoint, context: context, build: build,
                    fingerprint: fingerprint, runDirectory: runDirectory, pace: pace))
        }
    }

    /// Workers that the coordinator has welcomed.
    package var welcomed: Int { workers.count { $0.isWelcome } }
    /// Members of the newest generation that train.
    package var training: Int {
        let newest = generation
        return newest == 0 ? 0 : workers.count { $0.generation == newest && $0.isRunning }
    }
    /// The newest generation that a member trains in.
    package var generation: UInt64 { workers.map(\.generation).max() ?? 0 }
    /// Results that the coordinator has acknowledged.
    package var acknowledged: Int { workers.reduce(0) { $0 + $1.acknowledged } }

    /// Takes workers away as if they were killed.
    package func kill(_ count: Int) { workers.removeLast(min(count, workers.count)) }

    /// Works for so many seconds, or until `isEnough`; throws what sockets and files throw.
    package func work(seconds: Double, until isEnough: () -> Bool = { false }) throws {
        let end = SystemFacts.now() + seconds
        var next = SystemFacts.now()
        while next < end, !isEnough() {
            let now = SystemFacts.now()
            if now < next { usleep(UInt32((next - now) * 1e6)) }
            next = max(next, now) + Self.turn
            advance(SystemFacts.now())
            for place in workers.indices { try workers[place].serve(position: position) }
        }
    }

    /// Members take a phase together, or not at all.
    private func advance(_ now: Seconds) {
        guard !workers.isEmpty, workers.allSatisfy(\.isRunning) else {
            goneOn = nil
            return
        }
        let since = goneOn ?? now
        let phases = ((now - since) / pace.stepSeconds).rounded(.down)
        goneOn = since + phases * pace.stepSeconds
        position += UInt64(phases)
    }
}

/// One of them.
private struct VirtualWorker {
    private let instance: Instance
    private let socket: Socket
    private let runDirectory: String
    private let shardSeconds: Double
    private var machine: WorkerMachine
    private var status = WorkerStatus()
    private var letterhead: Letterhead
    private var shard: (grant: WireGrant, begun: Seconds, ends: Seconds)?
    private var lastTick: Seconds = 0
    private var shards = 0
    private(set) var acknowledged = 0
    private(set) var generation: UInt64 = 0
    private(set) var isRunning = false

    init(
        index: Int, of count: Int, endpoint: String, context: MessagingContext, build: String,
        fingerprint: String, runDirectory: String, pace: VirtualWorkers.Pace
    ) throws {
        instance = Instance(index + 1)
        letterhead = Letterhead(build: build)
        self.runDirectory = runDirectory
        // From three to five quarters of the pace: results come evenly.
        shardSeconds = pace.shardSeconds * (0.75 + 0.5 * Double(index) / Double(count))
        var options = SocketOptions()
        options.routingID = PeerGate.routingID(instance)
        options.largestMessage = Int64(ClusterLimits.messageBytes)
        if !Endpoint.isTCP(endpoint) { options.heartbeatInterval = 0 }
        socket = try Socket(.dealer, context: context, options: options)
        var hello = WireHello()
        hello.fingerprint = fingerprint
        hello.dataEndpoint = "tcp://10.0.\(index / 250).\(index % 250 + 1):5556"
        hello.dataKey = String(repeating: "k", count: 40)
        hello.cores = 8
        // No process has these numbers: nothing is ended by mistake.
        hello.pid = UInt32(1 << 30 + index)
        hello.host = "node\(index)"
        machine = WorkerMachine(hello: hello, patience: 600, now: SystemFacts.now())
        try socket.connect(endpoint)
    }

    var isWelcome: Bool { machine.isWelcome }

    /// Reads, ticks and answers.
    mutating func serve(position: UInt64) throws {
        let now = SystemFacts.now()
        if isRunning { status.training.position = position }
        while let parts = socket.receive() {
            guard let last = parts.last,
                let envelope = last.withUnsafeBytes({ try? EnvelopeReader.read($0) })
            else { continue }
            letterhead.job = envelope.job
            if case .identify(let question) = envelope.body, !question.runDirectory.isEmpty {
                machine.note(TokenFile.look(runDirectory, epoch: envelope.epoch))
            }
            if case .ack = envelope.body { acknowledged += 1 }
            try handle(.message(envelope), now, position)
        }
        if let shard, now >= shard.ends { try finish(shard.grant, now, position) }
        guard now - lastTick >= 0.1 else { return }
        lastTick = now
        status.pulse += 1
        if let shard {
            status.total = 1000
            status.done = UInt64(1000 * (now - shard.begun) / (shard.ends - shard.begun))
        }
        try handle(.tick(status), now, position)
    }

    private mutating func handle(_ event: WorkerEvent, _ now: Seconds, _ position: UInt64) throws {
        for directive in machine.handle(event, now: now) {
            switch directive {
            case .send(let body): try send(body)
            case .compute(let grant):
                // The first ones end one after the other.
                let share = shards == 0 ? Double(instance % 100) / 100 : 1
                shards += 1
                shard = (grant, now, now + shardSeconds * share)
            case .train(let command):
                if let answer = train(command, position) { try handle(.trained(answer), now, position) }
            case .interrupt, .checkpoint, .rejoin, .end: break
            }
        }
    }

    private mutating func send(_ body: MessageBody) throws {
        let envelope = letterhead.envelope(body, epoch: machine.epoch, instance: instance)
        _ = try socket.send([try envelope.serializedData()])
    }

    // MARK: Shards

    /// A small file in place of a result.
    private mutating func finish(_ grant: WireGrant, _ now: Seconds, _ position: UInt64) throws {
        shard = nil
        var output = WireOutputFile()
        output.path = "\(grant.outputPrefix).samples.h5"
        output.name = "samples.h5"
        output.bytes = 16
        output.sha256 = String(repeating: "0", count: 64)
        output.rows = 1000
        try Data(count: 16).write(to: URL(fileURLWithPath: "\(runDirectory)/\(output.path)"))
        var result = WireResult()
        result.commit.attempt = grant.attempt
        result.commit.outputs = [output]
        result.commit.result = Data(count: 200)
        result.computeSeconds = shardSeconds
        result.inputBytes = 1 << 27
        try handle(.computed(grant.attempt), now, position)
        try handle(.finished(result), now, position)
    }

    // MARK: Training

    /// What a member answers that holds whatever state the others hold.
    private mutating func train(_ command: TrainingCommand, _ position: UInt64) -> MessageBody? {
        switch command {
        case .open(let request):
            status.training.training = request.folder
            var message = WireOpened()
            message.training = request.folder
            message.round = request.round
            return .opened(message)
        case .prepare(let request):
            isRunning = false
            var message = WirePrepared()
            message.training = request.training
            message.generation = request.generation
            message.position = generation == 0 ? 0 : position
            message.digest = Self.digest(message.position)
            return .prepared(message)
        case .plan(let request):
            var message = WireReady()
            message.training = request.training
            message.generation = request.generation
            message.position = request.position
            message.digest = Self.digest(request.position)
            return .ready(message)
        case .run(let request):
            (generation, isRunning) = (request.generation, true)
            status.training.generation = request.generation
            status.training.calls += 1
            (status.done, status.total) = (position, 1_000_000)
            return nil
        case .emergency: return nil
        case .close:
            isRunning = false
            return nil
        }
    }

    private static func digest(_ position: UInt64) -> Data { Data("state at \(position)".utf8) }
}
