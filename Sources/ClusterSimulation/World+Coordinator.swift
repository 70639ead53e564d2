import ClusterProtocol
import ClusterRuntime
import Foundation
import Groundwork

/// Coordinators: what session, loop and journal thread do in production happens here as events.
extension World {
    func startCoordinator(on host: Int) throws {
        guard coordinator(on: host) == nil, end == nil else { return }
        let id = nextProcess
        nextProcess += 1
        let handle = DiskHandle(disk, host: host, process: id)
        let directory = RunDirectory(path: "/run", disk: handle, rules: rules)
        do {
            let ledger = try RunLedger(directory, build: "b")
            try promises.checkReplay(ledger, disk)
            let journal = try JournalSegment(path: ledger.journalPath, disk: handle, rules: rules)
            let machine = CoordinatorMachine(
                .init(
                    job: "job", build: "b", fingerprint: "f", epoch: ledger.epoch, runDirectory: "/run",
                    rules: rules))
            let process = CoordinatorProcess(
                id: id, host: host, disk: handle, ledger: ledger, journal: journal, machine: machine)
            coordinators[id] = process
            append(ledger.startRecord(job: "job", build: "b"), nil, process)
            post(.coordinatorTick(id), after: 0.01)
            post(.openStage(id), after: 0.01)
        } catch let error as FileError {
            trace?("coordinator does not start: \(error)")
            post(.startCoordinator(host: host), after: 1)
        }
    }

    func tickCoordinator(_ id: Int) throws {
        guard let process = coordinators[id] else { return }
        post(.coordinatorTick(id), after: 0.2)
        try feed(process, .tick)
    }

    func feed(_ process: CoordinatorProcess, _ event: CoordinatorEvent) throws {
        for directive in process.machine.handle(event, now: clock(process)) {
            try perform(directive, process)
            if coordinators[process.id] == nil { return }
        }
    }

    private func perform(_ directive: CoordinatorDirective, _ process: CoordinatorProcess) throws {
        switch directive {
        case .send(let instance, let body):
            if case .ack(let ack) = body { try promises.checkAcknowledged(ack.attempt) }
            send(body, to: instance, process)
        case .check(let commit):
            post(.check(process.id, commit, deadline: clock(process) + 2), after: soon(0.01))
        case .append(let record, let mark): append(record, mark, process)
        case .stageDone(let commits):
            try promises.checkComplete(commits, stage: process.stage)
            post(.publishStage(process.id, commits), after: soon(0.02))
        case .fail(let failure): try fail(failure, process)
        case .superseded: restart(process, nil)
        case .report, .expel, .bar, .drained: break
        case .probe(let instances):
            for instance in instances { send(.pulse(WirePulse()), to: instance, process) }
        }
    }

    private func send(_ body: MessageBody, to instance: Instance, _ process: CoordinatorProcess) {
        guard let id = process.routes[instance], let worker = workers[id], worker.instance == instance else {
            if let id = process.routes[instance], knownDead.contains(id) {
                _ = process.machine.handle(.unreachable(instance), now: clock(process))
            }
            return
        }
        var envelope = WireEnvelope()
        envelope.epoch = process.ledger.epoch
        envelope.job = "job"
        envelope.instance = instance
        envelope.body = body
        send(.toWorker(id, envelope), from: process.host, to: worker.host)
    }

    // MARK: Files

    private func append(_ record: WireJournalRecord, _ mark: DurableMark?, _ process: CoordinatorProcess) {
        if process.pending.isEmpty { post(.journal(process.id), after: soon(0.01)) }
        process.pending.append((record, mark))
    }

    func flushJournal(_ id: Int) throws {
        guard let process = coordinators[id] else { return }
        let batch = process.pending
        process.pending = []
        do { try process.journal.write(batch.map(\.record)) } catch { return restart(process, error) }
        try promises.checkJournals(disk)
        for mark in batch.compactMap(\.mark) where coordinators[id] != nil {
            try feed(process, .durable(mark))
        }
    }

