package import Foundation

/// A training stage as the coordinator sees it.
package struct TrainingSpec: Sendable, Equatable {
    package var stage: String
    package var stageName: String
    package var payload: Data
    /// K.
    package var virtualRanks: Int
    /// The stage's folder, relative to the run directory.
    package var folder: String
    package var epoch: UInt64
    /// How many workers to wait for at the start, as far as known.
    package var expectedWorkers: Int
    /// Seconds for which newcomers are collected.
    package var joinDelay: Seconds
    /// The way in which members add up.
    package var route = CollectiveRoute.Wish.auto
    /// Bytes of a bucket of gradients; 0 leaves it to the members.
    package var bucketBytes = 0

    package init(
        stage: String, stageName: String, payload: Data, virtualRanks: Int, folder: String, epoch: UInt64,
        expectedWorkers: Int, joinDelay: Seconds
    ) {
        self.stage = stage
        self.stageName = stageName
        self.payload = payload
        self.virtualRanks = virtualRanks
        self.folder = folder
        self.epoch = epoch
        self.expectedWorkers = expectedWorkers
        self.joinDelay = joinDelay
    }
}

/// The members of one training: FORMING → PREPARING(g) → (SAVING) → SYNCING → RUNNING(g) → PREPARING(g+1) …
///
/// Every change of membership takes the same path: everybody stops at a boundary between phases and says where it is;
/// training goes on at the maximum position, whose state the others load; digests are compared; Go.
package struct TrainingGenerations: Sendable {
    /// Where the training is.
    package enum Phase: Sendable, Equatable {
        case forming, preparing, saving, syncing, starting, running, done
    }

    /// Where a member is and a digest of its state there.
    private struct Answer: Sendable, Equatable {
        var position: UInt64
        var digest: Data
    }

    private struct Candidate: Sendable {
        let instance: Instance
        let endpoint: String
        let host: String
        /// Whether it has made its member.
        var isOpen = false
        var asked: Seconds
        /// The number of the failure last heard of.
        var lastFailure: UInt32 = 0
    }

    private struct Watch: Sendable {
        var state = WireTrainingState()
        var pulse: UInt64 = 0
        var since: Seconds = 0
    }

    /// Losses without an applied phase between them after which the job gives up.
    package static let mostLosses = 10
    /// Failures of members, other than deterministic ones, after which the job gives up.
    package static let mostFailures = 3
    /// Seconds after which an unanswered request is sent again.
    package static let resend: Seconds = 1
    /// Seconds for which all members may wait for each other before frames count as lost.
    package static let mutualWait: Seconds = 3

    package let spec: TrainingSpec
    package private(set) var phase = Phase.forming
    /// Epoch · 2³² + counter.
    package private(set) var generation: UInt64
    /// Members of the present generation, in order.
    package private(set) var members: [Instance] = []
    /// The largest position any member told of.
    package private(set) var position: UInt64 = 0
    /// Generations begun.
    package private(set) var generationsBegun = 0

    private var candidates: [Candidate] = []
    private var surplus: [(instance: Instance, endpoint: String, host: String)] = []
    private var answers: [Instance: Answer] = [:]
    private var results: [Instance: WireTrainingDone] = [:]
    private var watches: [Instance: Watch] = [:]
    private var target = Answer(position: 0, digest: Data())
    private var statePath = ""
    private var ranges: [Range<Int>] = []
    private var asked: Seconds = 0
    private var joinAt: Seconds?
    private let opened: Seconds
    private var losses = 0
    private var failures = 0
    private var positionAtLoss: UInt64 = 0

    /// A training without members, whose generations come after `last`.
    package init(_ spec: TrainingSpec, after last: UInt64 = 0, now: Seconds) {
        self.spec = spec
        generation = max(last, spec.epoch << 32)
        opened = now
    }

    // MARK: Who takes part

    /// A worker is there, whose data socket is at `endpoint`.
    package mutating func join(
        _ instance: Instance, endpoint: String, host: String = "", now: Seconds
    ) -> [CoordinatorDirective] {
        guard phase != .done, !candidates.contains(where: { $0.instance == instance }),
            !surplus.contains(where: { $0.instance == instance })
        else { return [] }
        guard candidates.count < spec.virtualRanks else {
            surplus.append((instance, endpoint, host))
            return []
        }
        candidates.append(Candidate(instance: instance, endpoint: endpoint, host: host, asked: now))
        return [.send(to: instance, .trainingOpen(openMessage))]
    }

    /// A worker is gone; `cause` names it should the job give up.
    package mutating func leave(
        _ instance: Instance, cause: LossCause, now: Seconds
    ) -> [CoordinatorDirective] {
        surplus.removeAll { $0.instance == instance }
        guard let place = candidates.firstIndex(where: { $0.instance == instance }) else { return [] }
        candidates.remove(at: place)
        var directives = promote(now: now)
        guard phase != .done else { return [] }
        losses = position > positionAtLoss ? 1 : losses + 1
        positionAtLoss = position
        if losses >= Self.mostLosses { return [.fail(crashed(cause))] }
        directives += drop(instance, now: now)
        return directives
    }

    private mutating func promote(now: Seconds) -> [CoordinatorDirective] {
        guard !surplus.isEmpty, candidates.count < spec.virtualRanks else { return [] }
        let next = surplus.removeFirst()
        return join(next.instance, endpoint: next.endpoint, host: next.host, now: now)
    }

    /// Goes on without `instance`, which was or was not a member.
    private mutating func drop(_ instance: Instance, now: Seconds) -> [CoordinatorDirective] {
        watches[instance] = nil
        guard members.contains(instance) else { return formIfReady(now: now) }
        switch phase {
        case .running where results[instance] != nil:
            return finishIfComplete()
        case .forming, .done: return formIfReady(now: now)
        case .preparing, .saving, .syncing, .starting, .running:
            members.removeAll { $0 == instance }
            return prepare(now: now)
        }
    }

    /// A worker has made its member.
    package mutating func handle(
        opened message: WireOpened, from instance: Instance, now: Seconds
    ) -> [CoordinatorDirective] {
        guard let place = candidates.firstIndex(where: { $0.instance == instance }),
            message.stage == spec.stage
        else { return [] }
        guard !candidates[place].isOpen else { return [] }
        candidates[place].isOpen = true
        position = max(position, message.position)
        if phase == .running, joinAt == nil { joinAt = now + spec.joinDelay }
        return formIfReady(now: now)
    }

    private mutating func formIfReady(now: Seconds) -> [CoordinatorDirective] {
        guard phase == .forming else { return [] }
        let ready = candidates.count { $0.isOpen }
        guard ready > 0, ready == candidates.count else { return [] }
        let isEnough = ready >= min(spec.expectedWorkers, spec.virtualRanks)
        // After a total loss nobody waits for more: the first ones go on.
        guard isEnough || generationsBegun > 0 || now - opened >= spec.joinDelay else { return [] }
        return prepare(now: now)
    }

    // MARK: Prepare → Plan → Ready → Go

    private mutating func prepare(now: Seconds) -> [CoordinatorDirective] {
        members = byHost(candidates.filter(\.isOpen))
        answers = [:]
        results = [:]
        watches = [:]
        joinAt = nil
        guard !members.isEmpty else {
            phase = .forming
            return []
        }
        generation += 1
        phase = .preparing
        asked = now
        return members.map { .send(to: $0, .prepare(prepareMessage)) }
    }

    /// Those of one host beside each other, in the order in which hosts and workers came.
    private func byHost(_ open: [Candidate]) -> [Instance] {
        var groups: [(host: String, instances: [Instance])] = []
        for candidate in open {
            if let place = groups.firstIndex(where: { $0.host == candidate.host }) {
                groups[place].instances.append(candidate.instance)
            } else {
                groups.append((candidate.host, [candidate.instance]))
            }
        }
        return groups.flatMap(\.instances)
    }

    /// A member has stopped at a boundary.
    package mutating func handle(
        prepared message: WirePrepared, from instance: Instance, now: Seconds
    ) -> [CoordinatorDirective] {
        guard phase == .preparing, isCurrent(message.stage, message.generation), members.contains(instance)
        else { return [] }
        answers[instance] = Answer(position: message.position, digest: message.digest)
        guard answers.count == members.count else { return [] }
        let highest = answers.values.map(\.position).max() ?? 0
        let holders = members.filter { answers[$0]?.position == highest }
        guard let first = holders.first, let state = answers[first] else { return [] }
        if let other = holders.first(where: { answers[$0] != state }) {
            return [.fail(diverged(first, other, highest))]
        }
        target = state
        position = max(position, highest)
        if holders.count == members.count {
            statePath = ""
            return plan(now: now)
        }
        statePath = "\(spec.folder)/state.g\(generation)"
        phase = .saving
        asked = now
        return [.send(to: first, .save(saveMessage))]
    }

    /// The member that leads has written its state.
    package mutating func handle(
        saved message: WireSaved, from instance: Instance, now: Seconds
    ) -> [CoordinatorDirective] {
        guard phase == .saving, isCurrent(message.stage, message.generation) else { return [] }
        return plan(now: now)
    }

    private mutating func plan(now: Seconds) -> [CoordinatorDirective] {
        phase = .syncing
        asked = now
        answers = [:]
        ranges = VirtualRankPlan.ranges(ranks: spec.virtualRanks, members: members.count)
        return members.indices.map { .send(to: members[$0], .plan(planMessage(for: $0))) }
    }

    /// A member has reached the position of the plan.
    package mutating func handle(
        ready message: WireReady, from instance: Instance, now: Seconds
    ) -> [CoordinatorDirective] {
        guard phase == .syncing, isCurrent(message.stage, message.generation), members.contains(instance)
        else { return [] }
        let answer = Answer(position: message.position, digest: message.digest)
        guard answer == target else { return [.fail(diverged(members[0], instance, target.position))] }
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

    /// The generation is on record: everybody goes.
    package mutating func handle(durable generation: UInt64, now: Seconds) -> [CoordinatorDirective] {
        guard phase == .starting, generation == self.generation else { return [] }
        phase = .running
        generationsBegun += 1
        for instance in members { watches[instance] = Watch(since: now) }
        if candidates.contains(where: { $0.isOpen && !members.contains($0.instance) }) {
            joinAt = now + spec.joinDelay
        }
        let event = ClusterEvent.generationStarted(
            stage: spec.stageName, generation: generation, members: members.count, position: target.position)
        return [.report(event)] + members.map { .send(to: $0, .go(goMessage)) }
    }

    // MARK: Running

    /// A member has finished.
    package mutating func handle(
        done message: WireTrainingDone, from instance: Instance, now: Seconds
    ) -> [CoordinatorDirective] {
        guard phase == .running, isCurrent(message.stage, message.generation), members.contains(instance)
        else { return [] }
        results[instance] = message
        position = max(position, message.position)
        return finishIfComplete()
    }

    private mutating func finishIfComplete() -> [CoordinatorDirective] {
        let waiting = members.filter { member in
            results[member] == nil && candidates.contains { $0.instance == member }
        }
        guard waiting.isEmpty, let first = members.first, let result = results[first] else { return [] }
        phase = .done
        var commit = WireShardCommit()
        commit.attempt.stage = spec.stage
        commit.attempt.epoch = spec.epoch
        commit.attempt.attempt = UInt32(truncatingIfNeeded: generation)
        commit.outputs = result.files
        commit.result = result.result
        return candidates.map { .send(to: $0.instance, .trainingClose(closeMessage)) } + [.check(commit)]
    }

    /// A member's computation failed; it has thrown its member away.
    package mutating func handle(
        failed message: WireTrainingFailed, from instance: Instance, now: Seconds
    ) -> [CoordinatorDirective] {
        guard message.stage == spec.stage, phase != .done,
            let place = candidates.firstIndex(where: { $0.instance == instance }),
            candidates[place].lastFailure != message.number
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
        guard phase == .running, isCurrent(status.stage, status.generation), var watch = watches[instance]
        else { return }
        position = max(position, status.position)
        if watch.state != status || watch.pulse != pulse || !status.waiting {
            watch = Watch(state: status, pulse: pulse, since: now)
            watches[instance] = watch
        }
    }

    /// Time has passed: unanswered requests are sent again, newcomers join, lost frames are noticed.
    package mutating func tick(now: Seconds) -> [CoordinatorDirective] {
        var directives = resendOpen(now: now)
        switch phase {
        case .forming: directives += formIfReady(now: now)
        case .preparing, .saving, .syncing: directives += resendRequests(now: now)
        case .running: directives += watch(now: now)
        case .starting, .done: break
        }
        return directives
    }

    private mutating func watch(now: Seconds) -> [CoordinatorDirective] {
        if let joinAt, now >= joinAt { return prepare(now: now) }
        let unfinished = members.filter { results[$0] == nil }
        let isStuck =
            !unfinished.isEmpty
            && unfinished.allSatisfy { member in
                guard let watch = watches[member] else { return false }
                return watch.state.waiting && now - watch.since >= Self.mutualWait
            }
        if isStuck {
            return [.report(.framesLost(stage: spec.stageName, generation: generation))] + prepare(now: now)
        }
        guard now - asked >= Self.resend else { return [] }
        asked = now
        // Who has not heard Go reports an older generation or none.
        return unfinished.filter { watches[$0]?.state.generation != generation }
            .map { .send(to: $0, .go(goMessage)) }
    }

    private mutating func resendOpen(now: Seconds) -> [CoordinatorDirective] {
        var directives: [CoordinatorDirective] = []
        for place in candidates.indices where !candidates[place].isOpen {
            guard now - candidates[place].asked >= Self.resend else { continue }
            candidates[place].asked = now
            directives.append(.send(to: candidates[place].instance, .trainingOpen(openMessage)))
        }
        return directives
    }

    private mutating func resendRequests(now: Seconds) -> [CoordinatorDirective] {
        guard now - asked >= Self.resend else { return [] }
        asked = now
        switch phase {
        case .preparing:
            return members.filter { answers[$0] == nil }.map { .send(to: $0, .prepare(prepareMessage)) }
        case .syncing:
            return members.indices.filter { answers[members[$0]] == nil }
                .map { .send(to: members[$0], .plan(planMessage(for: $0))) }
        case .saving:
            // The source is the first at the maximum; asking it again is harmless.
            let source = members.first { answers[$0] == target }
            return source.map { [.send(to: $0, .save(saveMessage))] } ?? []
        case .forming, .starting, .running, .done: return []
        }
    }

    // MARK: Messages

    private func isCurrent(_ stage: String, _ generation: UInt64) -> Bool {
        stage == spec.stage && generation == self.generation
    }

    private var openMessage: WireTrainingOpen {
        var message = WireTrainingOpen()
        message.stage = spec.stage
        message.stageName = spec.stageName
        message.payload = spec.payload
        message.virtualRanks = UInt32(spec.virtualRanks)
        message.folder = spec.folder
        return message
    }

    private var prepareMessage: WirePrepare {
        var message = WirePrepare()
        message.stage = spec.stage
        message.generation = generation
        return message
    }

    private var saveMessage: WireSave {
        var message = WireSave()
        message.stage = spec.stage
        message.generation = generation
        message.path = statePath
        return message
    }

    private var goMessage: WireGo {
        var message = WireGo()
        message.stage = spec.stage
        message.generation = generation
        return message
    }

    private var closeMessage: WireTrainingClose {
        var message = WireTrainingClose()
        message.stage = spec.stage
        return message
    }

    private func planMessage(for index: Int) -> WirePlan {
        var message = WirePlan()
        message.stage = spec.stage
        message.generation = generation
        message.index = UInt32(index)
        message.position = target.position
        message.statePath = statePath
        let places = members.map { member in candidates.first { $0.instance == member } }
        let hosts = places.map { place in places.firstIndex { $0?.host == place?.host } ?? 0 }
        message.route = CollectiveRoute.choose(spec.route, ranges: ranges, hosts: hosts).rawValue
        message.bucketBytes = UInt32(clamping: spec.bucketBytes)
        message.members = members.indices.map { place in
            var member = WireMember()
            member.instance = members[place]
            member.dataEndpoint = places[place]?.endpoint ?? ""
            member.host = UInt32(hosts[place])
            member.firstVirtualRank = UInt32(ranges[place].lowerBound)
            member.virtualRanks = UInt32(ranges[place].count)
            return member
        }
        return message
    }

    // MARK: Giving up

    private func diverged(_ a: Instance, _ b: Instance, _ position: UInt64) -> WireFailure {
        WireFailure(
            code: "cluster.state-diverged",
            message:
                "Stage \"\(spec.stageName)\": workers \(instanceName(a)) and \(instanceName(b)) hold different "
                + "states at position \(position). Expected equal bits. Check memory and CPU of both machines.",
            exitStatus: 70, deterministic: true)
    }

    private func crashed(_ cause: LossCause) -> WireFailure {
        WireFailure(
            code: "cluster.training-crashes",
            message:
                "Stage \"\(spec.stageName)\": \(losses) workers were lost at position \(position) without "
                + "progress; the last one \(cause.text). See log.jsonl in the run directory; if memory ran out, lower "
                + "batch_size or start fewer workers.",
            exitStatus: 70)
    }
}
