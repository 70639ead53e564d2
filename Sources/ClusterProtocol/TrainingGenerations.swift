import Foundation

/// The members of one training: FORMING → PREPARING(g) → SYNCING → RUNNING(g) → PREPARING(g+1) …
///
/// Every change of membership takes the same path: everybody stops at a boundary between phases and says where it is;
/// training goes on at the maximum position, whose state the others copy from those who hold it; digests are compared;
/// Go. With fewer workers than the minimum it is paused: FORMING, with ``pausedSince``.
package struct TrainingGenerations: Sendable {
    /// Where the training is.
    package enum Phase: Sendable, Equatable {
        case forming, preparing, syncing, starting, running, done
    }

    /// Where a member is and a digest of its state there.
    struct Answer: Sendable, Equatable {
        var position: UInt64
        var digest: Data
    }

    struct Candidate: Sendable {
        let instance: Instance
        let endpoint: String
        /// Public key of the endpoint; empty: not protected.
        let key: String
        let host: String
        /// When it came.
        let joined: Seconds
        /// Whether it has made its member.
        var isOpen = false
        var asked: Seconds
        /// The number of the failure last heard of.
        var lastFailure: UInt32 = 0
        /// How often it did not have the state that it had copied.
        var mismatches = 0
    }

    /// What a running member told last.
    struct Watch: Sendable {
        var state = WireTrainingState()
        var pulse: UInt64 = 0
        var since: Seconds = 0
        /// When it told anything.
        var heard: Seconds = 0
    }

    /// Incidents without an applied phase between them after which the job gives up.
    package static let mostLosses = 10
    /// Seconds within which workers that were there together are lost by one incident, as when a machine loses its power.
    package static let incident: Seconds = 10
    /// Seconds for which those who are ready wait for one who makes its member, before they begin without it.
    package static let openWait: Seconds = 60
    /// Failures of members, other than deterministic ones, after which the job gives up.
    package static let mostFailures = 3
    /// Seconds after which an unanswered request is sent again.
    package static let resend: Seconds = 1
    /// Seconds for which all members may wait for each other before frames count as lost.
    package static let mutualWait: Seconds = 3
    /// Seconds for which members may begin anew without an applied phase, since each time they came to wait for each other.
    package static let mostApart: Seconds = 600
    /// Seconds without a word from a member after which frames are not to blame: it is given up by name in a moment.
    static let unheard: Seconds = 2
    /// Seconds for which all members are heard when their states differ.
    package static let disagreementWait: Seconds = 5

    package let spec: TrainingSpec
    let rules: ProtocolRules
    package internal(set) var phase = Phase.forming
    /// Epoch · 2³² + counter.
    package internal(set) var generation: UInt64
    /// Members of the present generation, in order.
    package internal(set) var members: [Instance] = []
    /// The virtual ranks of the members, in order.
    package internal(set) var ranges: [Range<Int>] = []
    /// The largest position any member told of.
    package internal(set) var position: UInt64 = 0
    /// Generations begun.
    package internal(set) var generationsBegun = 0
    /// When the training was paused for want of workers; nil while it is not.
    package internal(set) var pausedSince: Seconds?

    var candidates: [Candidate] = []
    var surplus: [(instance: Instance, endpoint: String, key: String, host: String)] = []
    var answers: [Instance: Answer] = [:]
    var results: [Instance: WireTrainingDone] = [:]
    var watches: [Instance: Watch] = [:]
    var disagreements: [Instance: Answer] = [:]
    var firstDisagreement: Seconds = 0
    /// Seconds per virtual rank and phase, as last measured.
    var costs: [Instance: Double] = [:]
    var imbalancedSince: Seconds?
    /// When the balance was last looked at.
    var weighed: Seconds = 0
    /// Places of members that copy the state.
    package internal(set) var behind: [Int] = []
    /// The plan of the present generation but for the receiver's place.
    var commonPlan = WirePlan()
    var target = Answer(position: 0, digest: Data())
    /// Copies that were not what was copied: nobody else may take them for the state, should its holders be gone.
    var refuted: [Answer] = []
    /// Raised when everybody goes back to the newest checkpoint.
    var round: UInt64 = 0
    var asked: Seconds = 0
    var joinAt: Seconds?
    var formingSince: Seconds
    let opened: Seconds
    /// Where members first came to wait for each other, and when.
    var stuck: (position: UInt64, since: Seconds)?
    var losses = 0
    var failures = 0
    var positionAtLoss: UInt64 = 0
    /// When the last loss that counts was.
    private var lossCounted: Seconds?

    /// A training without members, whose generations come after `last`.
    package init(_ spec: TrainingSpec, after last: UInt64 = 0, now: Seconds, rules: ProtocolRules = .all) {
        self.spec = spec
        self.rules = rules
        generation = max(last, spec.epoch << 32)
        opened = now
        formingSince = now
    }

    // MARK: Who takes part

    /// A worker is there, whose data socket is at `endpoint`.
    package mutating func join(
        _ instance: Instance, endpoint: String, key: String = "", host: String = "", now: Seconds
    ) -> [CoordinatorDirective] {
        guard phase != .done, !candidates.contains(where: { $0.instance == instance }),
            !surplus.contains(where: { $0.instance == instance })
        else { return [] }
        guard candidates.count < spec.capacity else {
            surplus.append((instance, endpoint, key, host))
            return []
        }
        candidates.append(
            Candidate(
                instance: instance, endpoint: endpoint, key: key, host: host, joined: now, asked: now))
        return [.send(to: instance, .trainingOpen(openMessage))]
    }

    /// A worker is gone; `cause` names it should the job give up.
    package mutating func leave(
        _ instance: Instance, cause: LossCause, now: Seconds
    ) -> [CoordinatorDirective] {
        surplus.removeAll { $0.instance == instance }
        costs[instance] = nil
        guard let place = candidates.firstIndex(where: { $0.instance == instance }) else { return [] }
        let gone = candidates.remove(at: place)
        let directives = promote(now: now)
        guard phase != .done else { return [] }
        if cause != .left, isIncident(gone, now: now) {
            losses = position > positionAtLoss ? 1 : losses + 1
            (positionAtLoss, lossCounted) = (position, now)
            if losses >= Self.mostLosses { return [.fail(crashed(cause))] }
        }
        return directives + drop(instance, now: now)
    }

    /// Whether a loss counts: one of several workers that were there together and go together does not.
    private func isIncident(_ gone: Candidate, now: Seconds) -> Bool {
        guard let lossCounted else { return true }
        return gone.joined > lossCounted || now - lossCounted > Self.incident
    }

    private mutating func promote(now: Seconds) -> [CoordinatorDirective] {
        guard !surplus.isEmpty, candidates.count < spec.capacity else { return [] }
        let next = surplus.removeFirst()
        return join(next.instance, endpoint: next.endpoint, key: next.key, host: next.host, now: now)
    }

    /// Goes on without `instance`, which was or was not a member.
    mutating func drop(_ instance: Instance, now: Seconds) -> [CoordinatorDirective] {
        watches[instance] = nil
        guard members.contains(instance) else { return formIfReady(now: now) }
        switch phase {
        case .running where results[instance] != nil:
            return finishIfComplete()
        case .forming, .done: return formIfReady(now: now)
        case .preparing, .syncing, .starting, .running:
            members.removeAll { $0 == instance }
            return prepare(now: now)
        }
    }

    /// A worker has made its member.
    package mutating func handle(
        opened message: WireOpened, from instance: Instance, now: Seconds
    ) -> [CoordinatorDirective] {
        guard let place = candidates.firstIndex(where: { $0.instance == instance }),
            message.training == spec.folder
        else { return [] }
        // A survivor of an earlier epoch knows of a return to a checkpoint that this one has not heard of.
        if message.round > round { return reopen(round: message.round, now: now) }
        guard message.round == round, !candidates[place].isOpen else { return [] }
        candidates[place].isOpen = true
        position = max(position, message.position)
        if phase == .running, joinAt == nil { joinAt = now + spec.joinDelay }
        var directives: [CoordinatorDirective] = []
        if message.damagedCheckpoints > 0 {
            directives.append(
                .report(
                    .checkpointDamaged(
                        stage: spec.stageName, instance: instance, files: Int(message.damagedCheckpoints),
                        position: message.position)))
        }
        return directives + formIfReady(now: now)
    }

    /// Everybody makes its member again, from the newest checkpoint.
    mutating func reopen(round: UInt64, now: Seconds) -> [CoordinatorDirective] {
        self.round = round
        refuted = []
        position = 0
        positionAtLoss = 0
        members = []
        watches = [:]
        phase = .forming
        formingSince = now
        for place in candidates.indices {
            candidates[place].isOpen = false
            candidates[place].asked = now
        }
        return candidates.map { .send(to: $0.instance, .trainingOpen(openMessage)) }
    }

    // MARK: Enough members

    mutating func formIfReady(now: Seconds) -> [CoordinatorDirective] {
        guard phase == .forming else { return [] }
        let ready = candidates.count { $0.isOpen }
        guard ready >= spec.quorum else { return pauseIfLate(ready, now: now) }
        // Whoever is late joins the others later.
        let isAwaited = candidates.contains {
            !$0.isOpen && now - max($0.joined, formingSince) < Self.openWait
        }
        guard !isAwaited else { return [] }
        let isEnough = ready >= min(spec.expectedWorkers, spec.capacity)
        // After a total loss nobody waits for more: the first ones go on.
        guard isEnough || generationsBegun > 0 || now - opened >= spec.joinDelay else { return [] }
        return prepare(now: now)
    }

    /// Says after a while that workers are missing, and ends the job after a long one.
    private mutating func pauseIfLate(_ ready: Int, now: Seconds) -> [CoordinatorDirective] {
        guard spec.quorum > 1 else { return [] }
        if let pausedSince {
            return now - pausedSince > spec.pauseLimit ? [.fail(tooFew(ready))] : []
        }
        guard now - formingSince >= spec.joinDelay || generationsBegun > 0 else { return [] }
        return pause(ready, now: now)
    }

    /// Waits for workers; members of the last generation wait inside their collectives.
    mutating func pause(_ ready: Int, now: Seconds) -> [CoordinatorDirective] {
        phase = .forming
        formingSince = now
        members = []
        watches = [:]
        guard spec.quorum > 1 else { return [] }
        pausedSince = pausedSince ?? now
        return [
            .report(
                .trainingPaused(
                    stage: spec.stageName, members: ready, minimum: spec.quorum,
                    endsAfter: spec.pauseLimit))
        ]
    }

    // MARK: Time

    /// Time has passed: unanswered requests are sent again, newcomers join, lost frames are noticed.
    package mutating func tick(now: Seconds) -> [CoordinatorDirective] {
        var directives = resendOpen(now: now)
        switch phase {
        case .forming: directives += formIfReady(now: now)
        case .preparing, .syncing: directives += resendRequests(now: now)
        case .running: directives += watch(now: now)
        case .starting, .done: break
        }
        return directives
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
        if phase == .preparing {
            // Who has not answered may have lost his member to a late TrainingClose of the same stage: he opens it again,
            // everybody else knows it already.
            return members.filter { answers[$0] == nil }.flatMap {
                [.send(to: $0, .trainingOpen(openMessage)), .send(to: $0, .prepare(prepareMessage))]
            }
        }
        return members.indices.filter { answers[members[$0]] == nil }
            .map { .send(to: members[$0], .plan(planMessage(for: $0))) }
    }
}
