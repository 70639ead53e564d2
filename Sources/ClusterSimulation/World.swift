package import ClusterProtocol
import ClusterRuntime
import Foundation
import Groundwork

/// A job of one stage of shards and one training, run by the real state machines and file code in a simulated world; one
/// seed is one history.
package final class World {
    /// A broken promise.
    package struct Violation: Error, Sendable, Hashable, CustomStringConvertible {
        /// Which one.
        package let invariant: Invariant
        package let details: String
        package var description: String { "\(invariant.rawValue): \(details)" }
    }

    /// How a history ended.
    package enum End: Sendable, Equatable {
        case finished
        /// The job failed as it must, given what went wrong.
        case failed(code: String)
    }

    enum Event {
        case toCoordinator(host: Int, from: Int, WireEnvelope)
        case toWorker(Int, WireEnvelope)
        case frame(to: Int, SimulatedMember.Frame)
        case coordinatorTick(Int)
        case workerTick(Int)
        case journal(Int)
        case openStage(Int)
        case publishStage(Int, [WireShardCommit])
        case check(Int, WireShardCommit, deadline: Seconds)
        case workerEnded(Int, Instance)
        case connectionBroken(Int)
        case compute(Int)
        case publishOutputs(Int)
        case applied(Int, WorkerEvent)
        case step(Int, generation: UInt64)
        case swap(Int, generation: UInt64)
        case startCoordinator(host: Int)
        case startWorker(host: Int)
        case mishap(Scenario.Mishap)
    }

    let scenario: Scenario
    let rules: ProtocolRules
    let disk = SimulatedDisk()
    let trace: ((String) -> Void)?
    var random: RandomStream
    /// Seconds since the beginning.
    package internal(set) var now: Seconds = 0
    /// Events so far.
    package internal(set) var events = 0
    var queue = EventQueue<Event>()
    var coordinators: [Int: CoordinatorProcess] = [:]
    var workers: [Int: WorkerProcess] = [:]
    /// Hosts below this number do not hear the others until then.
    var partition: (from: Int, until: Seconds) = (0, 0)
    var promises: Promises
    var end: End?
    var nextProcess = 1
    /// Times that a training had to begin anew.
    var lives = 0
    /// Dead workers whose connections are known to be gone.
    var knownDead: Set<Int> = []
    var files: [StageSpec] = []
    /// Whether journals are lost that were not rebuilt.
    var needsRecovery = false

    /// The world of a seed; with `rules` other than all of them a mutant lives in it.
    package init(seed: UInt64, rules: ProtocolRules = .all, trace: ((String) -> Void)? = nil) {
        scenario = Scenario(seed: seed)
        self.rules = rules
        self.trace = trace
        random = RandomStream(seed: seed, purpose: .test, layer: 2)
        promises = Promises(scenario)
        files = Self.stages(scenario)
        queue.put(.startCoordinator(host: 0), at: 0)
        for index in 0..<scenario.workers {
            queue.put(.startWorker(host: index % scenario.hosts), at: random.nextDouble() * 0.1)
        }
        for (time, mishap) in scenario.mishaps { queue.put(.mishap(mishap), at: time) }
    }

    private static func stages(_ scenario: Scenario) -> [StageSpec] {
        [
            StageSpec(
                id: "aa", name: "shards",
                kind: .shards(
                    (0..<scenario.shards).map { ShardSpec(name: "s\($0)", payload: Data([UInt8($0)])) })),
            StageSpec(
                id: "bb", name: "train", kind: .training(payload: Data(), virtualRanks: scenario.virtualRanks)
            ),
        ]
    }

    /// Lives until the job has ended; throws ``Violation``.
    package func run() throws -> End {
        let bound = Scenario.faultsEnd + Scenario.livenessBound
        while end == nil {
            guard let (time, event) = queue.take(), time < bound else {
                throw Violation(invariant: .liveness, details: "not done after \(Int(now)) s: \(summary)")
            }
            now = max(now, time)
            events += 1
            if let late = standsStill(event) {
                queue.put(event, at: late)
                continue
            }
            trace?("\(now) \(Self.line(event))")
            try handle(event)
            buryDead()
            try checkPromises()
        }
        try checkEnd()
        return end ?? .finished
    }

    /// An event as one line of a trace.
    private static func line(_ event: Event) -> String {
        switch event {
        case .toCoordinator(let host, let from, let envelope):
            "toCoordinator(host: \(host), from: \(from)) \(brief(envelope))"
        case .toWorker(let id, let envelope): "toWorker(\(id)) \(brief(envelope))"
        case .check(let id, let commit, _): "check(\(id)) \(brief(commit.attempt))"
        case .publishStage(let id, let commits):
            "publishStage(\(id)) \(commits.flatMap(\.outputs).map(\.path).joined(separator: " "))"
        default: "\(event)"
        }
    }

    private static func brief(_ envelope: WireEnvelope) -> String {
        let text: String =
            switch envelope.body {
            case .hello(let hello): "hello, holds \(hello.held.map(brief))"
            case .heartbeat(let message): "heartbeat, holds \(message.held.map(brief))"
            case .grant(let grant): "grant \(brief(grant.attempt))"
            case .result(let result): "result \(brief(result.commit.attempt))"
            case .ack(let ack): "ack \(brief(ack.attempt))"
            case .shardFailed(let failed): "shardFailed \(brief(failed.attempt))"
            case .revoke(let revoke): "revoke \(revoke.attempts.map(brief))"
            case .returned(let returned): "returned \(returned.attempts.map(brief))"
            case .some(let body): "\(body)".prefix { $0 != "(" }.description
            case nil: ""
            }
        return "epoch \(envelope.epoch), instance \(envelope.instance): \(text)"
    }

    private static func brief(_ attempt: WireAttemptID) -> String {
        "s\(attempt.shard).e\(attempt.epoch).a\(attempt.attempt)"
    }

    /// Until when the process that an event belongs to stands still.
    private func standsStill(_ event: Event) -> Seconds? {
        let process: Process?
        switch event {
        case .toCoordinator(let host, _, _): process = coordinator(on: host)
        case .coordinatorTick(let id), .journal(let id), .openStage(let id), .publishStage(let id, _),
            .check(let id, _, _), .workerEnded(let id, _), .connectionBroken(let id):
            process = coordinators[id]
        case .toWorker(let id, _), .frame(let id, _), .workerTick(let id), .compute(let id),
            .publishOutputs(let id), .applied(let id, _), .step(let id, _), .swap(let id, _):
            process = workers[id]
        case .startCoordinator, .startWorker, .mishap: process = nil
        }
        return process.flatMap { $0.stoppedUntil > now ? $0.stoppedUntil : nil }
    }

    private func handle(_ event: Event) throws {
        switch event {
        case .toCoordinator(let host, let from, let envelope):
            guard let process = coordinator(on: host) else { return }
            process.routes[envelope.instance] = from
            try feed(process, .message(envelope))
        case .toWorker(let id, let envelope): try deliver(envelope, to: id)
        case .frame(let id, let frame): try take(frame, at: id)
        case .coordinatorTick(let id): try tickCoordinator(id)
        case .workerTick(let id): try tickWorker(id)
        case .journal(let id): try flushJournal(id)
        case .openStage(let id): try openStage(id)
        case .publishStage(let id, let commits): try publishStage(id, commits)
        case .check(let id, let commit, let deadline): try check(id, commit, deadline)
        case .workerEnded(let id, let instance):
            if let process = coordinators[id] { try feed(process, .processEnded(instance, .signalled(9))) }
        case .connectionBroken(let id):
            if let process = coordinators[id] { try feed(process, .connectionBroken) }
        case .compute(let id): try compute(id)
        case .publishOutputs(let id): try publishOutputs(id)
        case .applied(let id, let event): if let worker = workers[id] { try feed(worker, event) }
        case .step(let id, let generation): try step(id, generation: generation)
        case .swap(let id, let generation): try swap(id, generation: generation)
        case .startCoordinator(let host): try startCoordinator(on: host)
        case .startWorker(let host): startWorker(on: host)
        case .mishap(let mishap): try happen(mishap)
        }
    }

    // MARK: Chance and messages

    func post(_ event: Event, after delay: Seconds) { queue.put(event, at: now + delay) }
    func chance(_ probability: Double) -> Bool { probability > 0 && random.nextDouble() < probability }
    func soon(_ longest: Seconds) -> Seconds { random.nextDouble() * longest }
    func coordinator(on host: Int) -> CoordinatorProcess? { coordinators.values.first { $0.host == host } }
    func clock(_ process: Process) -> Seconds { now + process.clockOffset }

    /// Whether something goes wrong on the way now.
    private var isRough: Bool { now < Scenario.faultsEnd }

    /// Sends from host to host what may be lost, late, or come twice.
    func send(_ event: Event, from: Int, to: Int) {
        if now < partition.until, (from < partition.from) != (to < partition.from) { return }
        if isRough, chance(scenario.loss) { return }
        let isStray = isRough && chance(scenario.stray)
        post(event, after: 0.0005 + soon(isStray ? 4 : scenario.delay))
        if isRough, chance(scenario.duplication) { post(event, after: 0.0005 + 4 * soon(scenario.delay)) }
    }

    private var summary: String {
        let machine = coordinators.values.max { $0.ledger.epoch < $1.ledger.epoch }?.machine
        return "\(machine?.shards?.committedCount ?? -1) shards, training "
            + "\(String(describing: machine?.training?.phase)), \(coordinators.count) coordinators, "
            + "\(workers.count) workers, positions \(workers.keys.sorted().map { workers[$0]?.member?.position ?? 0 })"
    }
}
