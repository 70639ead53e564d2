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
            if needsRecovery {
                _ = try RunRecovery.recover(directory, job: "job")
                // Who died at the last call cannot say that it is done.
                guard !handle.isDead else { return post(.startCoordinator(host: host), after: 1) }
                needsRecovery = false
                try promises.checkRecovered(try RunHistory(directory), disk)
            }
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
            // The job may have much to look at before it asks for its first stage.
            post(.openStage(id), after: 0.01 + soon(1))
        } catch let error as FileError {
            trace?("coordinator does not start: \(error)")
            post(.startCoordinator(host: host), after: 1)
        }
    }

    func tickCoordinator(_ id: Int) throws {
        guard let process = coordinators[id] else { return }
        post(.coordinatorTick(id), after: 0.2)
        if let asked = process.drainAsked, now - asked > Self.drainBound {
            throw Violation(invariant: .drain, details: "asked at \(asked), the coordinator goes on")
        }
        try feed(process, .tick)
    }

    /// Seconds after which an orderly end must have come: the wait for a checkpoint, and pauses of the coordinator itself.
    private static let drainBound: Seconds = 100

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
            if case .grant(let grant) = body, process.machine.isDraining {
                throw Violation(
                    invariant: .drain,
                    details: "shard \(grant.attempt.shard) is begun after an end was asked for")
            }
            send(body, to: instance, process)
        case .check(let commit):
            post(.check(process.id, commit, deadline: clock(process) + 2), after: soon(0.01))
        case .append(let record, let mark): append(record, mark, process)
        case .stageDone(let commits):
            try promises.checkComplete(commits, stage: process.stage)
            post(.publishStage(process.id, commits), after: soon(0.02))
        case .fail(let failure): try fail(failure, process)
        case .superseded: restart(process, nil)
        case .inputDamaged(let failure): try goBack(failure, process)
        case .report(let event): try look(at: event, process)
        case .drained:
            try feed(process, .shutDown(exitStatus: 75, reason: "interrupted"))
            restart(process, nil)
        case .expel, .bar: break
        case .probe(let instances):
            for instance in instances { send(.pulse(WirePulse()), to: instance, process) }
        }
    }

    private func look(at event: ClusterEvent, _ process: CoordinatorProcess) throws {
        switch event {
        case .generationStarted(_, _, let members, _) where !scenario.members.contains(members):
            throw Violation(
                invariant: .members, details: "\(members) members, allowed are \(scenario.members)")
        case .checkpointWritten(_, let position):
            promises.kept[process.trainingFolder] = max(promises.kept[process.trainingFolder] ?? 0, position)
        default: break
        }
    }

    private func send(_ body: MessageBody, to instance: Instance, _ process: CoordinatorProcess) {
        guard let id = process.routes[instance], let worker = workers[id], worker.instance == instance else {
            if let id = process.routes[instance], knownDead.contains(id) {
                _ = process.machine.handle(.unreachable(instance), now: clock(process))
            }
            return
        }
        let envelope = process.letterhead.envelope(
            body, epoch: process.ledger.epoch, instance: instance)
        send(.toWorker(id, envelope), from: process.host, to: worker.host)
    }

    // MARK: Files

    private func append(_ record: WireJournalRecord, _ mark: DurableMark?, _ process: CoordinatorProcess) {
        if process.pending.isEmpty { post(.journal(process.id), after: soon(0.01)) }
        process.pending.append((record, mark))
    }

    func flushJournal(_ id: Int) throws {
        guard let process = coordinators[id], !process.pending.isEmpty else { return }
        do { try writeJournal(process) } catch let error as FileError { restart(process, error) }
    }

    private func writeJournal(_ process: CoordinatorProcess) throws {
        let batch = process.pending
        process.pending = []
        try process.journal.write(batch.map(\.record))
        try promises.checkJournals(disk)
        for mark in batch.compactMap(\.mark) where coordinators[process.id] != nil {
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
        let stage = stageFiles(process)
        do {
            let (cached, _) = try stage.load(epoch: process.ledger.epoch)
            if let cached {
                try feed(process, .stageCached(cached.id))
                return goOn(cached, process)
            }
            try process.ledger.directory.createFolder("stage/\(stage.spec.id)")
            let remains = process.stage == 0 ? process.withdrawn : nil
            let commits = remains?.commits ?? process.ledger.earlierCommits(stage)
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
                        commits: commits, isAgain: process.withdrawn != nil, rules: rules)))
        case .training(let payload, let ranks):
            if let commit = commits[0] { return post(.publishStage(process.id, [commit]), after: soon(0.01)) }
            process.trainingFolder = files.trainingFolder
            var training = TrainingSpec(
                stage: spec.id, stageName: spec.name, payload: payload, virtualRanks: ranks,
                folder: process.trainingFolder, epoch: epoch, expectedWorkers: 2, joinDelay: 2)
            training.minimumMembers = scenario.members.lowerBound
            training.maximumMembers = scenario.members.upperBound
            try feed(process, .openTraining(training))
        }
    }

    func publishStage(_ id: Int, _ commits: [WireShardCommit]) throws {
        guard let process = coordinators[id] else { return }
        let stage = stageFiles(process)
        let finished: FinishedStage
        do {
            finished = try stage.publish(commits, build: "b", epoch: process.ledger.epoch)
        } catch let error as FileError { return restart(process, error) } catch ClusterError.superseded {
            return restart(process, nil)
        } catch {
            throw Violation(invariant: .manifest, details: "publishing failed: \(error)")
        }
        append(process.ledger.publishedRecord(stage), nil, process)
        if process.stage == 0 { damage(finished) }
        goOn(finished, process)
    }

    /// The open stage; the training reads the files of the shards.
    private func stageFiles(_ process: CoordinatorProcess) -> StageFiles {
        var spec = files[process.stage]
        if case .training(_, let ranks) = spec.kind {
            let paths = process.finished?.shards.flatMap(\.outputs).map(\.path) ?? []
            spec.kind = .training(payload: Data(paths.joined(separator: "\n").utf8), virtualRanks: ranks)
        }
        return StageFiles(directory: process.ledger.directory, spec: spec)
    }

    private func goOn(_ stage: FinishedStage, _ process: CoordinatorProcess) {
        if process.stage == 0 { (process.finished, process.withdrawn) = (stage, nil) }
        process.stage += 1
        post(.openStage(process.id), after: soon(0.01))
    }

    /// A byte of a published file flips.
    private func damage(_ stage: FinishedStage) {
        guard now < Scenario.faultsEnd, chance(scenario.inputRot) else { return }
        let outputs = stage.shards.flatMap(\.outputs)
        let path = "/run/\(outputs[random.nextInt(below: outputs.count)].path)"
        promises.damaged.insert(path)
        disk.flip(path)
    }

    /// A file of the shards is not as it was written: its shard is computed again.
    private func goBack(_ failure: WireFailure, _ process: CoordinatorProcess) throws {
        let shards = StageFiles(directory: process.ledger.directory, spec: files[0])
        do {
            if let place = try shards.place(of: failure.damagedInput) {
                lives += 1
                try process.ledger.requireLatest()
                try StageFiles.beginTrainingsAnew(
                    in: process.ledger.directory, epoch: process.ledger.epoch, again: lives)
                process.withdrawn = try process.ledger.takeBack(place, of: shards) { records in
                    for record in records { append(record, nil, process) }
                    try writeJournal(process)
                }
            }
            guard coordinators[process.id] != nil else { return }
            process.stage = 0
            post(.openStage(process.id), after: soon(0.01))
        } catch let violation as Violation { throw violation } catch { restart(process, error) }
    }

    // MARK: Ends

    private func finish(_ process: CoordinatorProcess) {
        do { try process.ledger.requireLatest() } catch { return restart(process, error) }
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
