import ClusterProtocol
package import Groundwork

/// Thrown by an executor or training member whose input, a file that an earlier stage left, is not as it was written.
///
/// The coordinator has the file made again, once, and then opens the stage again; if it is damaged again, the job ends.
package struct DamagedInput: PyHealthError {
    /// Relative to the run directory.
    package let path: String
    /// That of the error by which the damage was noticed.
    package let code: String
    /// What was noticed, with the file.
    package let message: String
    /// ``ExitStatus/io``.
    package var exitStatus: ExitStatus { .io }

    /// Damage of the file at `path`, noticed by `cause`.
    package init(path: String, cause: any Error) {
        self.path = path
        let known = cause as? any PyHealthError
        code = known?.code ?? "cluster.damaged-input"
        message =
            "\"\(path)\" is not as it was written (SHA-256). \(known?.message ?? "It cannot be decoded.")"
    }

    /// Damage of the file at `path`, whose digest is another one.
    package init(path: String) {
        self.path = path
        code = "cluster.damaged-input"
        message = "\"\(path)\" is not as it was written (SHA-256)."
    }

    /// Damage that a worker told of.
    init(_ failure: WireFailure) {
        (path, code, message) = (failure.damagedInput, failure.code, failure.message)
    }
}
