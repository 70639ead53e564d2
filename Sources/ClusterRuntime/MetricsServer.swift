import Foundation
import ZeroMQ

/// Answers `GET /metrics` on a port of its own; belongs to the coordinator's loop.
///
/// One request per connection, of at most 8 KiB; whatever else comes is answered with a refusal and closed.
final class MetricsServer {
    /// Bytes of a request's head.
    static let largestRequest = 8 << 10
    /// Connections that have not finished their request.
    static let mostConnections = 64

    let socket: Socket
    private var requests: [Data: Data] = [:]

    /// Binds `endpoint`, `tcp://address:port`. Throws ``ZeroMQError``.
    init(_ endpoint: String, context: MessagingContext) throws {
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
                requests[id] = nil
                continue
            }
            let request = (requests[id] ?? Data()) + bytes
            if let answer = Self.answer(request, metrics) {
                requests[id] = nil
                reply(answer, to: id)
            } else if requests[id] == nil, requests.count >= Self.mostConnections {
                reply(Self.response("503 Service Unavailable", "Too many connections.\n"), to: id)
            } else {
                requests[id] = request
            }
        }
    }

    private func reply(_ answer: Data, to id: Data) {
        _ = try? socket.send([id, answer])
        // An empty part closes the connection.
        _ = try? socket.send([id, Data()])
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
