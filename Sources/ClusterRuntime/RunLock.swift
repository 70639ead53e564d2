import ClusterProtocol
import Foundation
import Groundwork

/// The right to coordinate a run directory: a lock that the system takes back when the process ends.
///
/// The locked file holds `<host> <process>` of whoever has it, for people who are refused.
final class RunLock {
    private let descriptor: Int32
    /// Seconds for which somebody who only looks whether the lock is held may have it.
    private static let glance: Seconds = 0.1

    /// Takes the lock; throws ``ClusterError/coordinatorRunning(path:host:pid:)`` if another process has it.
    init(_ directory: RunDirectory) throws {
        let path = directory.file("coordinator.lock")
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else {
            throw FileError("create", path: path, errorNumber: errno, writing: true)
        }
        let deadline = SystemFacts.now() + Self.glance
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let reason = errno
            if reason == EWOULDBLOCK, SystemFacts.now() < deadline {
                usleep(5000)
                continue
            }
            guard reason == EWOULDBLOCK else { throw FileError("lock", path: path, errorNumber: reason) }
            let (host, pid) = Self.holder(path)
            throw ClusterError.coordinatorRunning(path: directory.path, host: host, pid: pid)
        }
        note()
    }

    /// Writes who has the lock; on a full disk the lock counts without it.
    private func note() {
        let holder = Array("\(SystemFacts.host) \(getpid())\n".utf8)
        guard ftruncate(descriptor, 0) == 0 else { return }
        _ = pwrite(descriptor, holder, holder.count, 0)
    }

    private static func holder(_ path: String) -> (host: String, pid: Int) {
        let words =
            (try? String(contentsOfFile: path, encoding: .utf8))?.split(whereSeparator: \.isWhitespace) ?? []
        guard words.count == 2, let pid = Int(words[1]) else { return ("this or another machine", 0) }
        return (String(words[0]), pid)
    }

    deinit { close(descriptor) }

    /// Whether some process holds the lock of the run directory at `path`.
    static func isHeld(at path: String) -> Bool {
        let descriptor = open("\(path)/coordinator.lock", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
    }
}
