import ClusterProtocol
import Foundation
import Groundwork
import ZeroMQ

/// Where a worker finds its coordinator: told, or read from the run directory.
struct CoordinatorPlace: Equatable, Sendable {
    /// What to connect to.
    var endpoint: String
    /// The coordinator's incarnation; 0 where the endpoint was told.
    var epoch: UInt64 = 0

    /// The place that `rendezvous.pb` in a run directory names; nil if there is no such file now, or only what a crash of its host
    /// left of it.
    ///
    /// Throws ``ClusterError/unavailable(reason:)`` for a coordinator on another machine that listens on no port.
    static func read(_ runDirectory: String) throws -> CoordinatorPlace? {
        let path = "\(runDirectory)/rendezvous.pb"
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        guard SealedMessage.isWhole(data), let record = try? WireRendezvous(serializedBytes: data) else {
            return nil
        }
        if !record.listen.isEmpty {
            return CoordinatorPlace(
                endpoint: Endpoint.reachable(record.listen, host: record.host), epoch: record.epoch)
        }
        guard record.host == SystemFacts.host else {
            throw ClusterError.unavailable(
                reason:
                    "The coordinator of \"\(runDirectory)\" is on \(record.host) and listens for workers of its own "
                    + "machine only. Start it with --listen tcp://0.0.0.0:5555.")
        }
        return CoordinatorPlace(endpoint: record.endpoint, epoch: record.epoch)
    }

    /// Waits until a coordinator has written its place; throws ``ClusterError/absent(path:seconds:)`` after `patience` seconds, and
    /// at once `FileError` for a run directory into which this user may not look.
    static func wait(
        _ runDirectory: String, patience: Seconds, stop: StopToken?
    ) throws -> CoordinatorPlace {
        let deadline = SystemFacts.now() + patience
        while true {
            if let place = try read(runDirectory) { return place }
            let reason = access("\(runDirectory)/rendezvous.pb", R_OK) == 0 ? 0 : errno
            guard reason != EACCES, reason != ENOTDIR else {
                throw FileError("open", path: runDirectory, errorNumber: reason)
            }
            if stop?.isRequested == true { throw ClusterError.interrupted(path: runDirectory) }
            guard SystemFacts.now() < deadline else {
                throw ClusterError.absent(path: runDirectory, seconds: Int(patience))
            }
            usleep(100_000)
        }
    }
}
