import Groundwork

/// What the worker's state machine asks its loop to do.
package enum WorkerDirective: Sendable, Equatable {
    /// Send a message to the coordinator; losing it does no harm.
    case send(MessageBody)
    /// Compute this shard, after what was asked before.
    case compute(WireGrant)
    /// Do this with the training member, after what was asked before.
    case train(TrainingCommand)
    /// Interrupt collectives of generations before this one.
    case interrupt(before: UInt64)
    /// Become a new instance and say Hello again.
    case rejoin
    /// Write a checkpoint at the next boundary between phases, and answer with `checkpointed`.
    case checkpoint
    /// End the process; the reason is empty where the coordinator knows it.
    case end(exitStatus: Int32, reason: String)
}

/// What is done with a training member, on the compute thread.
package enum TrainingCommand: Sendable, Equatable {
    case open(WireTrainingOpen)
    case prepare(WirePrepare)
    case plan(WirePlan)
    case run(WireGo)
    /// Leave the state on disk, since nobody may be left who has it.
    case emergency
    case close
}

/// What happens to a worker's state machine.
package enum WorkerEvent: Sendable {
    case message(WireEnvelope)
    /// A shard's computation is over; its files may still be on their way.
    case computed(WireAttemptID)
    /// A shard's files are in place.
    case finished(WireResult)
    /// A shard failed.
    case failed(WireShardFailed)
    /// The training member has done what it was told (`opened`, `prepared`, …) or failed.
    case trained(MessageBody)
    /// A checkpoint that was asked for is on disk.
    case checkpointed(WireCheckpointed)
    /// The process was asked to end.
    case leave(reason: String)
    case tick(WorkerStatus)
}

/// What a worker measures of itself.
package struct WorkerStatus: Sendable, Equatable {
    package var pulse: UInt64
    package var done: UInt64
    package var total: UInt64
    package var bytes: UInt64
    package var usage: WireUsage
    package var training: WireTrainingState
    /// Whether the computation waits for space on the disk.
    package var isDiskFull = false

    package init(
        pulse: UInt64 = 0, done: UInt64 = 0, total: UInt64 = 0, bytes: UInt64 = 0, usage: WireUsage = .init(),
        training: WireTrainingState = .init()
    ) {
        self.pulse = pulse
        self.done = done
        self.total = total
        self.bytes = bytes
        self.usage = usage
        self.training = training
    }
}

