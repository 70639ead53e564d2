import ClusterProtocol
import Foundation
import Groundwork
import Logging
import ZeroMQ

/// The coordinator's I/O thread: moves messages between workers, files, processes and the state machine.
final class CoordinatorLoop: @unchecked Sendable {
    // Safe to share: other threads only use `mailbox`, `outcomes`, `ended` and `closed`; the rest belongs to the loop's thread.
    enum Command: Sendable {
        case openShards(ShardTable, number: Int)
        case openTraining(TrainingSpec, number: Int)
        case stageCached(FinishedStage, number: Int)
        case log(ClusterEvent)
        case durable([DurableMark])
        case fail(ClusterError)
        case drain(shardGrace: Seconds)
        case finish(state: String, failure: ClusterError?)
    }

    /// What must be known to run the loop.
    struct Setup {
        var job: JobSpec
        var options: CoordinatorOptions
        var ledger: RunLedger
        var endpoint: String
        var survivors: [WireLocalProcess]
        /// Keys of the TCP endpoint and who is admitted; nil: not protected.
        var protection: (pair: CurveKeyPair, workers: Set<CurveKey>)?
        /// Digest of the run directory's token.
        var token: Data?

        var directory: RunDirectory { ledger.directory }
        var epoch: UInt64 { ledger.epoch }
    }

    /// Seconds for which files may be invisible to this machine: on a shared disk, and on a local one.
    static let visibility: (shared: Seconds, local: Seconds) = (60, 2)
    /// Seconds that work in hand has when a person asks for an orderly end.
    static let drainGrace: Seconds = 60
    /// Workers from which on messages are gathered, and microseconds for which they are at most: 10 per worker.
    private static let (crowd, longestGathering) = (100, UInt32(10_000))
    /// Milliseconds between two looks for workers that have not gone yet, doubling.
    private static let farewellPauses = 1...20
    /// Seconds for which a failed job can be asked for its metrics.
    private static let longestShowing: Seconds = 30
    /// Messages taken per turn, so that nothing else starves.
    static let messagesPerTurn = 500

    let mailbox: Mailbox<Command>
    let outcomes = WorkQueue<StageOutcome>()
    let journal: JournalWriter
    private let ended = WorkQueue<LoopTotals>()
    private let closed = WorkQueue<Void>()

    let setup: Setup
    var machine: CoordinatorMachine
    let local: LocalWorkers
    let watch: RunWatch
    private let context: MessagingContext
    private var authenticator: Authenticator?
    private var router: Socket?
    /// The TCP endpoint with the port that the system chose.
    private var listening = ""
    private var gate = PeerGate()
    private var lastGateReport: Seconds = 0
    /// Whether a connection broke since workers were last asked whether they are there.
    private var isProbeDue = false
    private var lastProbe: Seconds = 0
    /// Seconds from one such question to the next.
    private static let probing: Seconds = 0.2
    private var monitors: [Socket] = []
    private var metrics: MetricsServer?
    private var letterhead: Letterhead
    private var unseen: [(commit: WireShardCommit, deadline: Seconds)] = []
    private var lonelySince: Seconds?
    private var isFinished = false
    private var hasFailed = false
    private var isSuperseded = false
    private var lastLook: Seconds = 0

    /// Totals at the end of the loop.
    struct LoopTotals: Sendable {
        var counters: WireCounters
        var processes: [JobOutcome.ProcessUsage]
        var timeline: [JobOutcome.Span]
    }