    func check(_ id: Int, _ commit: WireShardCommit, _ deadline: Seconds) throws {
        guard let process = coordinators[id] else { return }
        if commit.outputs.allSatisfy(process.ledger.directory.has) {
            try feed(process, .outputsChecked(commit, isPresent: true))
        } else if clock(process) > deadline {
            promises.noteFailed(commit.attempt)
            try feed(process, .outputsChecked(commit, isPresent: false))
        } else {
            post(.check(id, commit, deadline: deadline), after: 0.2)
        }
    }

    // MARK: Stages

    func openStage(_ id: Int) throws {
        guard let process = coordinators[id] else { return }
        guard process.stage < files.count else { return finish(process) }
        let stage = StageFiles(directory: process.ledger.directory, spec: files[process.stage])
        do {
            let (cached, _) = try stage.load(epoch: process.ledger.epoch)
            if cached != nil {
                process.stage += 1
                return post(.openStage(id), after: soon(0.01))
            }
            try process.ledger.directory.createFolder("stage/\(stage.spec.id)")
            let commits = process.ledger.earlierCommits(stage)
            let opening = process.ledger.openRecord(stage)
            try stage.recordOpening(opening.stageOpen)
            append(opening, nil, process)
            try open(stage, commits, process)
        } catch let error as FileError { restart(process, error) }
    }

    private func open(
        _ files: StageFiles, _ commits: [Int: WireShardCommit], _ process: CoordinatorProcess
    ) throws {
        let (spec, epoch) = (files.spec, process.ledger.epoch)
        switch spec.kind {
        case .shards:
            try feed(
                process,
                .openShards(
                    ShardTable(
                        stage: spec.id, stageName: spec.name, items: files.items, epoch: epoch,
                        commits: commits, rules: rules)))
        case .training(let payload, let ranks):
            if let commit = commits[0] { return post(.publishStage(process.id, [commit]), after: soon(0.01)) }
            try feed(
                process,
                .openTraining(
                    TrainingSpec(
                        stage: spec.id, stageName: spec.name, payload: payload, virtualRanks: ranks,
                        folder: "stage/\(spec.id)", epoch: epoch, expectedWorkers: 2, joinDelay: 2)))
        }
    }

    func publishStage(_ id: Int, _ commits: [WireShardCommit]) throws {
        guard let process = coordinators[id] else { return }
        let stage = StageFiles(directory: process.ledger.directory, spec: files[process.stage])
        do {
            _ = try stage.publish(commits, build: "b", epoch: process.ledger.epoch)
        } catch let error as FileError { return restart(process, error) } catch {
            throw Violation(invariant: .manifest, details: "publishing failed: \(error)")
        }
        append(process.ledger.publishedRecord(stage), nil, process)
        process.stage += 1
        post(.openStage(id), after: soon(0.01))
    }

    // MARK: Ends

    private func finish(_ process: CoordinatorProcess) {
        if !process.disk.isDead { end = .finished }
    }

    private func fail(_ failure: WireFailure, _ process: CoordinatorProcess) throws {
        switch failure.exitStatus {
        case 73, 74, 75: restart(process, nil)
        default:
            guard promises.allows(failure) else {
                throw Violation(
                    invariant: .liveness, details: "the job failed: \(failure.code) \(failure.message)")
            }
            end = .failed(code: failure.code)
        }
    }

    /// A coordinator ends with an error that may pass; whoever runs the job starts it again.
    func restart(_ process: CoordinatorProcess, _ error: (any Error)?) {
        trace?("coordinator \(process.id) ends: \(error.map { "\($0)" } ?? "")")
        coordinators[process.id] = nil
        // Of two coordinators that started side by side one comes back.
        if coordinators.isEmpty { post(.startCoordinator(host: process.host), after: 0.2 + soon(3)) }
    }
}