/// A worker without its sockets, threads and clock: events in, directives out.
///
/// It follows the highest epoch it has heard of, keeps results until they are acknowledged, and says what it holds, so that
/// a coordinator that was started again can take over.
package struct WorkerMachine: Sendable {
    /// Seconds between heartbeats.
    static let heartbeat: Seconds = 1
    /// Seconds between two Hellos without an answer, doubling: the first often finds no connection yet.
    static let hello: ClosedRange<Seconds> = 0.02...1
    /// Seconds after which a result is sent again: 1, 2, 4, then 8.
    static let resend: ClosedRange<Seconds> = 1...8

    /// Grants held at most.
    static let longestQueue = 64
    /// Grants remembered at most.
    static let longestMemory = 1024

    /// The coordinator's incarnation; 0 before the first Welcome.
    package private(set) var epoch: UInt64 = 0
    /// Whether the present coordinator has welcomed this worker.
    package private(set) var isWelcome = false
    /// What Welcome said.
    package private(set) var welcome = WireWelcome()

    /// Where the coordinator is looked for, as told to people; empty: not known.
    package var place = ""

    private var hello: WireHello
    private let patience: Seconds
    private let rules: ProtocolRules
    private var lastHeard: Seconds
    private var lastHello: Seconds?
    private var helloInterval = Self.hello.lowerBound
    private var lastHeartbeat: Seconds?

    private var queue: [WireGrant] = []
    private var computing: WireAttemptID?
    private var publishing: [WireAttemptID] = []
    private var unacknowledged: [Report] = []
    /// Grants taken up lately, oldest first: one that comes again late would be computed, and written, twice.
    private var taken: [WireAttemptID] = []

    /// The folder of the last TrainingOpen, which names the training: one that begins anew has a folder of its own. Empty: none.
    private var training = ""
    /// Of the last TrainingOpen.
    private var round: UInt64 = 0
    private var lastRequest = Request.none
    /// Whether the training member failed: it does nothing more before it is opened again.
    private var isMemberGone = false
    private var lastAnswer: MessageBody?
    private var answered: Seconds = 0
    private var isLeaving = false
    private var status = WorkerStatus()

    private struct Report: Sendable {
        let attempt: WireAttemptID
        let body: MessageBody
        var next: Seconds
        var interval: Seconds
        let isResult: Bool
    }

    /// The training request last taken up; the same one again is answered from memory.
    private enum Request: Sendable, Equatable {
        case none, open
        case prepare(UInt64), plan(UInt64), run(UInt64)
    }

    /// A worker that has heard nothing yet; `patience` is how long it looks for a coordinator (seconds).
    package init(hello: WireHello, patience: Seconds, now: Seconds, rules: ProtocolRules = .all) {
        self.hello = hello
        self.rules = rules
        self.patience = patience
        lastHeard = now
    }

    /// What it holds: granted, computed or reported, but not acknowledged.
    package var held: [WireAttemptID] {
        publishing + unacknowledged.filter(\.isResult).map(\.attempt) + (computing.map { [$0] } ?? [])
            + queue.map(\.attempt)
    }

    /// Takes in one event; `now` never goes back.
    package mutating func handle(_ event: WorkerEvent, now: Seconds) -> [WorkerDirective] {
        switch event {
        case .message(let envelope): return receive(envelope, now: now)
        case .computed(let attempt):
            if computing == attempt { computing = nil }
            publishing.append(attempt)
            return startNext()
        case .finished(let result):
            publishing.removeAll { $0 == result.commit.attempt }
            return report(result.commit.attempt, .result(result), isResult: true, now: now)
        case .failed(let failure):
            publishing.removeAll { $0 == failure.attempt }
            if computing == failure.attempt { computing = nil }
            return report(failure.attempt, .shardFailed(failure), isResult: false, now: now) + startNext()
        case .trained(let body):
            // Nobody wants to hear of a training that was left meanwhile.
            guard body.training == training else { return [] }
            if case .trainingFailed = body { isMemberGone = true }
            lastAnswer = body
            answered = now
            return isWelcome ? [.send(body)] : []
        case .checkpointed(let message): return isWelcome ? [.send(.checkpointed(message))] : []
        case .leave(let reason): return leave(reason)
        case .tick(let status): return tick(status, now: now)
        }
    }

    /// Whether a Hello is due at once: none was said since the worker was made, asked, or connected.
    package var owesHello: Bool { !isWelcome && lastHello == nil }

    /// A connection has come about: what was said before it may be lost.
    package mutating func connected() {
        if !isWelcome { lastHello = nil }
    }

    /// What the worker found in the run directory; said with the next Hello.
    package mutating func note(_ sight: WireTokenSight) { hello.token = sight }

    // MARK: Time

    private mutating func tick(_ status: WorkerStatus, now: Seconds) -> [WorkerDirective] {
        self.status = status
        if now - lastHeard > patience {
            return abandonTraining() + [
                .end(
                    exitStatus: 75,
                    reason:
                        "No coordinator was heard\(place.isEmpty ? "" : " at \(place)") for \(Int(patience)) s. Start it again with the same "
                        + "command; on another machine, see that its name is known here and that its port is open."
                )
            ]
        }
        guard isWelcome else {
            if let lastHello, now - lastHello < helloInterval { return [] }
            helloInterval =
                lastHello == nil ? Self.hello.lowerBound : min(2 * helloInterval, Self.hello.upperBound)
            return [greeting(status, now: now)]
        }
        var directives: [WorkerDirective] = []
        if now - (lastHeartbeat ?? -.infinity) >= Self.heartbeat {
            lastHeartbeat = now
            directives.append(.send(.heartbeat(heartbeat(status))))
        }
        for place in unacknowledged.indices where unacknowledged[place].next <= now {
            let interval = min(unacknowledged[place].interval * 2, Self.resend.upperBound)
            unacknowledged[place].interval = interval
            unacknowledged[place].next = now + interval
            directives.append(.send(unacknowledged[place].body))
        }
        // Nobody asks again for the end of a training.
        if case .trainingDone = lastAnswer, now - answered >= 2 { directives += repeatAnswer(now: now) }
        if case .trainingFailed = lastAnswer, now - answered >= 2 { directives += repeatAnswer(now: now) }
        return directives
    }

    private mutating func repeatAnswer(now: Seconds) -> [WorkerDirective] {
        answered = now
        return lastAnswer.map { [.send($0)] } ?? []
    }

    private mutating func greeting(_ status: WorkerStatus, now: Seconds) -> WorkerDirective {
        lastHello = now
        hello.usage = status.usage
        hello.held = held
        hello.training = status.training
        return .send(.hello(hello))
    }

    private func heartbeat(_ status: WorkerStatus) -> WireHeartbeat {
        var message = WireHeartbeat()
        message.pulse = status.pulse
        message.held = held
        message.done = status.done
        message.total = status.total
        message.bytes = status.bytes
        message.usage = status.usage
        message.training = status.training
        message.diskFull = status.isDiskFull
        return message
    }

    // MARK: Messages

    private mutating func receive(_ envelope: WireEnvelope, now: Seconds) -> [WorkerDirective] {
        guard let body = envelope.body else { return [] }
        guard envelope.epoch >= epoch || !rules.contains(.ignoreLowerEpochs) else { return [] }
        if envelope.epoch > epoch {
            epoch = envelope.epoch
            isWelcome = false
            lastHello = nil
        }
        lastHeard = now
        switch body {
        case .welcome(let message):
            isWelcome = true
            welcome = message
            for place in unacknowledged.indices { unacknowledged[place].next = now }
            return []
        case .identify:
            isWelcome = false
            lastHello = nil
            return []
        case .reject(let message): return rejected(message)
        case .shutdown(let message):
            // A job that goes on later goes on from there, also where too few members were left for a checkpoint.
            let keepsState = message.exitStatus == ExitStatus.retry.rawValue
            return (keepsState ? abandonTraining() : [])
                + [.interrupt(before: .max), .end(exitStatus: message.exitStatus, reason: "")]
        case .pulse: return []
        case .grant(let grant): return take(grant)
        case .ack(let message):
            unacknowledged.removeAll { $0.attempt == message.attempt }
            return []
        case .revoke(let message): return giveBack(message.attempts)
        default: return train(body, now: now)
        }
    }

    private mutating func rejected(_ message: WireReject) -> [WorkerDirective] {
        guard message.mayReturn else {
            return [.end(exitStatus: message.failure.exitStatus, reason: message.failure.message)]
        }
        // Work of the old instance has been given to others; what it trained may still be the furthest state.
        queue = []
        unacknowledged = []
        isWelcome = false
        lastHello = nil
        training = ""
        lastRequest = .none
        lastAnswer = nil
        return [.interrupt(before: .max), .train(.close), .rejoin]
    }

    // MARK: Shards

    private mutating func take(_ grant: WireGrant) -> [WorkerDirective] {
        if taken.contains(grant.attempt) {
            // Done with, for a coordinator that another one followed without knowing: that one must give it anew.
            return held.contains(grant.attempt)
                ? [] : [.send(.returned(.with { $0.attempts = [grant.attempt] }))]
        }
        guard !isLeaving, queue.count < Self.longestQueue else { return [] }
        taken.append(grant.attempt)
        if taken.count > Self.longestMemory { taken.removeFirst(Self.longestMemory / 2) }
        queue.append(grant)
        return startNext()
    }

    private mutating func startNext() -> [WorkerDirective] {
        guard computing == nil, !queue.isEmpty, !isLeaving else { return [] }
        let grant = queue.removeFirst()
        computing = grant.attempt
        return [.compute(grant)]
    }

    private mutating func giveBack(_ attempts: [WireAttemptID]) -> [WorkerDirective] {
        var returned = WireReturned()
        returned.attempts = queue.map(\.attempt).filter { attempts.contains($0) }
        queue.removeAll { attempts.contains($0.attempt) }
        taken.removeAll { returned.attempts.contains($0) }
        return returned.attempts.isEmpty ? [] : [.send(.returned(returned))]
    }

    private mutating func report(
        _ attempt: WireAttemptID, _ body: MessageBody, isResult: Bool, now: Seconds
    ) -> [WorkerDirective] {
        let first = Self.resend.lowerBound
        unacknowledged.append(
            Report(attempt: attempt, body: body, next: now + first, interval: first, isResult: isResult))
        return isWelcome ? [.send(body)] : []
    }

    private mutating func leave(_ reason: String) -> [WorkerDirective] {
        isLeaving = true
        var message = WireLeave()
        message.reason = reason
        return giveBack(queue.map(\.attempt)) + [
            .send(.leave(message))
        ] + abandonTraining() + [.interrupt(before: .max), .end(exitStatus: 75, reason: "")]
    }

    /// Stops at the next boundary and leaves the state on disk.
    private func abandonTraining() -> [WorkerDirective] {
        training.isEmpty ? [] : [.interrupt(before: .max), .train(.emergency)]
    }

    /// Whether a training is open.
    package var isTraining: Bool { !training.isEmpty }

    // MARK: Training

    private mutating func train(_ body: MessageBody, now: Seconds) -> [WorkerDirective] {
        guard !isLeaving else { return [] }
        switch body {
        case .trainingOpen(let message): return open(message, now: now)
        case .prepare(let message) where message.training == training:
            return take(up: .prepare(message.generation), .prepare(message), now: now)
        case .plan(let message) where message.training == training:
            return take(up: .plan(message.generation), .plan(message), now: now)
        case .go(let message) where message.training == training:
            return take(up: .run(message.generation), .run(message), now: now)
        case .checkpoint(let message) where message.training == training: return [.checkpoint]
        case .trainingClose(let message) where message.training == training:
            training = ""
            lastRequest = .none
            lastAnswer = nil
            return [.interrupt(before: .max), .train(.close)]
        default: return []
        }
    }

    private mutating func open(_ message: WireTrainingOpen, now: Seconds) -> [WorkerDirective] {
        let isSame = training == message.folder && message.round <= round
        if isSame, !isMemberGone {
            // Known already: a coordinator that was started again hears where the member is.
            return lastRequest == .open ? repeatAnswer(now: now) : [.send(.opened(whereabouts))]
        }
        let isOther = !isSame && !training.isEmpty
        training = message.folder
        round = message.round
        lastRequest = .open
        lastAnswer = nil
        isMemberGone = false
        return (isOther ? [.interrupt(before: .max), .train(.close)] : []) + [.train(.open(message))]
    }

    private var whereabouts: WireOpened {
        var message = WireOpened()
        message.training = training
        message.generation = status.training.generation
        message.position = status.training.position
        message.round = round
        return message
    }

    private mutating func take(
        up request: Request, _ command: TrainingCommand, now: Seconds
    ) -> [WorkerDirective] {
        if request == lastRequest || isMemberGone { return repeatAnswer(now: now) }
        guard isNewer(request) else { return [] }
        lastRequest = request
        lastAnswer = nil
        if case .prepare(let generation) = request {
            return [.interrupt(before: generation), .train(command)]
        }
        return [.train(command)]
    }

    /// Within a generation: prepare, plan, run; a later generation begins with prepare.
    private func isNewer(_ request: Request) -> Bool {
        func rank(_ request: Request) -> (UInt64, Int) {
            switch request {
            case .none, .open: (0, 0)
            case .prepare(let generation): (generation, 1)
            case .plan(let generation): (generation, 2)
            case .run(let generation): (generation, 3)
            }
        }
        // Generations up to the round are those from which everybody went back to the checkpoint.
        return rank(request) > rank(lastRequest) && rank(request).0 > round
    }
}
