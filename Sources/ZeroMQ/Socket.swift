import CZeroMQ
package import Foundation

/// A message socket; belongs to the thread that uses it.
///
/// Nothing blocks: sending and receiving say whether they could; ``poll(_:wakeUp:timeout:)`` waits.
package final class Socket {
    /// What a socket does.
    package enum Kind: Sendable {
        /// Talks to one or more ROUTERs; parts are passed on as they are.
        case dealer
        /// Talks to many DEALERs; the first part is the peer's routing id, and an unknown one is an error.
        case router
        /// One to one.
        case pair
        /// Talks to plain TCP peers: the first part is the connection's id, the second bytes as they come; an empty second
        /// part tells that a connection came or went, and closes it when sent.
        case stream
        /// Answers one request after the other.
        case reply
    }

    /// Most parts of a message; longer ones are dropped and counted.
    package static let mostParts = 8

    /// Messages dropped because they had too many parts.
    package private(set) var dropped = 0

    let handle: UnsafeMutableRawPointer
    private let context: MessagingContext
    private let kind: Kind
    private var monitors = 0

    /// A socket of `kind`; throws ``ZeroMQError``.
    package init(_ kind: Kind, context: MessagingContext, options: SocketOptions = SocketOptions()) throws {
        let type =
            switch kind {
            case .dealer: ZMQ_DEALER
            case .router: ZMQ_ROUTER
            case .pair: ZMQ_PAIR
            case .stream: ZMQ_STREAM
            case .reply: ZMQ_REP
            }
        guard let handle = zmq_socket(context.handle, type) else { throw ZeroMQError("open", "a socket") }
        self.handle = handle
        self.context = context
        self.kind = kind
        try apply(options)
    }

    deinit { zmq_close(handle) }

    /// Waits for connections at `endpoint`, whose host may be an address, an interface or a name of this machine; throws
    /// ``ZeroMQError``.
    package func bind(_ endpoint: String) throws {
        try Self.checkPort(endpoint, "bind")
        if zmq_bind(handle, endpoint) == 0 { return }
        let reason = zmq_errno()
        // To bind, the library knows no names.
        guard reason == ENODEV, let address = HostName.address(of: endpoint) else {
            throw ZeroMQError("bind", endpoint, errorNumber: reason)
        }
        guard zmq_bind(handle, address) == 0 else { throw ZeroMQError("bind", endpoint) }
    }

    /// Connects to `endpoint` in the background, again and again; throws ``ZeroMQError`` for a malformed one.
    package func connect(_ endpoint: String) throws {
        try Self.checkPort(endpoint, "connect")
        guard zmq_connect(handle, endpoint) == 0 else { throw ZeroMQError("connect", endpoint) }
    }

    /// The library takes a port that is no number for as much of one as it finds, and one above 65535 for another.
    private static func checkPort(_ endpoint: String, _ operation: String) throws {
        guard endpoint.hasPrefix("tcp://"), let colon = endpoint.lastIndex(of: ":") else { return }
        let port = endpoint[endpoint.index(after: colon)...]
        let isNumber = port.allSatisfy { $0.isASCII && $0.isNumber }
        guard port == "*" || isNumber && UInt16(port) != nil else {
            throw ZeroMQError(operation, endpoint, errorNumber: EINVAL)
        }
    }

    /// The endpoint last bound or connected to, with the port that the system chose.
    package var lastEndpoint: String {
        var text = [UInt8](repeating: 0, count: 1024)
        var length = text.count
        guard zmq_getsockopt(handle, ZMQ_LAST_ENDPOINT, &text, &length) == 0, length > 0 else { return "" }
        return String(decoding: text[..<(length - 1)], as: UTF8.self)
    }

    /// Sends a message of one or more parts whole, or not at all.
    package func send(_ parts: [Data]) throws -> Delivery {
        for (index, part) in parts.enumerated() {
            let flags = ZMQ_DONTWAIT | (index + 1 < parts.count ? ZMQ_SNDMORE : 0)
            let sent = part.withUnsafeBytes { zmq_send(handle, $0.baseAddress, $0.count, flags) }
            if sent < 0 { return try refuse(index) }
        }
        return .accepted
    }

    /// Sends `head` and then `body`, the latter copied once; returns false if it must wait.
    package func send(_ head: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer) throws -> Bool {
        if zmq_send(handle, head.baseAddress, head.count, ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0 {
            return try refuse(0) == .accepted
        }
        if zmq_send(handle, body.baseAddress, body.count, ZMQ_DONTWAIT) < 0 {
            return try refuse(1) == .accepted
        }
        return true
    }

    /// The next message's parts, nil if there is none now.
    package func receive() -> [Message]? {
        while true {
            var parts: [Message] = []
            var isTooLong = false
            while true {
                let part = Message()
                guard part.receive(from: handle) else { return nil }
                let isLast = !part.hasMore
                if parts.count < Self.mostParts { parts.append(part) } else { isTooLong = true }
                if isLast { break }
            }
            if !isTooLong { return parts }
            dropped += 1
        }
    }

    /// A socket that tells when connections come and go; see ``connectionEvent(from:)``.
    package func monitor() throws -> Socket {
        monitors += 1
        let endpoint = "inproc://monitor-\(UInt(bitPattern: handle))-\(monitors)"
        let failures =
            ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL
            | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH
        let events = ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | failures
        guard zmq_socket_monitor(handle, endpoint, Int32(events)) == 0 else {
            throw ZeroMQError("monitor", "a socket")
        }
        let pair = try Socket(.pair, context: context)
        try pair.connect(endpoint)
        return pair
    }

    /// What a monitor's message says; nil for a message that is none.
    package static func connectionEvent(from parts: [Message]) -> ConnectionEvent? {
        guard let first = parts.first, first.count >= 6 else { return nil }
        let kind = first.withUnsafeBytes { $0.loadUnaligned(as: UInt16.self) }
        let value = first.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 2, as: UInt32.self) }
        switch Int32(kind) {
        case ZMQ_EVENT_DISCONNECTED: return .disconnected
        case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: return .connected
        case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: return .refused(.key)
        case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL: return .refused(.closed)
        case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
            let isMechanism = value == UInt32(bitPattern: ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH)
            return .refused(isMechanism ? .mechanism : .handshake)
        default: return nil
        }
    }

    /// Protects what is bound or connected from now on; throws ``ZeroMQError``.
    package func protect(_ role: CurveRole) throws {
        switch role {
        case .server(let pair, let domain):
            try set(ZMQ_CURVE_SERVER, Int32(1))
            try set(ZMQ_CURVE_SECRETKEY, text: pair.secretKey.text)
            try set(ZMQ_ZAP_DOMAIN, text: domain)
            // Without a handler nobody gets in, instead of everybody.
            try set(ZMQ_ZAP_ENFORCE_DOMAIN, Int32(1))
        case .client(let pair, let server):
            try set(ZMQ_CURVE_SERVERKEY, text: server.text)
            try set(ZMQ_CURVE_PUBLICKEY, text: pair.publicKey.text)
            try set(ZMQ_CURVE_SECRETKEY, text: pair.secretKey.text)
        }
    }

    /// The transport's own heartbeats on connections that are bound or made from now on.
    package func watchConnections(_ options: SocketOptions) throws {
        try set(ZMQ_HEARTBEAT_IVL, options.heartbeatInterval)
        try set(ZMQ_HEARTBEAT_TIMEOUT, options.heartbeatTimeout)
    }

    private func refuse(_ index: Int) throws -> Delivery {
        let reason = zmq_errno()
        // The library accepts or refuses a message at its first part.
        if index == 0, reason == EAGAIN || reason == EINTR { return .full }
        if index == 0, reason == EHOSTUNREACH { return .unreachable }
        throw ZeroMQError("send", "a message", errorNumber: reason)
    }

    private func apply(_ options: SocketOptions) throws {
        try set(ZMQ_SNDHWM, options.sendQueue)
        try set(ZMQ_RCVHWM, options.receiveQueue)
        try set(ZMQ_LINGER, options.linger)
        try set(ZMQ_MAXMSGSIZE, options.largestMessage)
        try watchConnections(options)
        try set(ZMQ_RECONNECT_IVL, options.reconnectInterval)
        try set(ZMQ_RECONNECT_IVL_MAX, options.reconnectIntervalMaximum)
        try set(ZMQ_IPV6, Int32(1))
        switch kind {
        case .router:
            try set(ZMQ_ROUTER_MANDATORY, Int32(1))
            try set(ZMQ_ROUTER_HANDOVER, Int32(1))
        case .dealer, .pair: try set(ZMQ_IMMEDIATE, Int32(1))
        case .stream: break
        case .reply: break
        }
        try set(ZMQ_HANDSHAKE_IVL, options.handshakeTimeout)
        if let role = options.curve { try protect(role) }
        if let id = options.routingID {
            let status = id.withUnsafeBytes {
                zmq_setsockopt(handle, ZMQ_ROUTING_ID, $0.baseAddress, $0.count)
            }
            guard status == 0 else { throw ZeroMQError("name", "a socket") }
        }
    }

    private func set(_ option: Int32, text: String) throws {
        let bytes = Data(text.utf8)
        let status = bytes.withUnsafeBytes { zmq_setsockopt(handle, option, $0.baseAddress, $0.count) }
        guard status == 0 else { throw ZeroMQError("configure", "a socket (option \(option))") }
    }

    private func set(_ option: Int32, _ value: some FixedWidthInteger) throws {
        let status = withUnsafeBytes(of: value) { zmq_setsockopt(handle, option, $0.baseAddress, $0.count) }
        guard status == 0 else { throw ZeroMQError("configure", "a socket (option \(option))") }
    }
}

/// What became of a message.
package enum Delivery: Sendable {
    /// The library has taken it over.
    case accepted
    /// There is no room, or no connection yet.
    case full
    /// A ROUTER's peer is gone.
    case unreachable
}

/// Something that happened to a connection.
package enum ConnectionEvent: Sendable, Equatable {
    case connected, disconnected
    /// It never came to messages.
    case refused(HandshakeFault)
}

/// Why a connection did not come about.
package enum HandshakeFault: String, Sendable, CaseIterable {
    /// The key is not admitted.
    case key
    /// One side protects its connections and the other does not, or in another way.
    case mechanism
    /// What came is no handshake of this protocol, or one for another server key.
    case handshake
    /// The other side closed the connection or was silent.
    case closed
}
