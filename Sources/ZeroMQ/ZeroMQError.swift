import CZeroMQ
package import Groundwork

/// A failed socket operation.
package struct ZeroMQError: PyHealthError {
    /// The library's error number.
    package let errorNumber: Int32
    /// What was tried, a verb.
    package let operation: String
    /// The endpoint or socket it was tried on.
    package let subject: String

    package var code: String { "zeromq.\(operation)" }
    /// ``ExitStatus/configuration`` for an endpoint that is none, else ``ExitStatus/unavailable``.
    package var exitStatus: ExitStatus {
        [EINVAL, EPROTONOSUPPORT].contains(errorNumber) ? .configuration : .unavailable
    }
    package var message: String {
        let reason = String(cString: zmq_strerror(errorNumber))
        return "Cannot \(operation) \(subject): \(reason).\(advice)"
    }

    /// The failure of `operation` on `subject`, with the calling thread's error number.
    init(_ operation: String, _ subject: String, errorNumber: Int32 = zmq_errno()) {
        self.operation = operation
        self.subject = subject
        self.errorNumber = errorNumber
    }

    private var advice: String {
        switch errorNumber {
        case EADDRINUSE: " Another process uses this address; choose another one or end that process."
        case EADDRNOTAVAIL: " The address does not belong to this machine."
        case ENODEV:
            " This machine has no such interface, and knows no address of that name but perhaps its own loopback; give the address in numbers."
        case EINVAL, EPROTONOSUPPORT:
            " Expected tcp://host:port with a port up to 65535, ipc:///path of at most 107 bytes, or inproc://name."
        case EMFILE: " Too few file descriptors are allowed (ulimit -n)."
        default: ""
        }
    }
}
