package import Groundwork

/// The messaging library cannot protect connections.
package struct MessagingLibraryError: PyHealthError {
    /// The library's version.
    package let version: String
    /// Whether it was built with CURVE.
    package let hasCurve: Bool

    package var code: String { "zeromq.no-curve" }
    /// ``ExitStatus/configuration``.
    package var exitStatus: ExitStatus { .configuration }
    package var message: String {
        "TCP connections cannot be protected: libzmq is version \(version) "
            + (hasCurve ? "with CURVE" : "without CURVE") + ". Expected 4.3.4 or later, built with CURVE "
            + "(Debian: libzmq5). Install it, or use local workers only."
    }
}
