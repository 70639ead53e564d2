import Foundation
import Groundwork

@testable import ClusterProtocol

/// The real state machines of a coordinator and its workers in a simulated world: messages are delayed, lost and doubled,
/// processes die, frames between members get lost; one seed is one history.
struct Simulation {
    /// How bad the world is.
    struct Faults {
        var loss = 0.0
        var duplication = 0.0
        /// Seconds that a message may take.
        var delay = 0.02
        var workerDeaths = 0
        var coordinatorDeaths = 0
        var computeFailures = 0.0
        var frameLoss = 0.0
    }

    /// What must hold was violated.
    struct Violation: Error, CustomStringConvertible {
        let description: String
    }

    private enum Event {
        case toCoordinator(WireEnvelope)
        case toWorker(Instance, WireEnvelope)
        case coordinator(CoordinatorEvent, epoch: UInt64)
        case worker(Instance, WorkerEvent)
        case command(Instance, TrainingCommand)
        case advance(Instance, UInt64)
        case coordinatorTick
        case workerTick(Instance)
        case killWorker
        case killCoordinator
        case startCoordinator
        case startWorker
    }

    private struct SimulatedWorker {
        var machine: WorkerMachine
        var busyUntil: Seconds = 0
        var stage = ""
        var position: UInt64 = 0
        var running: UInt64?
        var fence: UInt64 = 0
        var calls: UInt64 = 0
        var hasContributed = false
        var plan = WirePlan()
        var pulse: UInt64 = 0
    }

    let shardCount: Int
    let ranks: Int
    let steps: UInt64
    let faults: Faults
    private(set) var now: Seconds = 0
    private(set) var generations = 0
    private var random: RandomStream
    private var queue: [(time: Seconds, order: Int, event: Event)] = []
    private var order = 0
    private var coordinator: CoordinatorMachine?
    private var epoch: UInt64 = 0
    private var workers: [Instance: SimulatedWorker] = [:]
    private var nextInstance: Instance = 1
    /// What is on disk.
    private var committed: [Int: WireShardCommit] = [:]
    private var trainingCommit: WireShardCommit?
    private var stagesDone = 0
    private var contributions: [UInt64: [Instance: UInt64]] = [:]
    private(set) var failure: WireFailure?
    private(set) var isFinished = false

    /// A world with `workers` workers and a job of one stage of shards and one training.
    init(seed: UInt64, shards: Int, ranks: Int, steps: UInt64, workers: Int, faults: Faults) {
        shardCount = shards
        self.ranks = ranks
        self.steps = steps
        self.faults = faults
        random = RandomStream(seed: seed, purpose: .test)
        post(.startCoordinator, after: 0)
        for _ in 0..<workers { post(.startWorker, after: random.nextDouble() * 0.1) }
        for _ in 0..<faults.workerDeaths { post(.killWorker, after: random.nextDouble() * 30) }
        for _ in 0..<faults.coordinatorDeaths { post(.killCoordinator, after: random.nextDouble() * 20) }
    }

    /// Lives through the history until the job is done, has failed, or `limit` seconds have passed.
    mutating func run(limit: Seconds = 600) throws {
        while !isFinished, failure == nil {
            guard
                let next = queue.indices.min(by: {
                    queue[$0].time != queue[$1].time
                        ? queue[$0].time < queue[$1].time : queue[$0].order < queue[$1].order
                })
            else { throw Violation(description: "nothing happens any more at \(now) s") }
            let (time, _, event) = queue.remove(at: next)
            now = max(now, time)
            if now > limit { throw Violation(description: "not done after \(limit) s: \(summary)") }
            try handle(event)
        }
    }

    private var summary: String {
        "\(committed.count) of \(shardCount) shards, training \(String(describing: coordinator?.training?.phase)), "
            + "generation \(coordinator?.training?.generation ?? 0), workers \(workers.count), "
            + "positions \(workers.keys.sorted().map { workers[$0]?.position ?? 0 })"
    }

    private mutating func post(_ event: Event, after delay: Seconds) {
        order += 1
        queue.append((now + delay, order, event))
    }

    private mutating func chance(_ probability: Double) -> Bool { random.nextDouble() < probability }

    private mutating func send(_ event: Event) {
        if chance(faults.loss) { return }
        post(event, after: random.nextDouble() * faults.delay)
        if chance(faults.duplication) { post(event, after: random.nextDouble() * faults.delay * 3) }
    }

    private mutating func handle(_ event: Event) throws {
        switch event {
        case .toCoordinator(let envelope): try feed(.message(envelope))
        case .toWorker(let instance, let envelope): feed(instance, .message(envelope))
        case .coordinator(let event, let epoch): if epoch == self.epoch { try feed(event) }
        case .worker(let instance, let event): feed(instance, event)
        case .command(let instance, let command): try train(instance, command)
        case .advance(let instance, let generation): advance(instance, generation)
        case .coordinatorTick:
            guard coordinator != nil else { return }
            post(.coordinatorTick, after: 0.05)
            try feed(.tick)
        case .workerTick(let instance):
            guard let worker = workers[instance] else { return }
            post(.workerTick(instance), after: 0.1)
            feed(instance, .tick(status(of: worker)))
        case .killWorker: try killWorker()
        case .killCoordinator:
            guard coordinator != nil else { return }
            coordinator = nil
            post(.startCoordinator, after: random.nextDouble() * 3)
        case .startCoordinator: try startCoordinator()
        case .startWorker: startWorker()
        }
    }

