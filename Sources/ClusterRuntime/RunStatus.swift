package import ClusterProtocol
import Foundation
import Groundwork
import SwiftProtobuf

/// The last snapshot of a run, readable with or without a living coordinator.
package struct RunStatus: Sendable {
    /// The snapshot; its `state` is `interrupted` if the coordinator is gone without having said so.
    package var snapshot: WireStatus
    /// Whether a coordinator holds the run directory now.
    package var isCoordinatorAlive: Bool

    /// Reads the status of the run in `runDirectory`; throws ``FileError`` if there is none.
    package static func load(runDirectory: String) throws -> RunStatus {
        let path = "\(runDirectory)/status.pb"
        let data = try Files.contents(of: path)
        guard SealedMessage.isWhole(data), var snapshot = try? WireStatus(serializedBytes: data) else {
            throw ClusterError.damaged(path: path)
        }
        let isAlive = RunLock.isHeld(at: runDirectory)
        if !isAlive, snapshot.state == "running" { snapshot.state = "interrupted" }
        return RunStatus(snapshot: snapshot, isCoordinatorAlive: isAlive)
    }

    /// The snapshot as JSON with the field names of `docs/protocol/status.proto`.
    package func json() throws -> String {
        var options = JSONEncodingOptions()
        options.preserveProtoFieldNames = true
        return try snapshot.jsonString(options: options)
    }
}
