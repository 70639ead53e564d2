import CZeroMQ
import Foundation
import Synchronization

/// Answers the library's question whether a CURVE client may connect (ZAP, rfc.zeromq.org/spec/27), on a thread of its own.
///
/// Must exist before a protected socket is bound and is closed before its context goes away. Every domain has a list of
/// public keys; whoever is not on it is refused, an unknown domain refuses everybody.
package final class Authenticator: Sendable {
    /// What becomes of a key that is not on a domain's list.
    package enum Refusal: Sendable {
        /// It is told so and does not come again.
        case final
        /// It may come again: it may be on the list soon.
        case temporary
    }

    private struct Domain: Sendable {
        var keys: Set<CurveKey> = []
        var refusal = Refusal.final
    }

    private struct State: Sendable {
        var domains: [String: Domain] = [:]
        var refused = 0
        var isClosing = false
    }

    private let state: Shared
    private let wakeUp: WakeUp

    /// What the thread shares with this object.
    private final class Shared: Sendable {
        let value = Mutex(State())
        let ended = DispatchSemaphore(value: 0)
    }

    /// Binds the handler's endpoint in `context` and starts its thread; throws ``ZeroMQError``, also for a second one.
    package init(context: MessagingContext) throws {
        let socket = try Socket(.reply, context: context)
        try socket.bind("inproc://zeromq.zap.01")
        let (state, wakeUp) = (Shared(), try WakeUp())
        (self.state, self.wakeUp) = (state, wakeUp)
        // The socket changes its thread once, before it is used.
        let handler = Handler(socket: socket, state: state, wakeUp: wakeUp)
        let thread = Thread { handler.work() }
        thread.name = "authenticator"
        thread.start()
    }

    deinit { close() }

    /// Ends the thread; later connections are refused. A second call does nothing.
    package func close() {
        let isFirst = state.value.withLock { state in
            defer { state.isClosing = true }
            return !state.isClosing
        }
        guard isFirst else { return }
        wakeUp.signal()
        state.ended.wait()
    }

    /// Sets who may connect in a domain from now on; existing connections stay.
    package func admit(_ keys: Set<CurveKey>, domain: String, refusal: Refusal = .final) {
        state.value.withLock { $0.domains[domain] = Domain(keys: keys, refusal: refusal) }
    }

    /// Connections refused so far.
    package var refused: Int { state.value.withLock { $0.refused } }

    /// The thread's part.
    private final class Handler: @unchecked Sendable {
        // Safe to share: handed to the thread at its start, used by nobody else.
        private var socket: Socket?
        private let state: Shared
        private let wakeUp: WakeUp

        init(socket: Socket, state: Shared, wakeUp: WakeUp) {
            (self.socket, self.state, self.wakeUp) = (socket, state, wakeUp)
        }

        func work() {
            while !state.value.withLock({ $0.isClosing }), let socket {
                while let request = socket.receive() { answer(request, socket) }
                _ = try? poll([PollInterest(socket)], wakeUp: wakeUp, timeout: 1000)
            }
            socket = nil
            state.ended.signal()
        }

        /// Request: version, request id, domain, address, routing id, mechanism, credentials; reply: version, request id,
        /// status, its text, user id, metadata. The user id is the key's text.
        private func answer(_ request: [Message], _ socket: Socket) {
            guard request.count >= 6 else {
                _ = try? socket.send([Data("1.0".utf8), Data(), Data("500".utf8), Data(), Data(), Data()])
                return
            }
            let key =
                request.count == 7 && request[0].data == Data("1.0".utf8)
                    && request[5].data == Data("CURVE".utf8)
                ? request[6].withUnsafeBytes { CurveKey(bytes: $0) } : nil
            let name = String(decoding: request[2].data, as: UTF8.self)
            let (status, text) = verdict(key, domain: name)
            let user = status == "200" ? key?.text ?? "" : ""
            let parts = [request[0].data, request[1].data] + [status, text, user, ""].map { Data($0.utf8) }
            _ = try? socket.send(parts)
        }

        private func verdict(_ key: CurveKey?, domain name: String) -> (status: String, text: String) {
            state.value.withLock { state in
                let domain = state.domains[name] ?? Domain()
                if let key, domain.keys.contains(key) { return ("200", "OK") }
                state.refused += 1
                return domain.refusal == .temporary ? ("300", "not yet") : ("400", "unknown key")
            }
        }
    }
}
