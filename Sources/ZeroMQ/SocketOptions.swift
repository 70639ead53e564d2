package import Foundation

/// A socket's settings; every queue and message is bounded.
package struct SocketOptions: Sendable {
    /// Our name at the other end's ROUTER; at most 255 bytes, not beginning with a zero byte.
    package var routingID: Data?
    /// Messages queued for sending, per connection.
    package var sendQueue: Int32 = 1000
    /// Messages queued for receiving, per connection.
    package var receiveQueue: Int32 = 1000
    /// Bytes of the largest part accepted; a sender of a larger one is disconnected.
    package var largestMessage: Int64 = 1 << 20
    /// Milliseconds that closing waits for unsent messages.
    package var linger: Int32 = 0
    /// Milliseconds between the transport's own heartbeats; 0: none.
    package var heartbeatInterval: Int32 = 1000
    /// Milliseconds without an answer after which a connection counts as broken.
    package var heartbeatTimeout: Int32 = 5000
    /// Milliseconds until the first attempt to connect again.
    package var reconnectInterval: Int32 = 50
    /// Milliseconds between attempts at most.
    package var reconnectIntervalMaximum: Int32 = 1000

    /// Milliseconds for a connection's handshake, so that silent ones do not pile up.
    package var handshakeTimeout: Int32 = 5000
    /// How connections are protected that are bound or connected first; nil: not at all. See ``Socket/protect(_:)``.
    package var curve: CurveRole?

    package init() {}
}
