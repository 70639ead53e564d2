import ClusterProtocol
import Foundation
import Groundwork

/// The right to coordinate a run directory: a lock that the system takes back when the process ends.
final class RunLock {
    private let descriptor: Int32

    /// Takes the lock; throws ``ClusterError/coordinatorRunning(path:host:pid:)`` if another process has it.
    init(_ directory: RunDirectory) throws {
        let path = directory.file("coordinator.lock")
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else {
            throw FileError("create", path: path, errorNumber: errno, writing: true)
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            close(descriptor)
            guard reason == EWOULDBLOCK else { throw FileError("lock", path: path, errorNumber: reason) }
            let rendezvous = try? directory.read(WireRendezvous.self, "rendezvous.pb")
            throw ClusterError.coordinatorRunning(
                path: directory.path, host: rendezvous?.host ?? "this or another machine",
                pid: Int(rendezvous?.pid ?? 0))
        }
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
