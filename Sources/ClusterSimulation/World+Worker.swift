import ClusterProtocol
import ClusterRuntime
import Foundation
import Groundwork

/// Workers: what loop, compute thread and publisher do in production happens here as events.
extension World {
    func startWorker(on host: Int) {
        guard end == nil, workers.count < scenario.workers + 2 else { return }
        let id = nextProcess
        nextProcess += 1
        var hello = WireHello()
        hello.fingerprint = "f"
        hello.dataEndpoint = "\(id)"
        hello.pid = UInt32(id)
        hello.host = "h\(host)"
        let worker = WorkerProcess(
            id: id, host: host, disk: DiskHandle(disk, host: host, process: id),
            machine: WorkerMachine(hello: hello, patience: 60, now: now, rules: rules),
            instance: Instance(truncatingIfNeeded: random.next()) | 1)
        workers[id] = worker
        chooseTarget(worker)
        post(.workerTick(id), after: 0)
    }

    /// Any coordinator that is there may be the one whose place it reads.
    private func chooseTarget(_ worker: WorkerProcess) {
        let hosts = coordinators.values.map(\.host).sorted()
        if !hosts.isEmpty { worker.target = hosts[random.nextInt(below: hosts.count)] }
    }

    func tickWorker(_ id: Int) throws {
        guard let worker = workers[id] else { return }
        post(.workerTick(id), after: 0.25)
        if !worker.machine.isWelcome { chooseTarget(worker) }
        try feed(worker, .tick(status(worker)))
    }

    private func status(_ worker: WorkerProcess) -> WorkerStatus {
        var status = WorkerStatus(pulse: worker.pulse)
        guard let member = worker.member else { return status }
        status.training.training = member.training
        status.training.generation = member.running ?? 0
        status.training.position = member.position
        status.training.calls = member.call
        status.training.waiting = member.isWaiting
        return status
    }

    /// A message reaches a worker, which must do nothing for an epoch below the highest that it knows.
    func deliver(_ envelope: WireEnvelope, to id: Int) throws {
        guard let worker = workers[id], worker.instance == envelope.instance else { return }
        let directives = worker.machine.handle(.message(envelope), now: clock(worker))
        if envelope.epoch < worker.highestEpoch, !directives.isEmpty {
            throw Violation(
                invariant: .lowerEpoch,
                details: "a worker followed epoch \(envelope.epoch) after \(worker.highestEpoch)")
        }
        worker.highestEpoch = max(worker.highestEpoch, envelope.epoch)
        try perform(directives, worker)
    }

    func feed(_ worker: WorkerProcess, _ event: WorkerEvent) throws {
        try perform(worker.machine.handle(event, now: clock(worker)), worker)
    }

    private func perform(_ directives: [WorkerDirective], _ worker: WorkerProcess) throws {
        for directive in directives {
            switch directive {
            case .send(let body): send(body, worker)
            case .compute(let grant): worker.commands.append(.shard(grant, worker.instance))
            case .train(let command): worker.commands.append(.train(command))
            case .interrupt(let generation): interrupt(worker, before: generation)
            case .rejoin: worker.instance = Instance(truncatingIfNeeded: random.next()) | 1
            case .checkpoint: worker.wantsCheckpoint = true
            case .end: return stop(worker)
            }
        }
        pump(worker)
    }

    private func send(_ body: MessageBody, _ worker: WorkerProcess) {
        if case .shardFailed(let failed) = body { promises.noteFailed(failed.attempt) }
        let envelope = worker.letterhead.envelope(
            body, epoch: worker.machine.epoch, instance: worker.instance)
        send(
            .toCoordinator(host: worker.target, from: worker.id, envelope), from: worker.host,
            to: worker.target)
    }

    // MARK: The compute thread

    /// Lets the compute thread take its next command.
    func pump(_ worker: WorkerProcess) {
        guard !worker.isBusy, let next = worker.commands.first else { return }
        worker.isBusy = true
        if case .shard = next { return post(.compute(worker.id), after: 0.05 + soon(0.8)) }
        post(.compute(worker.id), after: soon(0.02))
    }

    func compute(_ id: Int) throws {
        guard let worker = workers[id], !worker.commands.isEmpty else { return }
        worker.pulse += 1
        worker.isBusy = false
        switch worker.commands.removeFirst() {
        case .shard(let grant, let instance): try finish(grant, instance, worker)
        case .train(let command):
            if let answer = try train(command, worker) { post(.applied(id, .trained(answer)), after: 0.001) }
        }
        if workers[id] != nil { pump(worker) }
    }

    private func finish(_ grant: WireGrant, _ instance: Instance, _ worker: WorkerProcess) throws {
        let work = ShardWork(
            stageID: grant.attempt.stage, stageName: grant.stageName, shardName: grant.shardName,
            payload: grant.payload, runDirectory: "/run", outputPrefix: grant.outputPrefix,
            instance: instanceName(instance))
        do {
            try worker.disk.write(
                Promises.content(ofShard: Int(grant.attempt.shard)), to: work.temporaryPath(for: "out"))
        } catch {
            var message = WireShardFailed()
            message.attempt = grant.attempt
            message.failure = WireFailure(code: "file.write", message: "no space", exitStatus: 73)
            return post(.applied(worker.id, .failed(message)), after: 0)
        }
        if worker.computed.isEmpty { post(.publishOutputs(worker.id), after: soon(0.05)) }
        worker.computed.append(
            OutputPublisher.Job(
                attempt: grant.attempt, work: work,
                result: ShardResult(outputs: [.init(name: "out", rows: 1)])))
        try feed(worker, .computed(grant.attempt))
    }

    func publishOutputs(_ id: Int) throws {
        guard let worker = workers[id] else { return }
        let jobs = worker.computed
        worker.computed = []
        let events = OutputPublisher.publish(jobs, disk: worker.disk, rules: rules, usage: WireUsage())
        for event in events {
            if case .finished(let result) = event, now < Scenario.faultsEnd, chance(scenario.fileRot) {
                for output in result.commit.outputs { disk.rot("/run/\(output.path)") }
            }
            // Half of the time something comes between the name and the Result.
            post(.applied(id, event), after: soon(0.02))
        }
    }

    // MARK: Ends

    private func stop(_ worker: WorkerProcess) {
        workers[worker.id] = nil
        knownDead.insert(worker.id)
        post(.startWorker(host: worker.host), after: 0.2 + soon(0.5))
    }

    /// A worker dies; those who watch it learn of it, or nobody does.
    func kill(_ worker: WorkerProcess) {
        workers[worker.id] = nil
        // The other end of a connection may learn that it is gone.
        if chance(0.5) { knownDead.insert(worker.id) }
        for coordinator in coordinators.values.sorted(by: { $0.id < $1.id }) {
            if coordinator.host == worker.host, chance(0.7) {
                post(.workerEnded(coordinator.id, worker.instance), after: soon(0.1))
            } else if chance(0.5) {
                post(.connectionBroken(coordinator.id), after: soon(0.1))
            }
        }
        post(.startWorker(host: worker.host), after: 0.1 + soon(2))
    }
}