    // MARK: Coordinator

    private mutating func startCoordinator() throws {
        guard coordinator == nil else { return }
        epoch += 1
        coordinator = CoordinatorMachine(
            .init(job: "job", build: "b", fingerprint: "f", epoch: epoch, runDirectory: "/run"))
        post(.coordinatorTick, after: 0)
        try openNext()
    }

    private mutating func openNext() throws {
        if stagesDone == 0 {
            let items = (0..<shardCount).map { ShardTable.Item(name: "s\($0)", payload: Data()) }
            try feed(
                .openShards(
                    ShardTable(
                        stage: "aa", stageName: "shards", items: items, epoch: epoch, commits: committed)))
        } else if stagesDone == 1 {
            try feed(
                .openTraining(
                    TrainingSpec(
                        stage: "bb", stageName: "train", payload: Data(), virtualRanks: ranks,
                        folder: "stage/bb",
                        epoch: epoch, expectedWorkers: 2, joinDelay: 2)))
        } else {
            isFinished = true
        }
    }

    private mutating func feed(_ event: CoordinatorEvent) throws {
        guard let directives = coordinator?.handle(event, now: now) else { return }
        for directive in directives { try perform(directive) }
    }

    private mutating func perform(_ directive: CoordinatorDirective) throws {
        switch directive {
        case .send(let instance, let body):
            if case .ack(let ack) = body { try checkAcknowledged(ack.attempt) }
            var envelope = WireEnvelope()
            envelope.epoch = epoch
            envelope.job = "job"
            envelope.instance = instance
            envelope.body = body
            send(.toWorker(instance, envelope))
        case .check(let commit):
            post(
                .coordinator(.outputsChecked(commit, isPresent: true), epoch: epoch),
                after: random.nextDouble() * 0.01)
        case .append(let record, let mark):
            try write(record)
            if let mark {
                post(.coordinator(.durable(mark), epoch: epoch), after: random.nextDouble() * 0.01)
            }
        case .stageDone(let commits):
            guard commits.count == (stagesDone == 0 ? shardCount : 1) else {
                throw Violation(description: "a stage ended with \(commits.count) commits")
            }
            stagesDone += 1
            try openNext()
        case .fail(let failure): self.failure = failure
        case .report(let event):
            if case .generationStarted = event { generations += 1 }
        case .expel, .probe, .drained, .superseded, .bar: break
        }
    }

    /// Records reach the disk when they are appended: a crash before the mark loses only the knowledge of it.
    private mutating func write(_ record: WireJournalRecord) throws {
        guard case .shardCommitted(let committed) = record.body else { return }
        let attempt = committed.commit.attempt
        if attempt.stage == "bb" {
            trainingCommit = committed.commit
            return
        }
        let index = Int(attempt.shard)
        if let other = self.committed[index], other.attempt != attempt {
            throw Violation(description: "shard \(index) was committed twice: \(other.attempt), \(attempt)")
        }
        self.committed[index] = committed.commit
    }

    /// An acknowledgement lets a worker forget its result: by then some attempt is on disk, or this one has failed.
    private func checkAcknowledged(_ attempt: WireAttemptID) throws {
        guard attempt.stage == "aa", committed[Int(attempt.shard)] == nil else { return }
        guard failedAttempts.contains(attempt) else {
            throw Violation(description: "acknowledged before commit: \(attempt)")
        }
    }

    private var failedAttempts: Set<WireAttemptID> = []

    // MARK: Workers

    private mutating func startWorker() {
        var hello = WireHello()
        hello.fingerprint = "f"
        hello.dataEndpoint = "w\(nextInstance)"
        workers[nextInstance] = SimulatedWorker(machine: WorkerMachine(hello: hello, patience: 60, now: now))
        post(.workerTick(nextInstance), after: 0)
        nextInstance += 1
    }

    private mutating func killWorker() throws {
        let living = workers.keys.sorted()
        guard !living.isEmpty else { return }
        let victim = living[random.nextInt(below: living.count)]
        workers[victim] = nil
        // The system reports it, unless it died on another machine.
        if chance(0.7) { try feed(.processEnded(victim, .signalled(9))) }
        post(.startWorker, after: 0.1)
    }

    private func status(of worker: SimulatedWorker) -> WorkerStatus {
        var status = WorkerStatus(pulse: worker.pulse)
        status.training.stage = worker.stage
        status.training.generation = worker.running ?? 0
        status.training.position = worker.position
        status.training.calls = worker.calls
        status.training.waiting = worker.hasContributed
        return status
    }

