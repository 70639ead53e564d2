/// How much a peer may send: a steady rate with room for bursts; who goes on above it, or sends rubbish, is barred.
///
/// A value without clock or sockets; `Peer` is whatever the connection's owner is known by.
package struct PeerLimits<Peer: Hashable & Sendable>: Sendable {
    /// Messages per second.
    package static var rate: Double { 2000 }
    /// Messages that may come at once.
    package static var burst: Double { 4000 }
    /// Seconds above the rate after which a peer is barred.
    package static var longestExcess: Seconds { 5 }
    /// Messages that are none, after which a peer is barred.
    package static var mostFaults: Int { 20 }
    /// Peers known at a time; further ones are not heard.
    package static var mostPeers: Int { 4096 }
    /// Seconds of silence after which a peer is forgotten, unless it is barred.
    package static var memory: Seconds { 60 }

    /// What becomes of a message.
    package enum Verdict: Sendable, Equatable {
        /// It is read.
        case accepted
        /// It is thrown away.
        case dropped
        /// It is thrown away, and so is everything that this peer sends from now on.
        case barred(Reason)
    }

    /// Why a peer is barred.
    package enum Reason: String, Sendable {
        /// It sent too much for too long.
        case flood
        /// It sent too much that is no message.
        case rubbish
    }

    private struct Entry: Sendable {
        var tokens: Double
        var last: Seconds
        /// When it began to be above the rate.
        var excess: Seconds?
        /// The last message that was dropped for it.
        var lastDrop: Seconds = 0
        var faults = 0
        var isBarred = false
    }

    private var entries: [Peer: Entry] = [:]

    package init() {}

    /// Counts a message of `peer`.
    package mutating func count(_ peer: Peer, now: Seconds) -> Verdict {
        if entries[peer] == nil {
            if entries.count >= Self.mostPeers { forget(now: now) }
            guard entries.count < Self.mostPeers else { return .dropped }
        }
        var entry = entries[peer] ?? Entry(tokens: Self.burst, last: now)
        defer { entries[peer] = entry }
        guard !entry.isBarred else { return .dropped }
        entry.tokens = min(Self.burst, entry.tokens + (now - entry.last) * Self.rate)
        entry.last = now
        if entry.tokens >= 1 {
            entry.tokens -= 1
            // A second without a drop ends the excess.
            if entry.excess != nil, now - entry.lastDrop > 1 { entry.excess = nil }
            return .accepted
        }
        entry.lastDrop = now
        guard let since = entry.excess else {
            entry.excess = now
            return .dropped
        }
        guard now - since >= Self.longestExcess else { return .dropped }
        entry.isBarred = true
        return .barred(.flood)
    }

    /// Counts something of `peer` that is no message.
    package mutating func fault(of peer: Peer, now: Seconds) -> Verdict {
        guard var entry = entries[peer], !entry.isBarred else { return .dropped }
        entry.faults += 1
        entry.isBarred = entry.faults >= Self.mostFaults
        entries[peer] = entry
        return entry.isBarred ? .barred(.rubbish) : .dropped
    }

    private mutating func forget(now: Seconds) {
        entries = entries.filter { $0.value.isBarred || now - $0.value.last < Self.memory }
    }
}
