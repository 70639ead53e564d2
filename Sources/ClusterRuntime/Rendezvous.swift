import ClusterProtocol
import Foundation
import ZeroMQ

/// `rendezvous.pb`, and whether the coordinator of such a record lives where file locks do not reach.
enum Rendezvous {
    /// The record of whoever has or had the directory last; nil for none, and where a crash of its host tore the file, which is not
    /// flushed. Throws `FileError`.
    static func last(in directory: RunDirectory) throws -> WireRendezvous? {
        do { return try directory.read(WireRendezvous.self, "rendezvous.pb") } catch ClusterError.damaged {
            return nil
        }
    }

    /// Milliseconds to wait for an answer.
    static let patience = 2000

    /// Throws ``ClusterError/coordinatorRunning(path:host:pid:)`` if the coordinator on another machine answers.
    ///
    /// `pair` are this coordinator's keys; one of other keys does not answer it.
    static func refuseIfAlive(_ record: WireRendezvous?, at path: String, pair: CurveKeyPair?) throws {
        guard let record, record.host != SystemFacts.host, record.listen.hasPrefix("tcp://") else { return }
        let endpoint = Endpoint.reachable(record.listen, host: record.host)
        let context = try MessagingContext()
        var settings = SocketOptions()
        if let server = CurveKey(record.serverKey), let pair {
            settings.curve = .client(pair, server: server)
        }
        let socket = try Socket(.dealer, context: context, options: settings)
        // A name that cannot be looked up belongs to nobody who could answer.
        guard (try? socket.connect(endpoint)) != nil else { return }
        var letterhead = Letterhead(build: "")
        let data = try letterhead.envelope(.probe(WireProbe())).serializedData()
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