    /// Prepares files and processes; throws what stands in the way of running at all.
    init(_ setup: Setup) throws {
        self.setup = setup
        let options = setup.options
        letterhead = Letterhead(build: options.buildVersion, job: setup.job.digest)
        let mailbox = try Mailbox<Command>()
        self.mailbox = mailbox
        journal = try JournalWriter(
            path: setup.ledger.journalPath, disk: setup.directory.disk,
            whenDurable: { mailbox.post(.durable($0)) },
            whenFailed: { mailbox.post(.fail(Self.wrap($0))) },
            whenFull: { mailbox.post(.log($0 ? .diskFull(instance: 0) : .diskHasSpace(instance: 0))) })
        var configuration = CoordinatorMachine.Configuration(
            job: setup.job.digest, build: options.buildVersion, fingerprint: options.numericFingerprint,
            epoch: setup.epoch, runDirectory: setup.directory.path, isDurable: options.durable)
        configuration.host = SystemFacts.host
        configuration.token = setup.token
        machine = CoordinatorMachine(configuration)
        local = try LocalWorkers(
            count: options.localWorkers,
            executable: options.workerExecutable ?? CoordinatorOptions.installedWorker,
            arguments: ["--connect", setup.endpoint] + Self.dataArguments(options) + options.workerArguments,
            environment: options.workerEnvironment, survivors: setup.survivors)
        watch = try RunWatch(setup)
        context = try MessagingContext()
    }

    /// Local workers are reached by those of other machines, where there may be some.
    private static func dataArguments(_ options: CoordinatorOptions) -> [String] {
        guard let listen = options.listen, Endpoint.isTCP(listen) else { return [] }
        return ["--data-address", Endpoint.anyPort(beside: listen)]
            + (options.isInsecure ? ["--insecure"] : [])
    }

    /// Binds the sockets and starts the thread.
    func start() throws {
        var settings = SocketOptions()
        settings.largestMessage = Int64(ClusterLimits.messageBytes)
        settings.linger = 1000
        // On this machine the kernel tells of broken connections.
        settings.heartbeatInterval = 0
        let router = try Socket(.router, context: context, options: settings)
        monitors = [try router.monitor()]
        try router.bind(setup.endpoint)
        if let listen = setup.options.listen {
            try protect(router)
            try router.watchConnections(SocketOptions())
            try router.bind(listen)
            listening = Endpoint.plain(router.lastEndpoint)
        }
        self.router = router
        metrics = try setup.options.metrics.map { try MetricsServer($0, context: context) }
        let thread = Thread { [self] in work() }
        thread.name = "coordinator"
        thread.stackSize = 8 << 20
        thread.start()
    }

    /// From here on connections need an admitted key; sockets bound before stay as they are.
    private func protect(_ router: Socket) throws {
        guard let (pair, workers) = setup.protection else { return }
        let authenticator = try Authenticator(context: context)
        // The coordinator's own key: a second coordinator asks whether the first one lives.
        authenticator.admit(workers.union([pair.publicKey]), domain: Protection.control)
        self.authenticator = authenticator
        try router.protect(.server(pair, domain: Protection.control))
    }

    /// Waits until the sockets are closed, after ``finish(state:failure:)``.
    func close() { _ = closed.take() }

    /// Says how the run ended, lets workers go and tells what the thread knows.
    func finish(state: String, failure: ClusterError?) -> LoopTotals? {
        mailbox.post(.finish(state: state, failure: failure))
        return ended.take()
    }

    // MARK: The loop

    private func work() {
        writeRendezvous()
        var nextTick: Seconds = 0
        while !isFinished {
            for command in mailbox.take() { handle(command) }
            // What has ended starts no processes again.
            guard !isFinished else { break }
            receive()
            metrics?.serve { watch.metrics(machine) }
            let now = SystemFacts.now()
            if now >= nextTick {
                nextTick = now + 0.05
                tick(now: now)
            }
            guard !isFinished, let router else { break }
            let interests = ([router] + monitors + [metrics?.socket].compactMap { $0 }).map {
                PollInterest($0)
            }
            _ = try? poll(interests, wakeUp: mailbox.wakeUp, timeout: 50)
            gatherMessages()
        }
        let totals = LoopTotals(
            counters: watch.counters(machine), processes: watch.processes(),
            timeline: watch.timeline.spans.map(JobOutcome.Span.init))
        // The end is written down while this thread may still wait.
        ended.put(totals)
        showFailure()
        monitors = []
        metrics = nil
        router = nil
        authenticator?.close()
        closed.put(())
    }

