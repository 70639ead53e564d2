import ClusterProtocol
import Foundation
import ZeroMQ

/// Answers `GET /metrics` on a port of its own; belongs to the coordinator's loop.
///
/// One request per connection, of at most 8 KiB; whatever else comes is answered with a refusal and closed, and so are
/// connections that take too long or are one too many.
final class MetricsServer {
    /// Bytes of a request's head.
    static let largestRequest = 8 << 10
    /// Connections that have not finished their request.
    static let mostConnections = 64

    let socket: Socket
    /// Seconds that a request may take.
    private let patience: Seconds
    /// What came of requests that are not complete, and when their connections came.
    private var requests: [Data: (since: Seconds, bytes: Data)] = [:]
    /// When connections were closed here; the library may tell that they are gone.
    private var closed: [Data: Seconds] = [:]

    /// Binds `endpoint`, `tcp://address:port`; a request may take `patience` seconds. Throws ``ZeroMQError``.
    init(_ endpoint: String, context: MessagingContext, patience: Seconds = 5) throws {
        self.patience = patience
        var options = SocketOptions()
        options.linger = 100
        options.sendQueue = 64
        options.receiveQueue = 256
        socket = try Socket(.stream, context: context, options: options)
        try socket.bind(endpoint)
    }

    /// The endpoint, with the port that the system chose.
    var endpoint: String { socket.lastEndpoint }

    /// Answers what has come; `metrics` is only asked for when somebody wants them.
    func serve(_ metrics: () -> String) {
        while let parts = socket.receive() {
            guard parts.count == 2 else { continue }
            let (id, bytes) = (parts[0].data, parts[1].data)
            // An empty message tells that a connection came or went.
            guard !bytes.isEmpty else {
                if requests.removeValue(forKey: id) == nil, closed.removeValue(forKey: id) == nil {
                    welcome(id)
                }
                continue
            }
            guard let known = requests[id] else { continue }
            let request = known.bytes + bytes
            if let answer = Self.answer(request, metrics) {
                requests[id] = nil
                reply(answer, to: id)
            } else {
                requests[id] = (known.since, request)
            }
        }
        closeSilent()
    }

    private func welcome(_ id: Data) {
        requests[id] = (SystemFacts.now(), Data())
        guard requests.count > Self.mostConnections else { return }
        requests[id] = nil
        reply(Self.response("503 Service Unavailable", "Too many connections.\n"), to: id)
    }

    /// Closes connections that have had their time.
    private func closeSilent() {
        let deadline = SystemFacts.now() - patience
        closed = closed.filter { $0.value >= deadline }
        for id in requests.keys where requests[id].map({ $0.since < deadline }) == true {
            requests[id] = nil
            reply(Self.response("408 Request Timeout", "Send the request at once.\n"), to: id)
        }
    }

    private func reply(_ answer: Data, to id: Data) {
        _ = try? socket.send([id, answer])
        // An empty part closes the connection.
        _ = try? socket.send([id, Data()])
        closed[id] = SystemFacts.now()
    }

    /// The answer to a request; nil while its head is not complete.
    static func answer(_ request: Data, _ metrics: () -> String) -> Data? {
        guard request.range(of: Data("\r\n\r\n".utf8)) != nil else {
            guard request.count > largestRequest else { return nil }
            return response("431 Request Header Fields Too Large", "The request is too long.\n")
        }
        let line = String(decoding: request.prefix { $0 != UInt8(ascii: "\r") }, as: UTF8.self)
        let words = line.split(separator: " ")
        guard words.count == 3, words[2].hasPrefix("HTTP/1.") else {
            return response("400 Bad Request", "Expected HTTP/1.1.\n")
        }
        guard words[0] == "GET" else { return response("405 Method Not Allowed", "Expected GET.\n") }
        let path = words[1].prefix { $0 != "?" }
        switch path {
        case "/metrics": return response("200 OK", metrics(), type: PrometheusText.contentType)
        default: return response("404 Not Found", "There is /metrics.\n")
        }
    }

    private static func response(
        _ status: String, _ body: String, type: String = "text/plain; charset=utf-8"
    ) -> Data {
        let head =
            "HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n"
        return Data((head + body).utf8)
    }
}
