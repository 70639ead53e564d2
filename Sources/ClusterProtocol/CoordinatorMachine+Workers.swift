/// Messages of workers, and what becomes of workers that are silent.
extension CoordinatorMachine {
    mutating func receive(_ envelope: WireEnvelope, now: Seconds) -> [CoordinatorDirective] {
        let instance = envelope.instance
        guard let body = envelope.body else { return [] }
        if shunned.contains(instance) { return [.send(to: instance, .reject(barredReject))] }
        if envelope.epoch > configuration.epoch { return supersede(envelope.epoch) }
        // What was written to an earlier coordinator and comes late does not tell how its worker stands now.
        let known = envelope.epoch < configuration.epoch ? workers[instance]?.hello : nil
        if case .hello(let hello) = body { return greet(known ?? hello, envelope, now: now) }
        guard workers[instance] != nil else { return [.send(to: instance, stranger(instance))] }
        workers.hear(instance, now: now)
        switch body {
        case .heartbeat(let message): return known == nil ? heartbeat(message, from: instance, now: now) : []
        case .result(let message): return result(message, from: instance, now: now)
        case .shardFailed(let message): return shardFailed(message, from: instance, now: now)
        case .returned(let message):
            for attempt in message.attempts { shards?.takeBack(attempt, from: instance) }
            return assign(now: now)
        case .leave: return lose(instance, .left, now: now)
        default: return receiveTraining(body, from: instance, now: now)
        }
    }

    /// Workers follow a later coordinator: this one must not touch the run any more.
    private mutating func supersede(_ epoch: UInt64) -> [CoordinatorDirective] {
        guard !isSuperseded else { return [] }
        isSuperseded = true
        return [.report(.superseded(epoch: epoch)), .superseded(by: epoch)]
    }

    private mutating func receiveTraining(
        _ body: MessageBody, from instance: Instance, now: Seconds
    ) -> [CoordinatorDirective] {
        if isNonsense(body) { return bar(instance, "nonsense", now: now) }
        let directives: [CoordinatorDirective]?
        switch body {
        case .opened(let message):
            directives = training?.handle(opened: message, from: instance, now: now)
        case .prepared(let message):
            directives = training?.handle(prepared: message, from: instance, now: now)
        case .ready(let message): directives = training?.handle(ready: message, from: instance, now: now)
        case .trainingDone(let message): return trainingDone(message, from: instance, now: now)
        case .trainingFailed(let message)
        where !message.failure.damagedInput.isEmpty && training?.isUnfinished(message, of: instance) == true:
            return giveUpStage(message.failure)
        case .trainingFailed(let message):
            directives = training?.handle(failed: message, from: instance, now: now)
        case .disagreed(let message):
            directives = training?.handle(disagreed: message, from: instance, now: now)
        case .checkpointed(let message): return checkpointed(message)
        default: directives = nil
        }
        return carryOut(directives ?? [], now: now)
    }

    /// Positions that no training reaches, and returns to a checkpoint that no coordinator has ordered.
    private func isNonsense(_ body: MessageBody) -> Bool {
        switch body {
        case .opened(let message):
            message.position > Self.furthest || message.round > training?.generation ?? .max
        case .prepared(let message): message.position > Self.furthest
        case .ready(let message): message.position > Self.furthest
        case .trainingDone(let message): message.position > Self.furthest
        case .heartbeat(let message): message.training.position > Self.furthest
        default: false
        }
    }

    private mutating func trainingDone(
        _ message: WireTrainingDone, from instance: Instance, now: Seconds
    ) -> [CoordinatorDirective] {
        if let spec = training?.spec, spec.folder == message.training,
            !message.files.allSatisfy({ GrantedPath.isFile($0.path, in: spec.folder) })
        {
            return bar(instance, "foreign-path", now: now)
        }
        guard let directives = training?.handle(done: message, from: instance, now: now) else {
            return [close(message.training, of: instance)]
        }
        workers.update(instance) { $0.usage = message.usage }
        if training?.phase == .done, !directives.isEmpty { totals.computeSeconds += message.computeSeconds }
        return carryOut(directives, now: now)
    }

    /// Lets only the job's first failure out, and loses those whose bits are wrong.
    mutating func carryOut(_ directives: [CoordinatorDirective], now: Seconds) -> [CoordinatorDirective] {
        var result: [CoordinatorDirective] = []
        for directive in directives {
            switch directive {
            case .fail(let failure): result += fail(failure)
            case .bar(let instance, let position):
                if let hello = workers[instance]?.hello { barred.insert("\(hello.host) \(hello.pid)") }
                result.append(.send(to: instance, .reject(Self.expulsion)))
                result += lose(instance, .rogue(position), now: now)
            default: result.append(directive)
            }
        }
        return result
    }

