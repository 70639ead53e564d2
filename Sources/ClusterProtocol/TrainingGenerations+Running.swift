/// While members train.
extension TrainingGenerations {
    /// Seconds for which the slowest member may keep the others waiting before virtual ranks move.
    package static let imbalanceWait: Seconds = 60
    /// Seconds from one look at the balance to the next.
    static let weighing: Seconds = 1
    /// How much longer a step may take than it would with other ranges.
    package static let imbalance = 1.2

    /// A member has finished.
    package mutating func handle(
        done message: WireTrainingDone, from instance: Instance, now: Seconds
    ) -> [CoordinatorDirective] {
        guard phase == .running, isCurrent(message.training, message.generation), members.contains(instance)
        else { return [] }
        results[instance] = message
        position = max(position, message.position)
        return finishIfComplete()
    }

    mutating func finishIfComplete() -> [CoordinatorDirective] {
        guard results.count >= members.count || !isAwaited, let first = members.first,
            let result = results[first]
        else { return [] }
        phase = .done
        var commit = WireShardCommit()
        commit.attempt.stage = spec.stage
        commit.attempt.epoch = spec.epoch
        commit.attempt.attempt = UInt32(truncatingIfNeeded: generation)
        commit.outputs = result.files
        commit.result = result.result
        return abandon() + [.check(commit)]
    }

    /// Whether a member that is still there has not finished.
    private var isAwaited: Bool {
        let living = Set(candidates.map(\.instance))
        return members.contains { results[$0] == nil && living.contains($0) }
    }

    /// Whether the message tells of a failure of this training, and not of one heard of before.
    func isUnfinished(_ message: WireTrainingFailed, of instance: Instance) -> Bool {
        message.training == spec.folder && phase != .done
            && candidates.contains { $0.instance == instance && $0.lastFailure < message.number }
    }

    /// Lets everybody go.
    func abandon() -> [CoordinatorDirective] {
        candidates.map { .send(to: $0.instance, .trainingClose(closeMessage)) }
    }

    /// A member's computation failed; it has thrown its member away.
    package mutating func handle(
        failed message: WireTrainingFailed, from instance: Instance, now: Seconds
    ) -> [CoordinatorDirective] {
        guard isUnfinished(message, of: instance),
            let place = candidates.firstIndex(where: { $0.instance == instance })
        else { return [] }
        candidates[place].lastFailure = message.number
        failures += 1
        let event = ClusterEvent.memberFailed(
            stage: spec.stageName, instance: instance, code: message.failure.code)
        if message.failure.deterministic || failures >= Self.mostFailures {
            return [.report(event), .fail(message.failure)]
        }
        candidates[place].isOpen = false
        candidates[place].asked = now
        return [.report(event), .send(to: instance, .trainingOpen(openMessage))] + drop(instance, now: now)
    }

    /// What a heartbeat says about the training.
    package mutating func handle(
        status: WireTrainingState, pulse: UInt64, from instance: Instance, now: Seconds
    ) {
        guard phase == .running, isCurrent(status.training, status.generation), var watch = watches[instance]
        else { return }
        position = max(position, status.position)
        measure(status, of: instance)
        if watch.state.position != status.position || watch.state.calls != status.calls
            || watch.state.waiting != status.waiting || watch.state.generation != status.generation
            || watch.pulse != pulse || !status.waiting
        {
            watch = Watch(state: status, pulse: pulse, since: now)
        }
        watch.heard = now
        watches[instance] = watch
    }

    /// Seconds of computation per virtual rank and phase of this generation.
    private mutating func measure(_ status: WireTrainingState, of instance: Instance) {
        guard let place = members.firstIndex(of: instance), place < ranges.count,
            status.position > target.position, status.position - target.position >= 5, !ranges[place].isEmpty
        else { return }
        let phases = Double(status.position - target.position)
        let busy = status.runSeconds - status.waitedSeconds
        guard busy > 0, busy.isFinite else { return }
        costs[instance] = busy / (phases * Double(ranges[place].count))
    }

    mutating func watch(now: Seconds) -> [CoordinatorDirective] {
        if let joinAt, now >= joinAt { return prepare(now: now) }
        let settled = settleDisagreement(now: now)
        if !settled.isEmpty { return settled }
        if now - weighed >= Self.weighing, isImbalanced(now: now) {
            return [.report(.ranksMoved(stage: spec.stageName, members: members.count))] + prepare(now: now)
        }
        let unfinished = members.filter { results[$0] == nil }
        let isStuck =
            rules.contains(.boundedWaits) && !unfinished.isEmpty
            && unfinished.allSatisfy { member in
                guard let watch = watches[member] else { return false }
                return watch.state.waiting && now - watch.since >= Self.mutualWait
                    && now - watch.heard <= Self.unheard
            }
        if isStuck { return beginAgain(now: now) }
        guard now - asked >= Self.resend else { return [] }
        asked = now
        // Who has not heard Go reports an older generation or none.
        return unfinished.filter { watches[$0]?.state.generation != generation }
            .map { .send(to: $0, .go(goMessage)) }
    }

    /// Lets members that wait for each other begin anew, and gives up once that has long led nowhere: they do not reach each
    /// other, as when ports between machines are closed.
    private mutating func beginAgain(now: Seconds) -> [CoordinatorDirective] {
        let names = members.compactMap { member in candidates.first { $0.instance == member } }
            .map { $0.host.isEmpty ? $0.endpoint : "\($0.host) (\($0.endpoint))" }
        let first = stuck.flatMap { $0.position == position ? $0 : nil } ?? (position: position, since: now)
        stuck = first
        if now - first.since >= Self.mostApart { return [.fail(apart(names))] }
        return [
            .report(.framesLost(stage: spec.stageName, generation: generation, members: names))
        ] + prepare(now: now)
    }

    /// Whether a step has long taken much more time than it would if virtual ranks moved to the faster members.
    private mutating func isImbalanced(now: Seconds) -> Bool {
        weighed = now
        guard members.count > 1, members.allSatisfy({ self.costs[$0] != nil }) else { return false }
        let present = memberCosts
        func slowest(_ ranges: [Range<Int>]) -> Double {
            zip(ranges, present).map { Double($0.count) * $1 }.max() ?? 0
        }
        let better = VirtualRankPlan.ranges(ranks: spec.virtualRanks, costs: present)
        guard slowest(ranges) > Self.imbalance * slowest(better) else {
            imbalancedSince = nil
            return false
        }
        let since = imbalancedSince ?? now
        imbalancedSince = since
        return now - since >= Self.imbalanceWait
    }

    /// Whether members train or will in a moment.
    package var isUnderWay: Bool {
        switch phase {
        case .forming, .done: return false
        case .preparing, .syncing, .starting: return true
        case .running: return members.first.flatMap { results[$0] } == nil
        }
    }

    /// Asks the member that writes checkpoints for one; nothing if nobody trains.
    package func requestCheckpoint() -> [CoordinatorDirective] {
        guard phase == .running, let first = members.first, results[first] == nil else { return [] }
        var message = WireCheckpoint()
        message.training = spec.folder
        message.generation = generation
        return [.send(to: first, .checkpoint(message))]
    }
}
