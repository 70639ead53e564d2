@preconcurrency import Foundation

/// Text for people on standard error.
package enum StandardError {
    /// Writes `text` as far as it can be written: a full disk under a log, or a reader that went away, ends no work.
    package static func write(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Foundation.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }
}

/// What a command prints as its result.
package enum StandardOutput {
    /// Throws ``FileError`` where something that was printed could not be written, for example to a full disk.
    package static func flush() throws {
        errno = 0
        guard fflush(nil) == 0, ferror(stdout) == 0 else {
            throw FileError(
                "write", path: "standard output", errorNumber: errno == 0 ? EIO : errno, writing: true)
        }
    }
}