    /// Waits until the monitoring has seen that the job has failed, for two of its usual intervals at most.
    private func showFailure() {
        guard let metrics, hasFailed else { return }
        let deadline = SystemFacts.now() + Self.longestShowing
        var isSeen = false
        while !isSeen, SystemFacts.now() < deadline, setup.options.stop?.isRequested != true {
            metrics.serve {
                isSeen = true
                return watch.metrics(machine)
            }
            _ = try? poll([PollInterest(metrics.socket)], timeout: 50)
        }
    }

    /// Lets messages of many workers come together: waking up for each of them costs more than reading it.
    private func gatherMessages() {
        let workers = machine.workers.count
        guard workers >= Self.crowd else { return }
        usleep(min(Self.longestGathering, UInt32(workers) * 10))
    }

    private func handle(_ command: Command) {
        switch command {
        case .openShards(let table, let number):
            watch.opened(
                id: table.stage, name: table.stageName, number: number, total: Double(table.items.count),
                done: Double(table.committedCount))
            feed(.openShards(table))
        case .openTraining(let spec, let number):
            watch.opened(id: spec.stage, name: spec.stageName, number: number, total: 0, done: 0)
            feed(.openTraining(spec))
        case .stageCached(let stage, let number):
            watch.cached(stage, number: number)
            feed(.stageCached(stage.id))
        case .log(let event): watch.report(event)
        case .durable(let marks):
            for mark in marks { feed(.durable(mark)) }
        case .fail(let error): outcomes.put(.failed(error))
        case .drain(let grace): feed(.drain(shardGrace: grace))
        case .finish(let state, let failure): end(state, failure)
        }
    }

    private func receive() {
        guard let router else { return }
        for _ in 0..<Self.messagesPerTurn {
            guard let parts = router.receive() else { break }
            switch gate.take(parts, now: SystemFacts.now()) {
            case .refused: break
            case .barred(let instance, let reason): feed(.misbehaved(instance ?? 0, reason: reason))
            case .envelope(let envelope, let peer):
                if case .probe = envelope.body {
                    answerProbe(peer.id)
                } else if isOfThisRun(envelope) {
                    feed(.message(envelope))
                    noteHello(envelope, peer)
                }
            }
        }
        for monitor in monitors {
            while let parts = monitor.receive() {
                switch Socket.connectionEvent(from: parts) {
                case .disconnected: isProbeDue = true
                case .refused(let fault): gate.refuse(fault)
                case .connected, nil: break
                }
            }
        }
    }

    private func tick(now: Seconds) {
        if !isSuperseded { for event in local.tick(now: now) { handle(event) } }
        if let cause = local.giveUp, machine.workers.count == 0, setup.options.localWorkers > 0 {
            outcomes.put(.failed(.workersFail(cause: cause.text)))
        }
        lookAgain(now: now)
        // All workers are asked: strangers that come and go may not make that more than it is worth.
        if isProbeDue, now - lastProbe >= Self.probing {
            (isProbeDue, lastProbe) = (false, now)
            feed(.connectionBroken)
        }
        feed(.tick)
        noteLoneliness(now: now)
        reportRefusals(now: now)
        if now - lastLook >= 1 {
            lastLook = now
            lookAround()
        }
        if !isSuperseded { watch.tick(machine, now: now) }
    }

    /// Whether the sender knows this run: a worker may also know a later epoch from a run that was here before and was removed.
    /// Nobody answers such a one, so that it gives up.
    private func isOfThisRun(_ envelope: WireEnvelope) -> Bool {
        envelope.epoch <= max(setup.epoch, setup.directory.latestEpoch)
    }

