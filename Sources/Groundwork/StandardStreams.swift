@preconcurrency import Foundation
import Synchronization

/// Text for people on standard error.
package enum StandardError {
    /// Whether a line of ``show(_:)`` stands on the terminal.
    private static let isLineShown = Mutex(false)

    /// Writes `text` as far as it can be written, in the place of a line that ``show(_:)`` has left: a full disk under a log, or
    /// a reader that went away, ends no work.
    package static func write(_ text: String) {
        clearLine()
        put(text)
    }

    /// Shows one line on a terminal, cut to its width, until something else is written or shown.
    package static func show(_ line: String) {
        var size = winsize()
        let isKnown = ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 1
        isLineShown.withLock { isShown in
            put("\r\u{1B}[K" + (isKnown ? String(line.prefix(Int(size.ws_col) - 1)) : line))
            isShown = true
        }
    }

    /// Takes the line of ``show(_:)`` away.
    package static func clearLine() {
        isLineShown.withLock { isShown in
            if isShown { put("\r\u{1B}[K") }
            isShown = false
        }
    }

    private static func put(_ text: String) {
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
