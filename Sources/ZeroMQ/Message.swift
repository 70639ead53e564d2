import CZeroMQ
package import Foundation

/// One part of a message; its bytes belong to the library until the message goes away.
package final class Message {
    private let storage: UnsafeMutablePointer<zmq_msg_t>

    /// An empty part to receive into.
    init() {
        storage = .allocate(capacity: 1)
        zmq_msg_init(storage)
    }

    deinit {
        zmq_msg_close(storage)
        storage.deallocate()
    }

    /// The number of bytes.
    package var count: Int { zmq_msg_size(storage) }

    /// The bytes, without a copy; valid while this part lives. Who holds the only reference may write to them.
    package var bytes: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: zmq_msg_data(storage), count: count)
    }

    /// The bytes, without a copy; valid during the call.
    package func withUnsafeBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        try body(UnsafeRawBufferPointer(start: zmq_msg_data(storage), count: count))
    }

    /// The bytes, copied.
    package var data: Data { withUnsafeBytes { Data($0) } }

    /// The sender's authenticated key; nil for a connection without one.
    package var senderKey: CurveKey? {
        zmq_msg_gets(storage, "User-Id").flatMap { CurveKey(String(cString: $0)) }
    }

    /// Receives one part without waiting; returns false if there is none.
    func receive(from socket: UnsafeMutableRawPointer) -> Bool {
        zmq_msg_recv(storage, socket, ZMQ_DONTWAIT) >= 0
    }

    /// Whether another part of the same message follows.
    var hasMore: Bool { zmq_msg_more(storage) != 0 }
}