    /// Looks for a later coordinator, and for what people ask.
    private func lookAround() {
        if access(setup.directory.file("epoch/\(setup.epoch + 1)"), F_OK) == 0, !isSuperseded {
            watch.report(.superseded(epoch: setup.epoch + 1))
            return supersede(setup.epoch + 1)
        }
        for verb in OperatorMailbox.take(from: setup.directory, job: setup.job.digest) {
            watch.report(.operatorRequest(verb: verb.rawValue))
            switch verb {
            case .drain: feed(.drain(shardGrace: Self.drainGrace))
            case .cancel: outcomes.put(.failed(.cancelled(path: setup.directory.path)))
            }
        }
    }

    /// Another coordinator has the run: this one writes nothing any more.
    private func supersede(_ epoch: UInt64) {
        guard !isSuperseded else { return }
        isSuperseded = true
        let error = ClusterError.superseded(path: setup.directory.path, epoch: Int(clamping: epoch))
        journal.abandon(error)
        outcomes.put(.failed(error))
    }

    /// Tells once a second what the gate has refused.
    private func reportRefusals(now: Seconds) {
        guard now - lastGateReport >= 1 else { return }
        lastGateReport = now
        for event in gate.events() { watch.report(event) }
        watch.refused = gate.totals
        gate.keep(machine.workers.instances)
    }

    // MARK: Directives

    private func feed(_ event: CoordinatorEvent) {
        for directive in machine.handle(event, now: SystemFacts.now()) { perform(directive) }
    }

    private func perform(_ directive: CoordinatorDirective) {
        switch directive {
        case .send(let instance, let body): send(body, to: instance)
        case .check(let commit): check(commit)
        case .append(let record, let mark): journal.append(record, mark: mark)
        case .stageDone(let commits):
            outcomes.put(.done(commits, watch.finished(machine, now: SystemFacts.now())))
        case .fail(let failure): outcomes.put(.failed(ClusterError(failure)))
        case .report(let event): watch.report(event)
        case .inputDamaged(let failure): outcomes.put(.inputDamaged(failure))
        case .drained: outcomes.put(.failed(.interrupted(path: setup.directory.path)))
        case .superseded(let epoch): supersede(epoch)
        case .bar: break
        case .expel(let instance): watch.pid(of: instance).map { local.end(pid: $0) }
        case .probe(let instances):
            for instance in instances { send(.pulse(WirePulse()), to: instance) }
        }
    }

    private func send(_ body: MessageBody, to instance: Instance) {
        guard let data = try? envelope(body, to: instance).serializedData(), let router else { return }
        let delivery = try? router.send([PeerGate.routingID(instance), data])
        if delivery == .unreachable { feed(.unreachable(instance)) }
    }

    private func envelope(_ body: MessageBody, to instance: Instance) -> WireEnvelope {
        letterhead.envelope(body, epoch: setup.epoch, instance: instance)
    }

    private func answerProbe(_ id: Data) {
        var reply = WireProbeReply()
        reply.pid = UInt32(getpid())
        reply.host = SystemFacts.host
        guard let data = try? envelope(.probeReply(reply), to: 0).serializedData() else { return }
        _ = try? router?.send([id, data])
    }

    // MARK: Files

    private func check(_ commit: WireShardCommit) {
        if commit.outputs.allSatisfy(setup.directory.has) {
            feed(.outputsChecked(commit, isPresent: true))
        } else {
            let limit = setup.options.listen == nil ? Self.visibility.local : Self.visibility.shared
            unseen.append((commit, SystemFacts.now() + limit))
        }
    }

    /// A file may become visible later where the disk is shared.
    private func lookAgain(now: Seconds) {
        let waiting = unseen
        unseen = []
        for (commit, deadline) in waiting {
            if commit.outputs.allSatisfy(setup.directory.has) {
                feed(.outputsChecked(commit, isPresent: true))
            } else if now > deadline {
                feed(.outputsChecked(commit, isPresent: false))
            } else {
                unseen.append((commit, deadline))
            }
        }
    }

    // MARK: Workers

