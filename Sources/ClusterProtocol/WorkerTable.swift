/// The workers that said Hello, by instance: JOINED → SUSPECT → LOST (final for the instance).
package struct WorkerTable: Sendable {
    /// What is known of one worker.
    package struct Entry: Sendable {
        package let instance: Instance
        package var hello: WireHello
        package var isSuspect = false
        /// Whether its connection is known to be broken.
        package var isUnreachable = false
        /// Whether it takes no more work.
        package var isLeaving = false
        package var lastHeard: Seconds
        package var pulse: UInt64 = 0
        package var pulseChanged: Seconds
        package var heartbeat = WireHeartbeat()
        package var usage: WireUsage
        package var committed = 0
        /// When a heartbeat was last answered.
        var lastPulse: Seconds?
        package var computeSeconds = 0.0
    }

    /// Silence after which a worker is suspected (seconds).
    package static let suspectAfter: Seconds = 3
    /// Silence after which a member of a training is lost.
    package static let lostInTrainingAfter: Seconds = 5
    /// Silence after which any other worker is lost; also the length of a lease.
    package static let lostAfter: Seconds = 15
    /// Time for a broken connection to come back.
    package static let reconnectWithin: Seconds = 1

    private var entries: [Instance: Entry] = [:]
    /// Instances that were given up; remembered so that their messages are refused.
    private var lost: Set<Instance> = []

    private let rules: ProtocolRules

    /// A table without workers.
    package init(rules: ProtocolRules = .all) { self.rules = rules }

    /// Live instances in ascending order.
    package private(set) var instances: [Instance] = []
    /// The number of live workers.
    package var count: Int { entries.count }

    /// A worker's entry.
    package subscript(instance: Instance) -> Entry? { entries[instance] }

    /// Whether a worker may be given work.
    func isAble(_ instance: Instance) -> Bool {
        guard let index = entries.index(forKey: instance) else { return false }
        let entry = entries.values[index]
        return !entry.isLeaving && !entry.isSuspect && !entry.isUnreachable
    }

    /// Whether the instance was given up.
    package func isLost(_ instance: Instance) -> Bool { lost.contains(instance) }

    /// Notes a Hello; returns whether the worker is new.
    package mutating func join(_ instance: Instance, _ hello: WireHello, now: Seconds) -> Bool {
        let isNew = entries[instance] == nil
        if isNew {
            entries[instance] = Entry(
                instance: instance, hello: hello, lastHeard: now, pulseChanged: now, usage: hello.usage)
            instances = entries.keys.sorted()
        }
        entries[instance]?.hello = hello
        hear(instance, now: now)
        return isNew
    }

    /// Notes that a message came.
    package mutating func hear(_ instance: Instance, now: Seconds) {
        entries[instance]?.lastHeard = now
        entries[instance]?.isSuspect = false
        entries[instance]?.isUnreachable = false
    }

    /// Notes a heartbeat; a worker without work does not have to make progress.
    package mutating func beat(_ instance: Instance, _ heartbeat: WireHeartbeat, isBusy: Bool, now: Seconds) {
        guard var entry = entries[instance] else { return }
        entry.heartbeat = heartbeat
        entry.hello.held = heartbeat.held
        entry.usage = heartbeat.usage
        if !isBusy || entry.pulse != heartbeat.pulse || heartbeat.training.waiting {
            entry.pulse = heartbeat.pulse
            entry.pulseChanged = now
        }
        entries[instance] = entry
    }

    /// Whether a heartbeat is to be answered, so that the worker knows that it is heard; notes that it is.
    mutating func isPulseDue(_ instance: Instance, now: Seconds, interval: Seconds) -> Bool {
        if let last = entries[instance]?.lastPulse, now - last < interval { return false }
        entries[instance]?.lastPulse = now
        return true
    }

    /// Changes an entry, if there is one.
    package mutating func update(_ instance: Instance, _ body: (inout Entry) -> Void) {
        if entries[instance] != nil { body(&entries[instance]!) }
    }

    /// Forgets a worker; messages of the instance are refused from now on.
    package mutating func lose(_ instance: Instance) {
        entries[instance] = nil
        instances.removeAll { $0 == instance }
        lost.insert(instance)
    }

    /// Moves every clock, after the coordinator itself stood still.
    package mutating func postpone(by seconds: Seconds) {
        for instance in entries.keys {
            entries[instance]?.lastHeard += seconds
            entries[instance]?.pulseChanged += seconds
        }
    }

    /// Who has become suspect, and who is lost and why.
    package mutating func judge(
        now: Seconds, stallLimit: Seconds, isTraining: (Instance) -> Bool
    ) -> (suspects: [Instance], lost: [(instance: Instance, cause: LossCause)]) {
        var suspects: [Instance] = []
        var gone: [(instance: Instance, cause: LossCause)] = []
        for instance in instances {
            guard let entry = entries[instance] else { continue }
            let silence = now - entry.lastHeard
            let limit = isTraining(instance) ? Self.lostInTrainingAfter : Self.lostAfter
            if entry.isUnreachable, silence > Self.reconnectWithin {
                gone.append((instance, .unreachable))
            } else if silence > limit, rules.contains(.leasesEnd) {
                gone.append((instance, .silent(silence)))
            } else if now - entry.pulseChanged > stallLimit {
                gone.append((instance, .stalled(now - entry.pulseChanged)))
            } else if silence > Self.suspectAfter, !entry.isSuspect {
                entries[instance]?.isSuspect = true
                suspects.append(instance)
            }
        }
        return (suspects, gone)
    }
}
