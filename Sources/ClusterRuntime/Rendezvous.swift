import ClusterProtocol
import Foundation
import ZeroMQ

/// Finds out whether the coordinator of a rendezvous record lives where file locks do not reach.
enum Rendezvous {
    /// Milliseconds to wait for an answer.
    static let patience = 2000

    /// Throws ``ClusterError/coordinatorRunning(path:host:pid:)`` if the coordinator on another machine answers.
    static func refuseIfAlive(_ record: WireRendezvous?, at path: String) throws {
        guard let record, record.host != SystemFacts.host, record.listen.hasPrefix("tcp://") else { return }
        let endpoint = record.listen.replacingOccurrences(of: "//0.0.0.0:", with: "//\(record.host):")
            .replacingOccurrences(of: "//*:", with: "//\(record.host):")
        let context = try MessagingContext()
        let socket = try Socket(.dealer, context: context)
        // A name that cannot be looked up belongs to nobody who could answer.
        guard (try? socket.connect(endpoint)) != nil else { return }
        var envelope = WireEnvelope()
        envelope.protocol = ClusterVersion.messages
        envelope.probe = WireProbe()
        let data = try envelope.serializedData()
        let deadline = SystemFacts.now() + Seconds(patience) / 1000
        var isSent = false
        while SystemFacts.now() < deadline {
            if !isSent { isSent = try socket.send([data]) == .accepted }
            if let parts = socket.receive(), let last = parts.last,
                let reply = try? WireEnvelope(serializedBytes: last.data),
                case .probeReply(let answer) = reply.body
            {
                throw ClusterError.coordinatorRunning(path: path, host: answer.host, pid: Int(answer.pid))
            }
            _ = try poll([PollInterest(socket)], timeout: 50)
        }
    }
}
