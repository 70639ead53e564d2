import Foundation

/// Prepare → Plan → Ready → Go.
extension TrainingGenerations {
    mutating func prepare(now: Seconds) -> [CoordinatorDirective] {
        let open = byHost(candidates.filter(\.isOpen))
        answers = [:]
        results = [:]
        watches = [:]
        disagreements = [:]
        joinAt = nil
        imbalancedSince = nil
        guard open.count >= spec.quorum else { return pause(open.count, now: now) }
        members = open
        pausedSince = nil
        generation += 1
        phase = .preparing
        asked = now
        return members.map { .send(to: $0, .prepare(prepareMessage)) }
    }

    /// Those of one host beside each other, in the order in which hosts and workers came.
    private func byHost(_ open: [Candidate]) -> [Instance] {
        var groups: [(host: String, instances: [Instance])] = []
        var places: [String: Int] = [:]
        for candidate in open {
            if let place = places[candidate.host] {
                groups[place].instances.append(candidate.instance)
            } else {
                places[candidate.host] = groups.count
                groups.append((candidate.host, [candidate.instance]))
            }
        }
        return groups.flatMap(\.instances)
    }

    /// A member has stopped at a boundary.
    package mutating func handle(
        prepared message: WirePrepared, from instance: Instance, now: Seconds
    ) -> [CoordinatorDirective] {
        guard phase == .preparing, isCurrent(message.training, message.generation), members.contains(instance)
        else { return [] }
        answers[instance] = Answer(position: message.position, digest: message.digest)
        guard answers.count == members.count else { return [] }
        let positions = answers.values.map(\.position)
        let highest = (rules.contains(.resumeAtMaximum) ? positions.max() : positions.min()) ?? 0
        let holders = members.filter { answers[$0]?.position == highest }
        let claims = holders.compactMap { holder in answers[holder].map { (holder, $0) } }.filter {
            !refuted.contains($0.1)
        }
        guard let state = claims.first?.1 else {
            // Whoever had the right state is gone.
            generation += 1
            return reopen(round: generation, now: now)
        }
        if rules.contains(.compareStates), claims.contains(where: { $0.1 != state }) {
            return settle(claims, absent: [], now: now)
        }
        target = state
        position = max(position, highest)
        return plan(now: now)
    }

    private mutating func plan(now: Seconds) -> [CoordinatorDirective] {
        phase = .syncing
        asked = now
        behind = members.indices.filter { answers[members[$0]] != target }
        answers = [:]
        ranges = VirtualRankPlan.ranges(ranks: spec.virtualRanks, costs: memberCosts)
        commonPlan = makePlan()
        return members.indices.map { .send(to: members[$0], .plan(planMessage(for: $0))) }
    }

    /// Measured costs; who has none yet is taken to be as fast as the one in the middle.
    var memberCosts: [Double] {
        let known = members.compactMap { costs[$0] }.sorted()
        let middle = known.isEmpty ? 1 : known[known.count / 2]
        return members.map { costs[$0] ?? middle }
    }

    /// A member has reached the position of the plan.
    package mutating func handle(
        ready message: WireReady, from instance: Instance, now: Seconds
    ) -> [CoordinatorDirective] {
        guard phase == .syncing, isCurrent(message.training, message.generation), members.contains(instance)
        else { return [] }
        let answer = Answer(position: message.position, digest: message.digest)
        guard answer == target || !rules.contains(.compareStates) else {
            return mismatch(answer, of: instance, now: now)
        }
        answers[instance] = answer
        guard answers.count == members.count else { return [] }
        phase = .starting
        var record = WireGenerationStart()
        record.stage = spec.stage
        record.generation = generation
        record.position = target.position
        record.instances = members
        var entry = WireJournalRecord()
        entry.generation = record
        return [.append(entry, mark: .generation(generation))]
    }

    /// A member does not have the state that the others have: once it may copy again, then it is expelled.
    private mutating func mismatch(
        _ answer: Answer, of instance: Instance, now: Seconds
    ) -> [CoordinatorDirective] {
        guard let place = candidates.firstIndex(where: { $0.instance == instance }) else { return [] }
        candidates[place].mismatches += 1
        if answer.position == target.position { refuted.append(answer) }
        guard candidates[place].mismatches > 1 else { return prepare(now: now) }
        guard members.count > 1 else { return [.fail(diverged(instance, instance, target.position))] }
        return [.bar(instance, position: target.position)]
    }

    /// The generation is on record: everybody goes.
    package mutating func handle(durable generation: UInt64, now: Seconds) -> [CoordinatorDirective] {
        guard phase == .starting, generation == self.generation else { return [] }
        phase = .running
        generationsBegun += 1
        for instance in members { watches[instance] = Watch(since: now, heard: now) }
        if candidates.contains(where: { $0.isOpen && !members.contains($0.instance) }) {
            joinAt = now + spec.joinDelay
        }
        let event = ClusterEvent.generationStarted(
            stage: spec.stageName, generation: generation, members: members.count, position: target.position)
        return [.report(event)] + members.map { .send(to: $0, .go(goMessage)) }
    }

    // MARK: Different states

    /// Members hold different states at one position: the majority goes back to the newest checkpoint, since the others
    /// have contributed to its sums; without a majority the job ends.
    mutating func settle(
        _ claims: [(Instance, Answer)], absent: [Instance], now: Seconds
    ) -> [CoordinatorDirective] {
        let counts = claims.map { claim in claims.count { $0.1 == claim.1 } }
        guard let most = counts.max(), let best = counts.firstIndex(of: most) else { return [] }
        let (first, state) = claims[best]
        guard 2 * most > claims.count + absent.count else {
            let other = claims.first { $0.1 != state }?.0 ?? absent.first ?? first
            return [.fail(diverged(first, other, state.position))]
        }
        let wrong = claims.filter { $0.1 != state }.map(\.0) + absent
        disagreements = [:]
        generation += 1
        let directives = reopen(round: generation, now: now).filter { directive in
            if case .send(let instance, _) = directive { return !wrong.contains(instance) }
            return true
        }
        return wrong.map { .bar($0, position: state.position) } + directives
    }

    /// A member found that digests differ; it stands still until it is told what to do.
    package mutating func handle(
        disagreed message: WireDisagreed, from instance: Instance, now: Seconds
    ) -> [CoordinatorDirective] {
        guard phase == .running, isCurrent(message.training, message.generation), members.contains(instance),
            Int(message.index) < message.digests.count
        else { return [] }
        if disagreements.isEmpty { firstDisagreement = now }
        disagreements[instance] = Answer(
            position: message.position, digest: message.digests[Int(message.index)])
        return settleDisagreement(now: now)
    }

    /// Decides once everybody was heard, or time is up for those who were not.
    mutating func settleDisagreement(now: Seconds) -> [CoordinatorDirective] {
        guard !disagreements.isEmpty else { return [] }
        let isComplete = members.allSatisfy { disagreements[$0] != nil }
        guard isComplete || now - firstDisagreement >= Self.disagreementWait else { return [] }
        let claims = members.compactMap { member in disagreements[member].map { (member, $0) } }
        return settle(claims, absent: members.filter { disagreements[$0] == nil }, now: now)
    }
}
