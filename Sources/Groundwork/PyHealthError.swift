import Foundation

/// An error that a person reads: what failed and where, what was expected, what to do.
///
/// Messages never hold a patient value (identifier, date, code, text); they name table, line and column.
public protocol PyHealthError: Error, CustomStringConvertible, Sendable {
    /// A stable dotted code, for example `data.missing-column`.
    var code: String { get }
    /// The exit status of a command that ends with this error.
    var exitStatus: ExitStatus { get }
    /// What failed, where; expected and got; what to do.
    var message: String { get }
}

extension PyHealthError {
    /// The message followed by the stable code in brackets.
    public var description: String { "\(message) [\(code)]" }
}

/// Exit statuses of the commands, after BSD `sysexits.h`, so that batch systems can tell failures apart.
public enum ExitStatus: Int32, Sendable {
    /// Everything was done.
    case success = 0
    /// The command line was wrong.
    case usage = 64
    /// The input data was wrong.
    case data = 65
    /// A service (coordinator, worker) could not be reached.
    case unavailable = 69
    /// An error in this program.
    case `internal` = 70
    /// An output could not be created.
    case cannotCreate = 73
    /// Reading or writing failed.
    case io = 74
    /// Interrupted in a state from which the same command goes on.
    case retry = 75
    /// Not allowed.
    case notPermitted = 77
    /// The configuration was wrong.
    case configuration = 78
}

/// An error found in a configuration file or on the command line.
public struct ConfigurationError: PyHealthError {
    /// `config.` followed by the kind.
    public let code: String
    /// What failed and what to do.
    public let message: String
    /// Always ``ExitStatus/configuration``.
    public var exitStatus: ExitStatus { .configuration }

    /// An error of kind `code` (without the prefix `config.`).
    public init(_ code: String, _ message: String) {
        self.code = "config.\(code)"
        self.message = message
    }
}

/// A failed file operation, with the path and the system's reason.
public struct FileError: PyHealthError {
    /// `file.` followed by the operation.
    public let code: String
    /// What failed and what to do.
    public let message: String
    /// ``ExitStatus/cannotCreate`` for writing, ``ExitStatus/io`` for reading.
    public let exitStatus: ExitStatus
    /// The system's error number.
    public let errorNumber: Int32

    /// The failure of `operation` (a verb: "open", "write", "rename") on `path`.
    public init(_ operation: String, path: String, errorNumber: Int32, writing: Bool = false) {
        code = "file.\(operation)"
        self.errorNumber = errorNumber
        exitStatus = writing ? .cannotCreate : .io
        let advice =
            switch (errorNumber, writing) {
            case (EEXIST, _), (ENOTDIR, _):
                " A file stands where a folder is needed: name another place, or move the file away."
            case (_, true): " Check free space and permissions."
            default: ""
            }
        message = "Cannot \(operation) \"\(path)\": \(systemReason(errorNumber)).\(advice)"
    }
}
