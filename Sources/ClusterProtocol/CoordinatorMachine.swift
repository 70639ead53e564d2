package import Foundation

/// The coordinator without its sockets, files and clock: events in, directives out.
///
/// It opens one stage at a time. Everything durable is on disk before its effect: a shard's commit before the worker's
/// acknowledgement, a generation before Go.
package struct CoordinatorMachine: Sendable {
    /// What the coordinator is and expects.
    package struct Configuration: Sendable {
        package var job: String
        package var build: String
        package var fingerprint: String
        package var epoch: UInt64
        package var runDirectory: String
        package var isDurable: Bool
        /// The machine's name, for people.
        package var host = ""
        /// Digest of the token in the run directory that workers must see there; nil: not asked for.
        package var token: Data?
        /// Seconds without progress after which a worker is given up, at least.
        package var stallLimit: Seconds
        package var rules: ProtocolRules

        package init(
            job: String, build: String, fingerprint: String, epoch: UInt64, runDirectory: String,
            isDurable: Bool = true, stallLimit: Seconds = 120, rules: ProtocolRules = .all
        ) {
            self.job = job
            self.build = build
            self.fingerprint = fingerprint
            self.epoch = epoch
            self.runDirectory = runDirectory
            self.isDurable = isDurable
            self.stallLimit = stallLimit
            self.rules = rules
        }
    }

    /// Counts for the report.
    package struct Totals: Sendable, Equatable {
        package var workersLost = 0
        package var attemptsRepeated = 0
        package var duplicateResults = 0
        package var generations = 0
        /// Of the open or last stage.
        package var computeSeconds = 0.0
        package var inputBytes: UInt64 = 0
    }

    /// Grants a worker may hold, so that it never waits for a round trip.
    package static let grantsPerWorker = 2
    /// Grants and unacknowledged results of a worker at which it gets no more.
    static let mostKept = 2 * grantsPerWorker
    /// With so many workers not every heartbeat is answered, but one in so many seconds.
    static let crowd = (workers: 100, pulseInterval: Seconds(3))
    /// Age at which a grant that a worker does not list counts as lost on the way.
    static let grantResend: Seconds = 2.5
    /// Barred instances remembered.
    static let mostBarred = 4096
    /// A longer pause between two events means that this process stood still.
    static let longestPause: Seconds = 2
    /// A shard is slow if it takes longer than this many times the longest so far, and at least so many seconds.
    static let straggling: (times: Double, atLeast: Seconds) = (1.5, 2)
    /// Seconds for which an orderly end waits for a checkpoint.
    static let checkpointWait: Seconds = 60

    package let configuration: Configuration
    package internal(set) var workers: WorkerTable
    package internal(set) var shards: ShardTable?
    package internal(set) var training: TrainingGenerations?
    package internal(set) var totals = Totals()
    var isShuttingDown: WireShutdown?
    /// Instances that are refused for what they sent; at most ``mostBarred`` are remembered.
    var shunned: Set<Instance> = []
    var lastEvent: Seconds?
    var stageOpened: Seconds = 0
    var longestShard = 0.0
    var hasFailed = false
    var isSuperseded = false
    var draining: Draining?
    /// Processes that computed wrong bits: host and process id.
    var barred: Set<String> = []
    /// Workers whose disk is full.
    package internal(set) var diskFull: Set<Instance> = []
    /// Generations are never used twice, not even by two stages.
    var lastGeneration: UInt64 = 0
    /// Attempts given at the shards of stages that are closed, none at those of earlier runs: their numbers are not used again
    /// if one is opened again.
    var attempts: [String: [UInt32]] = [:]

    /// An orderly end that was asked for.
    struct Draining: Sendable {
        var shardsUntil: Seconds
        var trainingUntil: Seconds
        var asked: Seconds
        var isDone = false
    }

    /// More phases than a training can have.
    static let furthest: UInt64 = 1 << 62

    /// Whether an orderly end was asked for.
    package var isDraining: Bool { draining != nil }

    /// A coordinator without workers.
    package init(_ configuration: Configuration) {
        self.configuration = configuration
        workers = WorkerTable(rules: configuration.rules)
    }

    /// Takes in one event; `now` never goes back.
    package mutating func handle(_ event: CoordinatorEvent, now: Seconds) -> [CoordinatorDirective] {
        postponeAfterPause(now: now)
        switch event {
        case .message(let envelope): return receive(envelope, now: now)
        case .stageCached(let stage):
            attempts[stage] = attempts[stage] ?? []
            return []
        case .openShards(let table): return open(table, now: now)
        case .openTraining(let spec): return open(spec, now: now)
        case .outputsChecked(let commit, let isPresent): return checked(commit, isPresent, now: now)
        case .durable(.commit(let commit)): return committed(commit, now: now)
        case .durable(.generation(let generation)):
            defer { totals.generations += training?.phase == .running ? 1 : 0 }
            return training?.handle(durable: generation, now: now) ?? []
        case .drain(let grace): return drain(shardGrace: grace, now: now)
        case .processEnded(let instance, let cause): return lose(instance, cause, now: now)
        case .connectionBroken: return workers.count == 0 ? [] : [.probe(workers.instances)]
        case .unreachable(let instance):
            workers.update(instance) { $0.isUnreachable = true }
            return []
        case .misbehaved(let instance, let reason): return bar(instance, reason, now: now)
        case .tick: return tick(now: now)
        case .shutDown(let status, let reason): return shutDown(status, reason)
        }
    }

    // MARK: Stages

    private mutating func open(_ table: ShardTable, now: Seconds) -> [CoordinatorDirective] {
        begin(now: now)
        var table = table
        table.continueAttempts(after: attempts[table.stage] ?? [])
        shards = table
        if table.isComplete { return finishShards() }
        // Work that survivors of an earlier epoch still hold is theirs.
        for instance in workers.instances {
            for attempt in workers[instance]?.hello.held ?? [] where attempt.stage == table.stage {
                _ = shards?.adopt(attempt, by: instance, now: now, deadline: now + WorkerTable.lostAfter)
            }
        }
        return assign(now: now)
    }

    private mutating func open(_ spec: TrainingSpec, now: Seconds) -> [CoordinatorDirective] {
        begin(now: now)
        training = TrainingGenerations(
            spec, after: lastGeneration, now: now, rules: configuration.rules)
        return workers.instances.flatMap { instance -> [CoordinatorDirective] in
            guard let entry = workers[instance], !entry.isLeaving else { return [] }
            return training?.join(
                instance, endpoint: entry.hello.dataEndpoint, key: entry.hello.dataKey,
                host: entry.hello.host,
                now: now) ?? []
        }
    }

    private mutating func begin(now: Seconds) {
        precondition(shards == nil && training == nil, "open: a stage is open already")
        stageOpened = now
        longestShard = 0
        totals.computeSeconds = 0
        totals.inputBytes = 0
    }

    mutating func finishShards() -> [CoordinatorDirective] {
        guard let table = shards, table.isComplete else { return [] }
        attempts[table.stage] = table.attempts
        shards = nil
        return [.stageDone(table.commits.compactMap { $0 })]
    }

    /// Gives the open stage up because what an earlier one left is damaged; workers' late results of it are forgotten.
    mutating func giveUpStage(_ failure: WireFailure) -> [CoordinatorDirective] {
        guard !hasFailed, isShuttingDown == nil else { return [] }
        if let table = shards { attempts[table.stage] = table.attempts }
        let closing = training?.abandon() ?? []
        lastGeneration = training?.generation ?? lastGeneration
        shards = nil
        training = nil
        return closing + [.inputDamaged(failure)]
    }

    // MARK: Dispatch

    /// Gives every worker something to do, then something to go on with; asks idle workers' work back from others.
    mutating func assign(now: Seconds) -> [CoordinatorDirective] {
        guard shards != nil, isShuttingDown == nil, !hasFailed, draining == nil else { return [] }
        var directives: [CoordinatorDirective] = []
        let able = workers.instances.filter { workers.isAble($0) }
        let most =
            configuration.rules.contains(.boundedGrants) ? Self.grantsPerWorker : shards?.items.count ?? 0
        for count in 0..<most {
            for instance in able where shards?.heldCount(by: instance) == count && hasRoom(instance) {
                directives += grant(to: instance, among: able, now: now)
            }
        }
        guard shards?.pendingCount == 0 else { return directives }
        let idle = able.filter { shards?.heldCount(by: $0) == 0 && hasRoom($0) }
        let busy = able.filter { (shards?.heldCount(by: $0) ?? 0) > 1 }
        for instance in busy.prefix(idle.count) {
            guard let attempt = shards?.revokeNewest(of: instance, idle: idle) else { continue }
            var revoke = WireRevoke()
            revoke.attempts = [attempt]
            directives.append(.send(to: instance, .revoke(revoke)))
        }
        for instance in able where shards?.heldCount(by: instance) == 0 && hasRoom(instance) {
            directives += helpStraggler(instance, now: now)
        }
        return directives
    }

    /// Whether a worker keeps less than the most; results that wait for an Ack count, since the next coordinator, should
    /// this one die, hears of them as held.
    private func hasRoom(_ instance: Instance) -> Bool {
        !configuration.rules.contains(.boundedGrants)
            || shards?.keptCount(by: instance) ?? 0 < Self.mostKept
    }

    /// Gives a worker that has done something more to do; looks at all of them only when shards run out.
    mutating func assign(to instance: Instance, now: Seconds) -> [CoordinatorDirective] {
        guard shards?.pendingCount ?? 0 > Self.grantsPerWorker * workers.count,
            configuration.rules.contains(.boundedGrants)
        else { return assign(now: now) }
        guard isShuttingDown == nil, !hasFailed, draining == nil, workers.isAble(instance) else { return [] }
        var directives: [CoordinatorDirective] = []
        while shards?.heldCount(by: instance) ?? 0 < Self.grantsPerWorker, hasRoom(instance) {
            let granted = grant(to: instance, among: workers.instances, now: now)
            if granted.isEmpty { break }
            directives += granted
        }
        return directives
    }

    /// Gives an idle worker the shard on which another one has been much longer than on any before.
    private mutating func helpStraggler(_ instance: Instance, now: Seconds) -> [CoordinatorDirective] {
        let seconds = max(Self.straggling.atLeast, Self.straggling.times * longestShard)
        guard longestShard > 0, shards?.pendingCount == 0,
            let (attempt, slow) = shards?.secondAttempt(
                to: instance, longerThan: seconds, now: now, deadline: now + WorkerTable.lostAfter)
        else { return [] }
        workers.update(instance) { $0.pulseChanged = max($0.pulseChanged, now) }
        totals.attemptsRepeated += 1
        let event = ClusterEvent.straggler(
            stage: shards?.stageName ?? "", shard: shards?.name(of: attempt) ?? "",
            attempt: slow.attempt.attempt, instance: slow.instance, seconds: seconds)
        return [.report(event), .send(to: instance, grantMessage(attempt))]
    }

    private mutating func grant(
        to instance: Instance, among able: [Instance], now: Seconds
    ) -> [CoordinatorDirective] {
        let deadline = now + WorkerTable.lostAfter
        guard let attempt = shards?.grant(to: instance, others: able, now: now, deadline: deadline) else {
            return []
        }
        if shards?.isRepetition(attempt) == true { totals.attemptsRepeated += 1 }
        // A worker that was idle has had nothing to make progress with until now.
        workers.update(instance) { $0.pulseChanged = max($0.pulseChanged, now) }
        return [.send(to: instance, grantMessage(attempt))]
    }

    func grantMessage(_ attempt: WireAttemptID) -> MessageBody {
        var grant = WireGrant()
        grant.attempt = attempt
        if let shards, let index = shards.index(of: attempt) {
            let item = shards.items[index]
            grant.stageName = shards.stageName
            grant.shardName = item.name
            grant.payload = item.payload
            grant.outputPrefix = outputPrefix(
                stage: shards.stage, shard: item.name, attempt: attempt, rules: configuration.rules)
        }
        return .grant(grant)
    }

    // MARK: Results

    private mutating func checked(
        _ commit: WireShardCommit, _ isPresent: Bool, now: Seconds
    ) -> [CoordinatorDirective] {
        if training?.spec.stage == commit.attempt.stage { return checkedTraining(commit, isPresent) }
        guard shards?.index(of: commit.attempt) != nil else { return [] }
        if isPresent || !configuration.rules.contains(.checkBeforeCommit) {
            // In place: a copy of the table for every result would cost more than all the rest.
            guard shards?.confirm(commit.attempt) == true else { return [] }
            var entry = WireJournalRecord()
            entry.shardCommitted.commit = commit
            return [.append(entry, mark: .commit(commit))]
        }
        guard let table = shards else { return [] }
        var directives: [CoordinatorDirective] = [
            .report(
                .outputMissing(
                    stage: table.stageName, shard: table.name(of: commit.attempt),
                    attempt: commit.attempt.attempt))
        ]
        for reporter in shards?.refuse(commit.attempt) ?? [] {
            directives.append(acknowledge(reporter.attempt, to: reporter.instance))
            if shards?.fail(reporter.attempt, from: reporter.instance, deterministic: false) == true {
                directives += quarantine(missingOutputs(of: commit, in: table), commit.attempt, in: table)
            }
        }
        return directives + assign(now: now)
    }

    private mutating func checkedTraining(
        _ commit: WireShardCommit, _ isPresent: Bool
    ) -> [CoordinatorDirective] {
        guard let name = training?.spec.stageName else { return [] }
        guard isPresent else {
            return fail(
                WireFailure(
                    code: "cluster.output-missing",
                    message:
                        "Stage \"\(name)\": a file of the finished training is missing or has another size. "
                        + "Check that all machines see the same run directory.", exitStatus: 74))
        }
        var entry = WireJournalRecord()
        entry.shardCommitted.commit = commit
        return [.append(entry, mark: .commit(commit))]
    }

    private mutating func committed(_ commit: WireShardCommit, now: Seconds) -> [CoordinatorDirective] {
        if let spec = training?.spec, spec.stage == commit.attempt.stage {
            lastGeneration = training?.generation ?? lastGeneration
            training = nil
            return [.stageDone([commit])]
        }
        guard let (reporters, useless) = shards?.commit(commit) else { return [] }
        var directives: [CoordinatorDirective] = []
        for reporter in reporters {
            if reporter.attempt == commit.attempt {
                workers.update(reporter.instance) { $0.committed += 1 }
            } else {
                directives.append(duplicate(reporter.attempt))
            }
            directives.append(acknowledge(reporter.attempt, to: reporter.instance))
        }
        for holder in useless {
            var revoke = WireRevoke()
            revoke.attempts = [holder.attempt]
            directives.append(.send(to: holder.instance, .revoke(revoke)))
        }
        directives += finishShards()
        let freed = reporters.filter { shards?.keptCount(by: $0.instance) == Self.mostKept - 1 }
        return (useless + freed).reduce(into: directives) { $0 += assign(to: $1.instance, now: now) }
    }

    mutating func duplicate(_ attempt: WireAttemptID) -> CoordinatorDirective {
        totals.duplicateResults += 1
        let table = shards?.stage == attempt.stage ? shards : nil
        return .report(
            .duplicateResult(
                stage: table?.stageName ?? attempt.stage,
                shard: table?.name(of: attempt) ?? "\(attempt.shard)",
                attempt: attempt.attempt))
    }

    func acknowledge(_ attempt: WireAttemptID, to instance: Instance) -> CoordinatorDirective {
        var ack = WireAck()
        ack.attempt = attempt
        return .send(to: instance, .ack(ack))
    }

    // MARK: Ends

    /// What workers are told at the end; nil before.
    package var farewell: WireShutdown? { isShuttingDown }

    /// Begins nothing any more, asks what is not begun back, and asks a training for a checkpoint.
    private mutating func drain(shardGrace: Seconds, now: Seconds) -> [CoordinatorDirective] {
        let until = now + shardGrace
        if let earlier = draining {
            draining?.shardsUntil = min(earlier.shardsUntil, until)
            return []
        }
        draining = Draining(shardsUntil: until, trainingUntil: now + Self.checkpointWait, asked: now)
        var directives: [CoordinatorDirective] = []
        for instance in workers.instances {
            while let attempt = shards?.revokeNewest(of: instance) {
                var revoke = WireRevoke()
                revoke.attempts = [attempt]
                directives.append(.send(to: instance, .revoke(revoke)))
            }
        }
        return directives + (training?.requestCheckpoint() ?? []) + continueDraining(now: now)
    }

    /// Looks whether everything has come to its end.
    mutating func continueDraining(now: Seconds) -> [CoordinatorDirective] {
        guard var state = draining, !state.isDone else { return [] }
        defer { draining = state }
        var isDone = true
        var directives: [CoordinatorDirective] = []
        if let shards { isDone = shards.isQuiet || now >= state.shardsUntil }
        if let training {
            let request = training.requestCheckpoint()
            isDone = !training.isUnderWay || now >= state.trainingUntil
            if !isDone, now - state.asked >= TrainingGenerations.resend {
                state.asked = now
                directives += request
            }
        }
        state.isDone = isDone
        return directives + (isDone ? [.drained] : [])
    }

    /// A checkpoint that was asked for is on disk.
    mutating func checkpointed(_ message: WireCheckpointed) -> [CoordinatorDirective] {
        guard let spec = training?.spec, spec.folder == message.training, draining?.isDone == false else {
            return []
        }
        draining?.isDone = true
        // Who has been let go of the training writes no state of his own when the end is told.
        return [.report(.checkpointWritten(stage: spec.stageName, position: message.position))]
            + (training?.abandon() ?? []) + [.drained]
    }

    mutating func fail(_ failure: WireFailure) -> [CoordinatorDirective] {
        guard !hasFailed else { return [] }
        hasFailed = true
        return [.fail(failure)]
    }

    /// A shard that failed too often ends the job; the journal and the log name it.
    mutating func quarantine(
        _ failure: WireFailure, _ attempt: WireAttemptID, in table: ShardTable
    ) -> [CoordinatorDirective] {
        guard !hasFailed else { return [] }
        var record = WireJournalRecord()
        record.shardQuarantined.stage = table.stage
        record.shardQuarantined.place = table.place(of: attempt)
        record.shardQuarantined.code = failure.code
        let event = ClusterEvent.shardQuarantined(
            stage: table.stageName, shard: table.name(of: attempt), code: failure.code)
        return [.append(record, mark: nil), .report(event)] + fail(failure)
    }

    private mutating func shutDown(_ status: Int32, _ reason: String) -> [CoordinatorDirective] {
        var message = WireShutdown()
        message.exitStatus = status
        message.reason = reason
        isShuttingDown = message
        shards = nil
        training = nil
        return workers.instances.map { .send(to: $0, .shutdown(message)) }
    }

    private func missingOutputs(of commit: WireShardCommit, in table: ShardTable) -> WireFailure {
        WireFailure(
            code: "cluster.output-missing",
            message:
                "\(table.place(of: commit.attempt)): the files that the "
                + "worker reported are missing or have another size. Check that all machines see the same run "
                + "directory and that its disk is not full.", exitStatus: 74)
    }
}

/// The first part of an attempt's file names, relative to the run directory: one path, one writer.
package func outputPrefix(
    stage: String, shard: String, attempt: WireAttemptID, rules: ProtocolRules = .all
) -> String {
    guard rules.contains(.onePathPerAttempt) else { return "\(stageFolder(stage))/\(shard).e1.a1" }
    return "\(stageFolder(stage))/\(shard).e\(attempt.epoch).a\(attempt.attempt)"
}

/// A stage's folder, relative to the run directory.
package func stageFolder(_ stage: String) -> String { "stage/\(stage)" }