    private func noteHello(_ envelope: WireEnvelope, _ peer: PeerGate.Peer) {
        guard case .hello(let hello) = envelope.body, machine.workers[envelope.instance] != nil else {
            return
        }
        gate.own(envelope.instance, by: peer)
        // The coordinator's own workers come without a key: who comes with one is none of them, whatever it says.
        let isLocal = peer.key == nil && hello.host == SystemFacts.host
        watch.joined(envelope.instance, hello, isLocal: isLocal)
        if isLocal { local.joined(pid: hello.pid) }
    }

    private func handle(_ event: LocalWorkers.Event) {
        switch event {
        case .started(let pid, let slot):
            watch.restarts = local.restarts
            watch.report(.workerStarted(pid: pid, slot: slot))
        case .ended(let pid, let slot, let cause):
            watch.report(.workerEnded(pid: pid, slot: slot, cause: cause))
            if let instance = watch.localInstance(pid: UInt32(pid)) { feed(.processEnded(instance, cause)) }
        }
        writeRendezvous()
    }

    private func noteLoneliness(now: Seconds) {
        guard machine.workers.count == 0, watch.isStageOpen else {
            lonelySince = nil
            return
        }
        let since = lonelySince ?? now
        lonelySince = since
        let limit = setup.options.workerWait ?? (setup.options.listen == nil ? 60 : 600)
        if now - since > limit {
            lonelySince = now
            outcomes.put(.failed(.noWorkers(seconds: Int(limit))))
        }
    }

    private func writeRendezvous() {
        guard !isSuperseded else { return }
        var record = WireRendezvous()
        record.epoch = setup.epoch
        record.endpoint = setup.endpoint
        record.listen = listening
        record.serverKey = setup.protection?.pair.publicKey.text ?? ""
        record.pid = UInt32(getpid())
        record.host = SystemFacts.host
        record.job = setup.job.digest
        record.workers = local.processes
        try? setup.directory.write(record, "rendezvous.pb", durable: false)
    }

    private func end(_ state: String, _ failure: ClusterError?) {
        // Workers and files belong to the later coordinator.
        guard !isSuperseded else { return isFinished = true }
        // Engines start both again where this job's end is one to be repeated.
        let isRepeated = [.unavailable, .cannotCreate, .io, .retry].contains(failure?.exitStatus)
        let status = state == "interrupted" || isRepeated ? ExitStatus.retry : .success
        let workers = machine.workers.instances
        feed(.shutDown(exitStatus: status.rawValue, reason: state))
        watch.tick(machine, now: SystemFacts.now(), isFinal: true)
        farewell(workers)
        reportRefusals(now: .infinity)
        // Sockets send in the background while processes are waited for.
        local.stopAll(grace: state == "interrupted" ? 10 : 2)
        watch.ended(state, failure, machine)
        hasFailed = state == "failed"
        unlink(setup.directory.file("rendezvous.pb"))
        isFinished = true
    }

    /// Waits until workers have gone, two seconds at most: a connection that is closed with something unread is reset, and
    /// what was sent over it may be lost.
    private func farewell(_ workers: [Instance]) {
        var waiting = workers
        var pause = Self.farewellPauses.lowerBound
        let deadline = SystemFacts.now() + 2
        while !waiting.isEmpty, SystemFacts.now() < deadline, let router {
            receive()
            guard let message = machine.farewell else { return }
            waiting = waiting.filter { instance in
                let data = (try? envelope(.shutdown(message), to: instance).serializedData()) ?? Data()
                return (try? router.send([PeerGate.routingID(instance), data])) != .unreachable
            }
            // Nothing tells that a worker has gone, and most go at once.
            _ = try? poll([PollInterest(router)], timeout: pause)
            pause = min(2 * pause, Self.farewellPauses.upperBound)
        }
    }

    private static func wrap(_ error: any Error) -> ClusterError {
        guard let known = error as? any PyHealthError else {
            return .unavailable(reason: "The journal cannot be written.")
        }
        return .jobFailed(code: known.code, message: known.message, exitStatus: known.exitStatus)
    }
}