    /// What a worker hears whose bits were wrong.
    static var expulsion: WireReject {
        var reject = WireReject()
        reject.failure = WireFailure(
            code: "cluster.expelled",
            message:
                "This worker's state of the training was another one than the majority's. Expected equal bits. Check "
                + "this machine's memory and CPU before it takes part again.",
            exitStatus: 70, deterministic: true)
        return reject
    }

    // MARK: Strangers

    private func stranger(_ instance: Instance) -> MessageBody {
        if shunned.contains(instance) { return .reject(barredReject) }
        if let isShuttingDown { return .shutdown(isShuttingDown) }
        guard workers.isLost(instance) else { return .identify(WireIdentify()) }
        var reject = WireReject()
        reject.failure = WireFailure(
            code: "cluster.lost", message: "This worker was given up after a silence.", exitStatus: 75)
        reject.mayReturn = true
        return .reject(reject)
    }

    // MARK: Work

    private mutating func heartbeat(
        _ message: WireHeartbeat, from instance: Instance, now: Seconds
    ) -> [CoordinatorDirective] {
        if isNonsense(.heartbeat(message)) { return bar(instance, "nonsense", now: now) }
        let isTraining = training?.members.contains(instance) ?? false
        workers.beat(instance, message, isBusy: isTraining || !message.held.isEmpty, now: now)
        shards?.renew(instance, deadline: now + WorkerTable.lostAfter)
        shards?.noteWork(of: instance, now: now)
        training?.handle(status: message.training, pulse: message.pulse, from: instance, now: now)
        var directives: [CoordinatorDirective] = []
        let interval = workers.count < Self.crowd.workers ? 0 : Self.crowd.pulseInterval
        if workers.isPulseDue(instance, now: now, interval: interval) {
            directives.append(.send(to: instance, .pulse(WirePulse())))
        }
        if message.diskFull != diskFull.contains(instance) {
            if message.diskFull { diskFull.insert(instance) } else { diskFull.remove(instance) }
            directives.append(
                .report(message.diskFull ? .diskFull(instance: instance) : .diskHasSpace(instance: instance)))
        }
        directives += closeForgotten(message.training.training, of: instance)
        let missing =
            shards?.missing(from: message.held, instance: instance, now: now, age: Self.grantResend) ?? []
        // Towards an orderly end nothing is begun any more, not even what was granted.
        guard draining == nil else {
            for attempt in missing { shards?.takeBack(attempt, from: instance) }
            return directives + reconcile(message.held, of: instance, now: now)
        }
        directives += missing.map { .send(to: instance, grantMessage($0)) }
        // Who has become idle is seen at the next tick.
        return directives + reconcile(message.held, of: instance, now: now)
    }

    /// Ends a training that a worker goes on with although another stage is open: a survivor would not begin what it is given before.
    private func closeForgotten(_ name: String, of instance: Instance) -> [CoordinatorDirective] {
        guard !name.isEmpty, shards != nil || training != nil, training?.spec.folder != name else {
            return []
        }
        return [close(name, of: instance)]
    }

    private func close(_ training: String, of instance: Instance) -> CoordinatorDirective {
        var message = WireTrainingClose()
        message.training = training
        return .send(to: instance, .trainingClose(message))
    }

    /// Takes over work that a worker says it holds, or asks it back if nobody wants it.
    mutating func reconcile(
        _ held: [WireAttemptID], of instance: Instance, now: Seconds
    ) -> [CoordinatorDirective] {
        guard shards != nil else { return [] }
        var revoke = WireRevoke()
        revoke.attempts = held.filter { attempt in
            shards?.adopt(attempt, by: instance, now: now, deadline: now + WorkerTable.lostAfter) == false
        }
        return revoke.attempts.isEmpty ? [] : [.send(to: instance, .revoke(revoke))]
    }

    private mutating func result(
        _ message: WireResult, from instance: Instance, now: Seconds
    ) -> [CoordinatorDirective] {
        let attempt = message.commit.attempt
        workers.update(instance) { entry in
            entry.usage = message.usage
            entry.pulseChanged = now
        }
        if let prefix = expectedPrefix(attempt),
            !message.commit.outputs.allSatisfy({ GrantedPath.isOutput($0.path, prefix: prefix) })
        {
            return bar(instance, "foreign-path", now: now)
        }
        // Acknowledged is only what is on disk: of a stage that is not open yet workers keep their results until it is.
        guard shards?.stage == attempt.stage || attempts[attempt.stage] != nil else { return [] }
        guard let disposition = shards?.report(attempt, from: instance) else {
            return [acknowledge(attempt, to: instance)]
        }
        switch disposition {
        case .pending: return []
        case .duplicate:
            return [duplicate(attempt), acknowledge(attempt, to: instance)]
                + assign(to: instance, now: now)
        case .check:
            workers.update(instance) { $0.computeSeconds += message.computeSeconds }
            totals.computeSeconds += message.computeSeconds
            // A worker's word for it: nonsense may not end the coordinator.
            totals.inputBytes &+= message.inputBytes
            longestShard = max(longestShard, message.computeSeconds)
            let isEarly = !configuration.rules.contains(.acknowledgeAfterCommit)
            return (isEarly ? [acknowledge(attempt, to: instance)] : []) + [.check(message.commit)]
                + assign(to: instance, now: now)
        }
    }

