import CZeroMQ
import Foundation

/// Lets any thread wake the one that waits in ``poll(_:wakeUp:timeout:)``.
package final class WakeUp: Sendable {
    let descriptor: Int32

    package init() throws {
        descriptor = zeromq_eventfd()
        guard descriptor >= 0 else { throw ZeroMQError("create", "an event descriptor", errorNumber: errno) }
    }

    deinit { close(descriptor) }

    /// Ends the present or next wait.
    package func signal() {
        var one: UInt64 = 1
        _ = write(descriptor, &one, 8)
    }

    /// Forgets earlier signals.
    package func clear() {
        var count: UInt64 = 0
        _ = read(descriptor, &count, 8)
    }
}

/// What to wait for on a socket.
package struct PollInterest {
    let socket: Socket
    let isWriting: Bool

    /// Waits for a message, and with `writing` also for room to send.
    package init(_ socket: Socket, writing: Bool = false) {
        self.socket = socket
        isWriting = writing
    }
}

/// Waits until a socket is ready, `wakeUp` was signalled or `timeout` milliseconds have passed (-1: for ever).
///
/// Returns whether each socket is readable; a signal is cleared. An interrupted wait counts as timed out.
package func poll(
    _ interests: [PollInterest], wakeUp: WakeUp? = nil, timeout: Int
) throws -> [Bool] {
    var items = interests.map { interest in
        zmq_pollitem_t(
            socket: interest.socket.handle, fd: 0,
            events: Int16(ZMQ_POLLIN | (interest.isWriting ? ZMQ_POLLOUT : 0)), revents: 0)
    }
    if let wakeUp {
        items.append(
            zmq_pollitem_t(socket: nil, fd: wakeUp.descriptor, events: Int16(ZMQ_POLLIN), revents: 0))
    }
    let count = zmq_poll(&items, Int32(items.count), timeout)
    guard count >= 0 else {
        if zmq_errno() == EINTR { return interests.map { _ in false } }
        throw ZeroMQError("wait", "for sockets")
    }
    if let wakeUp, items[interests.count].revents != 0 { wakeUp.clear() }
    return interests.indices.map { items[$0].revents & Int16(ZMQ_POLLIN) != 0 }
}
