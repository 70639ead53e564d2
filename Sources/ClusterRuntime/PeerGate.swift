import ClusterProtocol
import Foundation
import ZeroMQ

/// What stands between the coordinator's socket and its state machine: rates, sizes, and who may speak for whom.
struct PeerGate {
    /// A connection's owner: its routing id and its authenticated key, nil on this machine's own sockets.
    struct Peer: Hashable, Sendable {
        let id: Data
        let key: CurveKey?
    }

    /// What a message came to.
    enum Outcome {
        case envelope(WireEnvelope, from: Peer)
        case refused
        /// The peer is barred from now on; its instance, if its routing id is a worker's.
        case barred(Instance?, reason: String)
    }

    /// Counts since the coordinator began.
    private(set) var totals = (connections: 0, messages: 0, barred: 0)
    private var limits = PeerLimits<Peer>()
    /// The key with which an instance came.
    private var owners: [Instance: CurveKey?] = [:]
    private var connections: [HandshakeFault: Int] = [:]
    private var messages: [String: Int] = [:]

    /// Looks at the parts of a message.
    mutating func take(_ parts: [Message], now: Seconds) -> Outcome {
        guard let first = parts.first, let last = parts.last else { return .refused }
        let peer = Peer(id: first.data, key: last.senderKey)
        switch limits.count(peer, now: now) {
        case .accepted: break
        case .dropped:
            refuse("flood")
            return .refused
        case .barred(let reason): return bar(peer, reason.rawValue)
        }
        do {
            guard parts.count == 2 else { throw EnvelopeReader.Fault.malformed }
            let envelope = try last.withUnsafeBytes { try EnvelopeReader.read($0) }
            if case .probe = envelope.body { return .envelope(envelope, from: peer) }
            guard peer.id == Self.routingID(envelope.instance) else {
                return fault(of: peer, "identity", now)
            }
            if let owner = owners[envelope.instance], owner != peer.key {
                return fault(of: peer, "identity", now)
            }
            return .envelope(envelope, from: peer)
        } catch {
            return fault(of: peer, (error as? EnvelopeReader.Fault ?? .malformed).rawValue, now)
        }
    }

    /// Notes that an instance came with this key; others cannot speak for it.
    mutating func own(_ instance: Instance, by peer: Peer) {
        guard owners[instance] == nil, owners.count < PeerLimits<Peer>.mostPeers else { return }
        owners.updateValue(peer.key, forKey: instance)
    }

    /// Forgets the keys of instances that are gone.
    mutating func keep(_ instances: [Instance]) {
        guard owners.count > instances.count else { return }
        let living = Set(instances)
        owners = owners.filter { living.contains($0.key) }
    }

    /// Notes a connection that did not come about.
    mutating func refuse(_ fault: HandshakeFault) {
        connections[fault, default: 0] += 1
        totals.connections += 1
    }

    /// What was refused since the last call, as events.
    mutating func events() -> [ClusterEvent] {
        defer { (connections, messages) = ([:], [:]) }
        let refused = HandshakeFault.allCases.compactMap { fault in
            connections[fault].map { ClusterEvent.connectionsRefused(reason: fault.rawValue, count: $0) }
        }
        return refused
            + messages.sorted { $0.key < $1.key }.map { .messagesRefused(reason: $0.key, count: $0.value) }
    }

    /// A worker's routing id.
    static func routingID(_ instance: Instance) -> Data { Data("w\(instanceName(instance))".utf8) }

    private mutating func refuse(_ reason: String) {
        messages[reason, default: 0] += 1
        totals.messages += 1
    }

    private mutating func fault(of peer: Peer, _ reason: String, _ now: Seconds) -> Outcome {
        refuse(reason)
        guard case .barred(let reason) = limits.fault(of: peer, now: now) else { return .refused }
        return bar(peer, reason.rawValue)
    }

    private mutating func bar(_ peer: Peer, _ reason: String) -> Outcome {
        totals.barred += 1
        return .barred(Self.instance(of: peer), reason: reason)
    }

    private static func instance(of peer: Peer) -> Instance? {
        let name = String(decoding: peer.id, as: UTF8.self)
        guard let instance = Instance(name.dropFirst(), radix: 16), routingID(instance) == peer.id else {
            return nil
        }
        return instance
    }
}
