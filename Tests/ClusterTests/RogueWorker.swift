import ClusterRuntime
import Digests
import Foundation
import Testing
import ZeroMQ

@testable import ClusterProtocol
@testable import ClusterRuntime

/// A peer with a worker's keys that sends what it likes.
final class RogueWorker {
    let instance: Instance
    private let context: MessagingContext
    private let socket: Socket

    init(endpoint: String, keys: String, instance: Instance) throws {
        self.instance = instance
        context = try MessagingContext()
        let (pair, server) = try KeyFolder(keys).worker()
        var options = SocketOptions()
        options.curve = .client(pair, server: server)
        options.routingID = Data("w\(instanceName(instance))".utf8)
        options.sendQueue = 10_000
        options.largestMessage = 64 << 20
        socket = try Socket(.dealer, context: context, options: options)
        try socket.connect(endpoint)
    }

    /// Sends bytes as soon as there is a connection.
    func send(_ data: Data) {
        _ = waitFor { (try? socket.send([data])) == .accepted ? true : nil }
    }

    /// The first message that `choose` makes something of.
    func receive<Value>(_ choose: (WireEnvelope) -> Value?) -> Value? {
        waitFor {
            while let parts = socket.receive() {
                guard let envelope = try? WireEnvelope(serializedBytes: parts[0].data) else { continue }
                if let value = choose(envelope) { return value }
            }
            return nil
        }
    }

    /// Says Hello like a worker that sees the run directory.
    func join(runDirectory: String) throws {
        var envelope = WireEnvelope()
        envelope.protocol = ClusterVersion.messages
        envelope.build = "test"
        envelope.instance = instance
        envelope.hello.fingerprint = "fingerprint"
        envelope.hello.token = TokenFile.look(runDirectory, epoch: 1)
        send(try envelope.serializedData())
    }
}