    private mutating func feed(_ instance: Instance, _ event: WorkerEvent) {
        guard let directives = workers[instance]?.machine.handle(event, now: now) else { return }
        for directive in directives {
            switch directive {
            case .send(let body):
                var envelope = WireEnvelope()
                envelope.protocol = ClusterVersion.messages
                envelope.build = "b"
                envelope.epoch = workers[instance]?.machine.epoch ?? 0
                envelope.instance = instance
                envelope.body = body
                if case .shardFailed(let failed) = body { failedAttempts.insert(failed.attempt) }
                send(.toCoordinator(envelope))
            case .compute(let grant): compute(instance, grant)
            case .train(let command): later(instance, .command(instance, command), 0.02)
            case .interrupt(let generation):
                let fence = workers[instance]?.fence ?? 0
                workers[instance]?.fence = max(fence, generation)
            case .checkpoint: break
            case .rejoin, .end:
                workers[instance] = nil
                post(.startWorker, after: 0.1)
            }
        }
    }

    /// What the compute thread does happens in order.
    private mutating func later(_ instance: Instance, _ event: Event, _ longest: Seconds) {
        guard var worker = workers[instance] else { return }
        worker.busyUntil = max(now, worker.busyUntil) + random.nextDouble() * longest
        worker.pulse += 1
        post(event, after: worker.busyUntil - now)
        workers[instance] = worker
    }

    private mutating func compute(_ instance: Instance, _ grant: WireGrant) {
        if chance(faults.computeFailures) {
            var message = WireShardFailed()
            message.attempt = grant.attempt
            message.failure = WireFailure(code: "x", message: "x", exitStatus: 70)
            return later(instance, .worker(instance, .failed(message)), 0.3)
        }
        later(instance, .worker(instance, .computed(grant.attempt)), 0.3)
        var result = WireResult()
        result.commit.attempt = grant.attempt
        var file = WireOutputFile()
        file.path = "\(grant.outputPrefix).x"
        result.commit.outputs = [file]
        later(instance, .worker(instance, .finished(result)), 0.05)
    }

    // MARK: Training

    private mutating func train(_ instance: Instance, _ command: TrainingCommand) throws {
        guard var worker = workers[instance] else { return }
        defer { workers[instance] = worker }
        switch command {
        case .open(let message):
            worker.fence = 0
            worker.stage = message.stage
            worker.position = 0
            worker.running = nil
            var opened = WireOpened()
            opened.stage = message.stage
            opened.round = message.round
            post(.worker(instance, .trained(.opened(opened))), after: 0)
        case .prepare(let message):
            worker.running = nil
            worker.hasContributed = false
            var prepared = WirePrepared()
            prepared.stage = message.stage
            prepared.generation = message.generation
            prepared.position = worker.position
            prepared.digest = digest(worker.position)
            post(.worker(instance, .trained(.prepared(prepared))), after: 0)
        case .plan(let message):
            if worker.position > message.position {
                throw Violation(
                    description: "a step is applied twice: \(worker.position) → \(message.position)")
            }
            worker.position = message.position
            worker.plan = message
            var ready = WireReady()
            ready.stage = message.stage
            ready.generation = message.generation
            ready.position = worker.position
            ready.digest = digest(worker.position)
            post(.worker(instance, .trained(.ready(ready))), after: 0)
        case .run(let message):
            guard worker.plan.generation == message.generation else {
                throw Violation(description: "Go without Plan")
            }
            worker.running = message.generation
            worker.calls = 0
            worker.hasContributed = false
            post(.advance(instance, message.generation), after: 0.01)
        case .emergency: break
        case .close:
            worker.stage = ""
            worker.running = nil
        }
    }

    private func digest(_ position: UInt64) -> Data { withUnsafeBytes(of: position) { Data($0) } }

    private mutating func advance(_ instance: Instance, _ generation: UInt64) {
        guard var worker = workers[instance], worker.running == generation else { return }
        defer { workers[instance] = worker }
        if generation < worker.fence {
            worker.running = nil
            worker.hasContributed = false
            return
        }
        if worker.position >= steps {
            var done = WireTrainingDone()
            done.stage = worker.stage
            done.generation = generation
            done.position = worker.position
            worker.running = nil
            return post(.worker(instance, .trained(.trainingDone(done))), after: 0)
        }
        if !worker.hasContributed {
            worker.hasContributed = true
            worker.calls += 1
            if !chance(faults.frameLoss) { contributions[generation, default: [:]][instance] = worker.calls }
        } else {
            let isComplete = worker.plan.members.allSatisfy {
                (contributions[generation]?[$0.instance] ?? 0) >= worker.calls
            }
            if isComplete {
                worker.position += 1
                worker.pulse += 1
                worker.hasContributed = false
            }
        }
        post(.advance(instance, generation), after: 0.005 + random.nextDouble() * 0.02)
    }
}