    /// The first part of the names of an attempt's files; nil for an attempt of another stage.
    private func expectedPrefix(_ attempt: WireAttemptID) -> String? {
        guard let index = shards?.index(of: attempt), let stage = shards?.stage,
            let name = shards?.items[index].name
        else { return nil }
        return outputPrefix(stage: stage, shard: name, attempt: attempt)
    }

    private mutating func shardFailed(
        _ message: WireShardFailed, from instance: Instance, now: Seconds
    ) -> [CoordinatorDirective] {
        let attempt = message.attempt
        var directives = [acknowledge(attempt, to: instance)]
        guard let table = shards, table.held(by: instance).contains(attempt) else { return directives }
        if !message.failure.damagedInput.isEmpty { return directives + giveUpStage(message.failure) }
        let name = table.name(of: attempt)
        directives.append(
            .report(
                .attemptFailed(
                    stage: table.stageName, shard: name, attempt: attempt.attempt, instance: instance,
                    code: message.failure.code)))
        let isOver =
            shards?.fail(attempt, from: instance, deterministic: message.failure.deterministic) ?? false
        if isOver {
            let failure = givenUp(message.failure, table.place(of: attempt))
            directives +=
                message.failure.deterministic ? fail(failure) : quarantine(failure, attempt, in: table)
        }
        return directives + assign(now: now)
    }

    /// The failure that ends the job: one that the data decide as it is, any other with the shard that is put aside.
    private func givenUp(_ failure: WireFailure, _ place: String) -> WireFailure {
        guard !failure.deterministic else { return failure }
        var named = failure
        named.message =
            "\(place) failed \(ShardTable.mostFailures) times and was put aside; the last time: \(failure.message)"
        return named
    }

    // MARK: Going

    mutating func tick(now: Seconds) -> [CoordinatorDirective] {
        var directives: [CoordinatorDirective] = []
        let stallLimit = max(configuration.stallLimit, 10 * longestShard)
        let members = Set(training?.members ?? [])
        let (suspects, lost) = workers.judge(now: now, stallLimit: stallLimit) { members.contains($0) }
        directives += suspects.map { .report(.workerSuspect(instance: $0)) }
        for (instance, cause) in lost { directives += lose(instance, cause, now: now) }
        for expired in shards?.expire(now: now) ?? [] {
            directives.append(.report(lostAttempt(expired.attempt, expired.instance)))
        }
        directives += carryOut(training?.tick(now: now) ?? [], now: now)
        return directives + continueDraining(now: now) + assign(now: now)
    }

    mutating func lose(_ instance: Instance, _ cause: LossCause, now: Seconds) -> [CoordinatorDirective] {
        guard workers[instance] != nil else { return [] }
        workers.lose(instance)
        diskFull.remove(instance)
        let table = shards
        var directives: [CoordinatorDirective] = [
            .report(.workerLost(instance: instance, cause: cause))
        ]
        // Who left ends by itself.
        if cause != .left {
            directives.append(.expel(instance))
            totals.workersLost += 1
        }
        if let (attempts, giveUp) = shards?.lose(instance, cause: cause) {
            directives += attempts.map { .report(lostAttempt($0, instance)) }
            if let giveUp, let table, let first = attempts.first {
                directives += quarantine(crashes(giveUp, cause), first, in: table)
            }
        }
        directives += carryOut(training?.leave(instance, cause: cause, now: now) ?? [], now: now)
        return directives + assign(now: now)
    }

    private func lostAttempt(_ attempt: WireAttemptID, _ instance: Instance) -> ClusterEvent {
        .attemptLost(
            stage: shards?.stageName ?? "", shard: shards?.name(of: attempt) ?? "", attempt: attempt.attempt,
            instance: instance)
    }

    private func crashes(_ place: String, _ cause: LossCause) -> WireFailure {
        WireFailure(
            code: "cluster.shard-crashes",
            message:
                "\(place): too many workers were lost while they computed it, so it was put aside; the last one "
                + "\(cause.text). See log.jsonl in the run directory; if memory ran out, choose smaller shards or fewer "
                + "workers.", exitStatus: 70)
    }

    /// After this process stood still (stopped, suspended), nobody else is to blame for the silence.
    mutating func postponeAfterPause(now: Seconds) {
        defer { lastEvent = now }
        guard let lastEvent, now - lastEvent > Self.longestPause else { return }
        workers.postpone(by: now - lastEvent)
        shards?.postpone(by: now - lastEvent)
    }
}
