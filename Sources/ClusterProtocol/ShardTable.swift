package import Foundation

/// The shards of one stage: PENDING → LEASED → COMMITTED, the last being final.
///
/// A lease makes a shard available again when its worker is gone; safety never depends on it, since every attempt has
/// files of its own and the first commit wins.
package struct ShardTable: Sendable {
    /// A shard's name, its payload, and what it works on in words for errors.
    package struct Item: Sendable, Equatable {
        package var name: String
        package var payload: Data
        /// What the shard works on, in words.
        package var subject: String

        /// An item; the default subject says nothing.
        package init(name: String, payload: Data, subject: String = "") {
            self.name = name
            self.payload = payload
            self.subject = subject
        }
    }

    /// What to do with a reported result.
    package enum Disposition: Sendable, Equatable {
        /// Look at the files.
        case check
        /// The shard is committed already: acknowledge and forget.
        case duplicate
        /// Known and under way.
        case pending
    }

    /// Failures of one shard after which the job gives up.
    package static let mostFailures = 3
    /// Workers that may be lost from outside over one shard before the job gives up, while not half as many are lost elsewhere.
    package static let mostLosses = 10
    /// The same, however many are lost elsewhere.
    package static let mostLossesInAStorm = 40

    /// Digest of what the stage depends on.
    package let stage: String
    package let stageName: String
    package let items: [Item]
    package let epoch: UInt64
    private let rules: ProtocolRules
    /// Whether the stage was finished before and lacks what was found to be damaged.
    private let isAgain: Bool
    /// Attempts up to these, and all of earlier epochs, are not taken; nil: all are.
    private var outdated: [UInt32]?
    /// Committed shards in place, nil for the others.
    package private(set) var commits: [WireShardCommit?]
    /// How many are committed.
    package private(set) var committedCount = 0

    /// How many wait for a worker.
    package private(set) var pendingCount = 0

    private var shards: [Shard]
    /// Indices, the preferred one last; may hold shards that are no longer pending.
    private var queue: [Int]
    /// What each worker holds, oldest first.
    private var holdings: [Instance: Holding] = [:]
    /// Reported results of each worker that are not acknowledged yet.
    private var unacknowledged: [Instance: Int] = [:]
    /// Workers lost while they computed some shard, and idle ones that were killed.
    private var totalLosses = 0

    private struct Lease: Sendable {
        let attempt: WireAttemptID
        let granted: Seconds
        var isRevoked = false
    }

    private struct Holding: Sendable {
        var leases: [Lease] = []
        var deadline: Seconds
        /// The lease in work, and since when.
        var working: WireAttemptID?
        var workingSince: Seconds = 0
    }

    private struct Shard: Sendable {
        var holders: [Reporter] = []
        /// Attempts whose files are being looked at.
        var checking: [WireAttemptID] = []
        /// The attempt whose commit is on its way to disk.
        var committing: WireAttemptID?
        /// Reporters to acknowledge once the shard is committed.
        var reporters: [Reporter] = []
        /// Attempts that failed; whoever still lists them is out of date.
        var dead: [WireAttemptID] = []
        /// Workers on which it failed: others are tried first.
        var failedOn: Set<Instance> = []
        var failures = 0
        /// Workers that were killed or fell silent over it.
        var losses = 0
        /// How many of them were killed (signal 9, which is also how memory runs out).
        var kills = 0
        /// Workers lost over other shards, or idle, when the first was lost over this one.
        var lossesElsewhere = 0
        /// Workers lost since then that held this one, in hand or not.
        var lossesHolding = 0
        var attempts: UInt32 = 0
        var isCommitted = false

        var isPending: Bool {
            !isCommitted && holders.isEmpty && checking.isEmpty && committing == nil
        }
    }

    /// Who holds or reported which attempt.
    package struct Reporter: Sendable, Equatable {
        package let attempt: WireAttemptID
        package let instance: Instance
    }

    /// A stage's shards, with those already committed by an earlier epoch.
    package init(
        stage: String, stageName: String, items: [Item], epoch: UInt64, commits: [Int: WireShardCommit] = [:],
        isAgain: Bool = false, rules: ProtocolRules = .all
    ) {
        self.rules = rules
        self.isAgain = isAgain
        self.stage = stage
        self.stageName = stageName
        self.items = items
        self.epoch = epoch
        self.commits = items.indices.map { commits[$0] }
        shards = self.commits.map { commit in
            var shard = Shard()
            shard.isCommitted = commit != nil
            return shard
        }
        committedCount = self.commits.count { $0 != nil }
        queue = items.indices.reversed().filter { commits[$0] == nil }
        pendingCount = queue.count
    }

    /// How many attempts were given at each shard in this epoch.
    package var attempts: [UInt32] { shards.map(\.attempts) }

    /// Goes on counting attempts where an earlier table of the stage stopped, since every attempt has files of its own;
    /// results of those are not taken any more.
    mutating func continueAttempts(after given: [UInt32]) {
        guard isAgain || !given.isEmpty else { return }
        for (index, count) in given.enumerated() where index < shards.count {
            shards[index].attempts = max(shards[index].attempts, count)
        }
        outdated = attempts
    }

    /// Whether an attempt belongs to an earlier opening of the stage.
    private func isOutdated(_ attempt: WireAttemptID, _ index: Int) -> Bool {
        guard let outdated else { return false }
        return attempt.epoch != epoch || attempt.attempt <= outdated[index]
    }

    /// Whether every shard is committed.
    package var isComplete: Bool { committedCount == items.count }

    /// Leases the next pending shard to `instance` until `deadline`; nil if there is none.
    ///
    /// A shard that failed on `instance` is left to one of `others` on which it did not.
    package mutating func grant(
        to instance: Instance, others: [Instance] = [], now: Seconds, deadline: Seconds
    ) -> WireAttemptID? {
        var passed: [Int] = []
        defer { queue += passed.reversed() }
        while let index = queue.popLast() {
            guard shards[index].isPending else { continue }
            let failedOn = shards[index].failedOn
            if failedOn.contains(instance), others.contains(where: { !failedOn.contains($0) }) {
                passed.append(index)
                continue
            }
            return leaseNext(index, to: instance, now: now, deadline: deadline)
        }
        return nil
    }

    private mutating func leaseNext(
        _ index: Int, to instance: Instance, now: Seconds, deadline: Seconds
    ) -> WireAttemptID {
        var attempt = WireAttemptID()
        attempt.stage = stage
        attempt.shard = UInt32(index)
        attempt.epoch = epoch
        attempt.attempt = shards[index].attempts + 1
        lease(attempt, index, to: instance, now: now, deadline: deadline)
        return attempt
    }

    /// Notes what `instance` is computing now.
    package mutating func noteWork(of instance: Instance, now: Seconds) {
        guard let first = holdings[instance]?.leases.first?.attempt, holdings[instance]?.working != first
        else { return }
        holdings[instance]?.working = first
        holdings[instance]?.workingSince = now
    }

    /// Leases the shard that somebody has computed for the longest time, more than `seconds`, to idle `instance`, too.
    ///
    /// Whoever is done first wins. Returns the new attempt and who is slow.
    package mutating func secondAttempt(
        to instance: Instance, longerThan seconds: Seconds, now: Seconds, deadline: Seconds
    ) -> (attempt: WireAttemptID, slow: Reporter)? {
        let slow = holdings.compactMap { holder, holding -> (since: Seconds, reporter: Reporter)? in
            guard let attempt = holding.working, holding.leases.first?.attempt == attempt, holder != instance,
                now - holding.workingSince > seconds, let index = index(of: attempt),
                !shards[index].isCommitted, shards[index].holders.count == 1,
                shards[index].checking.isEmpty, shards[index].committing == nil
            else { return nil }
            return (holding.workingSince, Reporter(attempt: attempt, instance: holder))
        }
        let slowest = slow.min { ($0.since, $0.reporter.instance) < ($1.since, $1.reporter.instance) }
        guard let slowest, let index = index(of: slowest.reporter.attempt) else { return nil }
        let attempt = leaseNext(index, to: instance, now: now, deadline: deadline)
        return (attempt, slowest.reporter)
    }

    /// Whether nobody holds anything and no result is on its way to disk.
    package var isQuiet: Bool {
        holdings.values.allSatisfy(\.leases.isEmpty)
            && shards.allSatisfy { $0.checking.isEmpty && $0.committing == nil }
    }

    /// Takes over a grant of an earlier epoch that `instance` still holds; returns whether it is wanted. One that nobody can have
    /// given is not.
    package mutating func adopt(
        _ attempt: WireAttemptID, by instance: Instance, now: Seconds, deadline: Seconds
    ) -> Bool {
        guard let index = index(of: attempt), !shards[index].dead.contains(attempt),
            !isOutdated(attempt, index),
            (attempt.epoch, attempt.attempt) <= (epoch, shards[index].attempts)
        else { return false }
        if shards[index].holders.contains(Reporter(attempt: attempt, instance: instance)) { return true }
        // A result that is being looked at or committed needs nothing more from its worker but patience.
        guard shards[index].isPending else {
            return shards[index].checking.contains(attempt) || shards[index].committing == attempt
        }
        lease(attempt, index, to: instance, now: now, deadline: deadline)
        return true
    }

    /// The grants that `instance` holds, oldest first.
    package func held(by instance: Instance) -> [WireAttemptID] {
        holdings[instance]?.leases.map(\.attempt) ?? []
    }

    /// How many grants `instance` holds.
    package func heldCount(by instance: Instance) -> Int { holdings[instance]?.leases.count ?? 0 }

    /// How many shards `instance` keeps: grants, and results that are not acknowledged yet.
    package func keptCount(by instance: Instance) -> Int {
        heldCount(by: instance) + unacknowledged[instance, default: 0]
    }

    /// Grants of `instance` older than `age` that it does not list: they were lost on the way.
    package func missing(
        from listed: [WireAttemptID], instance: Instance, now: Seconds, age: Seconds
    ) -> [WireAttemptID] {
        (holdings[instance]?.leases ?? []).filter { now - $0.granted > age && !listed.contains($0.attempt) }
            .map(\.attempt)
    }

    /// Marks the newest grant of `instance` as asked back, if it holds at least two; nil if there is none to ask for.
    ///
    /// With `idle`, only one that did not fail on one of them.
    package mutating func revokeNewest(of instance: Instance, idle: [Instance] = []) -> WireAttemptID? {
        guard var holding = holdings[instance], holding.leases.count > 1 else { return nil }
        let place = holding.leases.lastIndex { lease in
            guard !lease.isRevoked, let index = index(of: lease.attempt) else { return false }
            return idle.isEmpty || idle.contains { !shards[index].failedOn.contains($0) }
        }
        guard let place, place > 0 else { return nil }
        holding.leases[place].isRevoked = true
        holdings[instance] = holding
        return holding.leases[place].attempt
    }

    /// Renews the leases of `instance`.
    package mutating func renew(_ instance: Instance, deadline: Seconds) {
        holdings[instance]?.deadline = deadline
    }

    /// Moves every deadline, after the coordinator itself stood still.
    package mutating func postpone(by seconds: Seconds) {
        for instance in holdings.keys {
            holdings[instance]?.deadline += seconds
            holdings[instance]?.workingSince += seconds
        }
    }

    /// Takes back a grant that was not begun.
    package mutating func takeBack(_ attempt: WireAttemptID, from instance: Instance) {
        guard let index = index(of: attempt) else { return }
        release(attempt, index, from: instance)
    }

    /// Takes back the leases that have run out, and says which.
    package mutating func expire(now: Seconds) -> [Reporter] {
        guard rules.contains(.leasesEnd) else { return [] }
        let late = holdings.filter { $0.value.deadline < now && !$0.value.leases.isEmpty }.keys.sorted()
        return late.flatMap { instance in
            held(by: instance).map { attempt in
                takeBack(attempt, from: instance)
                return Reporter(attempt: attempt, instance: instance)
            }
        }
    }

    /// Notes a reported result.
    package mutating func report(_ attempt: WireAttemptID, from instance: Instance) -> Disposition {
        // A result that was refused may come again before its worker hears of it: it has failed once, not twice.
        guard let index = index(of: attempt), !isFinal(index), !isOutdated(attempt, index),
            !shards[index].dead.contains(attempt)
        else { return .duplicate }
        if !rules.contains(.countCommitted) { committedCount += 1 }
        let reporter = Reporter(attempt: attempt, instance: instance)
        let isNews = shards[index].committing == nil && !shards[index].checking.contains(attempt)
        if !shards[index].reporters.contains(reporter) { unacknowledged[instance, default: 0] += 1 }
        change(index) { shard in
            if !shard.reporters.contains(reporter) { shard.reporters.append(reporter) }
            if isNews { shard.checking.append(attempt) }
        }
        release(attempt, index, from: instance)
        return isNews ? .check : .pending
    }

    /// Notes that an attempt's files are as reported; returns whether this attempt is to be committed.
    package mutating func confirm(_ attempt: WireAttemptID) -> Bool {
        guard let index = index(of: attempt) else { return false }
        let isFirst = !isFinal(index) && shards[index].committing == nil
        change(index) { shard in
            shard.checking.removeAll { $0 == attempt }
            if isFirst { shard.committing = attempt }
        }
        return isFirst
    }

    /// Notes that an attempt's files are not there; returns who reported it.
    package mutating func refuse(_ attempt: WireAttemptID) -> [Reporter] {
        guard let index = index(of: attempt) else { return [] }
        let reporters = shards[index].reporters.filter { $0.attempt == attempt }
        noteAnswered(reporters)
        change(index) { shard in
            shard.checking.removeAll { $0 == attempt }
            shard.reporters.removeAll { $0.attempt == attempt }
        }
        return reporters
    }

    /// Notes that a commit is on disk; returns the reporters to acknowledge and the leases that have become useless.
    package mutating func commit(_ commit: WireShardCommit) -> (reporters: [Reporter], useless: [Reporter]) {
        guard let index = index(of: commit.attempt), !isFinal(index) else { return ([], []) }
        if rules.contains(.countCommitted), commits[index] == nil { committedCount += 1 }
        commits[index] = commit
        let (reporters, useless) = (shards[index].reporters, shards[index].holders)
        noteAnswered(reporters)
        change(index) { shard in
            let attempts = shard.attempts
            shard = Shard()
            shard.isCommitted = true
            shard.attempts = attempts
        }
        for holder in useless {
            holdings[holder.instance]?.leases.removeAll { $0.attempt == holder.attempt }
        }
        return (reporters, useless)
    }

    /// Counts a failure of an attempt and makes the shard available; returns whether the job must give up.
    package mutating func fail(
        _ attempt: WireAttemptID, from instance: Instance, deterministic: Bool
    ) -> Bool {
        guard let index = index(of: attempt), !shards[index].isCommitted else { return false }
        shards[index].failures += 1
        shards[index].failedOn.insert(instance)
        shards[index].dead.append(attempt)
        release(attempt, index, from: instance)
        return deterministic || shards[index].failures >= Self.mostFailures
    }

    /// Takes back everything that `instance` held; the oldest grant was in work, which counts against its shard.
    ///
    /// Three crashes are too many. So are three kills, unless workers were lost over other shards or idle meanwhile: then
    /// somebody kills workers, and ten are, or forty if half as many and more were lost elsewhere. Returns the attempts,
    /// and the shard over which too many workers were lost, if any, in words.
    package mutating func lose(
        _ instance: Instance, cause: LossCause
    ) -> (attempts: [WireAttemptID], giveUp: String?) {
        let attempts = held(by: instance)
        for attempt in attempts { takeBack(attempt, from: instance) }
        holdings[instance] = nil
        unacknowledged[instance] = nil
        let open = attempts.filter { index(of: $0).map { !shards[$0].isCommitted } ?? false }
        guard cause != .left, let first = open.first, let index = index(of: first) else {
            if cause.isFromOutside { totalLosses += 1 }
            return (attempts, nil)
        }
        if shards[index].lossesHolding == 0 { shards[index].lossesElsewhere = totalLosses }
        totalLosses += 1
        shards[index].failedOn.insert(instance)
        if cause.isCrash { shards[index].failures += 1 } else { shards[index].losses += 1 }
        // What was computed before may still wait to be published, so that the culprit is not the first that is held.
        for held in Set(open.compactMap(self.index(of:)))
        where held == index || shards[held].lossesHolding > 0 { shards[held].lossesHolding += 1 }
        if cause == .signalled(9) { shards[index].kills += 1 }
        return (attempts, isPoison(shards[index]) ? place(of: first) : nil)
    }

    private func isPoison(_ shard: Shard) -> Bool {
        if shard.failures >= Self.mostFailures || shard.losses >= Self.mostLossesInAStorm { return true }
        let elsewhere = totalLosses - shard.lossesElsewhere - shard.lossesHolding
        if shard.losses >= Self.mostLosses && 2 * elsewhere < shard.losses { return true }
        return shard.failures + shard.kills >= Self.mostFailures && elsewhere <= 0
    }

    /// Whether an earlier attempt at the same shard failed or was lost; grants that were taken back unbegun do not count.
    package func isRepetition(_ attempt: WireAttemptID) -> Bool {
        index(of: attempt).map { shards[$0].failures + shards[$0].losses > 0 } ?? false
    }

    /// The shard's name; empty for an attempt of another stage.
    package func name(of attempt: WireAttemptID) -> String { index(of: attempt).map { items[$0].name } ?? "" }

    /// Stage, shard and what it works on, in words for errors.
    package func place(of attempt: WireAttemptID) -> String {
        let item = index(of: attempt).map { items[$0] }
        let subject = item.map { $0.subject.isEmpty ? "" : " (\($0.subject))" } ?? ""
        return "Stage \"\(stageName)\", shard \"\(item?.name ?? "")\"\(subject)"
    }

    /// The shard's place; nil for an attempt of another stage.
    package func index(of attempt: WireAttemptID) -> Int? {
        attempt.stage == stage && Int(attempt.shard) < items.count ? Int(attempt.shard) : nil
    }

    /// Whether a shard is committed for good.
    private func isFinal(_ index: Int) -> Bool {
        shards[index].isCommitted && rules.contains(.firstCommitWins)
    }

    private mutating func lease(
        _ attempt: WireAttemptID, _ index: Int, to instance: Instance, now: Seconds, deadline: Seconds
    ) {
        let isOurs = attempt.epoch == epoch
        change(index) { shard in
            if isOurs { shard.attempts = max(shard.attempts, attempt.attempt) }
            shard.holders.append(Reporter(attempt: attempt, instance: instance))
        }
        holdings[instance, default: Holding(deadline: deadline)].leases.append(
            Lease(attempt: attempt, granted: now))
        holdings[instance]?.deadline = deadline
    }

    /// These hear of their results now; lost workers do not.
    private mutating func noteAnswered(_ reporters: [Reporter]) {
        for reporter in reporters {
            guard let count = unacknowledged[reporter.instance] else { continue }
            unacknowledged[reporter.instance] = count > 1 ? count - 1 : nil
        }
    }

    private mutating func release(_ attempt: WireAttemptID, _ index: Int, from instance: Instance) {
        change(index) { $0.holders.removeAll { $0.attempt == attempt && $0.instance == instance } }
        holdings[instance]?.leases.removeAll { $0.attempt == attempt }
    }

    private mutating func change(_ index: Int, _ body: (inout Shard) -> Void) {
        let wasPending = shards[index].isPending
        body(&shards[index])
        if shards[index].isPending == wasPending { return }
        pendingCount += wasPending ? -1 : 1
        if !wasPending { queue.append(index) }
    }
}
