import ClusterProtocol
import Foundation
import Groundwork

/// `mailbox/` in the run directory: what people ask of a running coordinator. Files, because whoever may write there may ask.
package enum OperatorMailbox {
    /// What may be asked.
    package enum Verb: String, Sendable, CaseIterable {
        /// Finish what is in hand, write a checkpoint, end with 75; the same command goes on.
        case drain
        /// End at once, for good.
        case cancel
    }

    /// Requests looked at per turn, and bytes of one at most.
    static let limits = (requests: 64, bytes: 4096)

    /// Leaves a request for the coordinator of `runDirectory`; throws ``ClusterError`` if none is running, `FileError`.
    package static func post(_ verb: Verb, runDirectory: String) throws {
        guard access("\(runDirectory)/status.pb", F_OK) == 0 else {
            throw FileError("open", path: "\(runDirectory)/status.pb", errorNumber: errno)
        }
        let directory = try RunDirectory(runDirectory)
        // The file outlives a coordinator that was killed; whether one on another machine lives cannot be seen here.
        guard let rendezvous = try Rendezvous.last(in: directory),
            rendezvous.host != SystemFacts.host || RunLock.isHeld(at: runDirectory)
        else {
            throw ClusterError.unavailable(reason: "No coordinator is running in \"\(runDirectory)\".")
        }
        var request = WireOperatorRequest()
        request.job = rendezvous.job
        request.verb = verb.rawValue
        request.host = SystemFacts.host
        request.pid = UInt32(getpid())
        try directory.createFolder("mailbox")
        try directory.write(
            request, "mailbox/\(verb.rawValue).\(getpid()).\(UInt32.random(in: 0 ... .max)).pb")
    }

    /// Removes what was asked of an earlier coordinator.
    static func empty(_ directory: RunDirectory) {
        for name in directory.names(in: "mailbox") { unlink(directory.file("mailbox/\(name)")) }
    }

    /// Takes the requests for `job` out of the mailbox; what is no request for it is removed.
    static func take(from directory: RunDirectory, job: String) -> [Verb] {
        let names = directory.names(in: "mailbox").filter { $0.hasSuffix(".pb") }
        return names.prefix(limits.requests).compactMap { name in
            let path = directory.file("mailbox/\(name)")
            defer { unlink(path) }
            var status = stat()
            guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
                status.st_size <= limits.bytes,
                let data = try? Files.contents(of: path),
                let request = try? WireOperatorRequest(serializedBytes: data), request.job == job
            else { return nil }
            return Verb(rawValue: request.verb)
        }
    }
}
