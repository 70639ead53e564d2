import CZeroMQ

/// The library's threads and queues; one per process, closed after the last of its sockets.
package final class MessagingContext: @unchecked Sendable {
    // Safe to share: the library's contexts may be used from any thread.
    let handle: UnsafeMutableRawPointer

    /// A context with `ioThreads` threads that move bytes, and place for `maximumSockets`.
    package init(ioThreads: Int = 1, maximumSockets: Int = 4096) throws {
        guard let handle = zmq_ctx_new() else { throw ZeroMQError("create", "a messaging context") }
        self.handle = handle
        zmq_ctx_set(handle, ZMQ_IO_THREADS, Int32(ioThreads))
        zmq_ctx_set(handle, ZMQ_MAX_SOCKETS, Int32(maximumSockets))
    }

    deinit {
        while zmq_ctx_term(handle) != 0, zmq_errno() == EINTR {}
    }
}
