import Foundation
import Testing

/// A plain TCP connection that knows nothing of ZeroMQ.
final class PlainClient {
    private let descriptor: Int32

    /// How a ZeroMQ program without keys begins: signature, version 3.1, mechanism NULL, no server (ZMTP 3.1, section 3.2).
    static let greetingWithoutKeys: [UInt8] = {
        let mechanism = Array("NULL".utf8) + [UInt8](repeating: 0, count: 16)
        return [0xFF] + [UInt8](repeating: 0, count: 8) + [0x7F, 3, 1] + mechanism
            + [UInt8](repeating: 0, count: 32)
    }()

    /// Connects to the port of `tcp://…:port` on this machine.
    init(_ endpoint: String) throws {
        let port = try #require(endpoint.split(separator: ":").last.flatMap { UInt16($0) })
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(status == 0)
    }

    deinit { close(descriptor) }

    /// Sends bytes; returns whether all were taken.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes {
            Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) == $0.count
        }
    }

    /// Everything that comes until the other end closes the connection.
    func receive() -> Data {
        var answer = Data()
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return answer }
            answer.append(contentsOf: buffer[..<count])
        }
    }
}

/// A port of this machine that nobody uses now.
func freePort() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, size) == 0 ? getsockname(descriptor, $0, &size) : -1
        }
    }
    try #require(status == 0)
    return UInt16(bigEndian: address.sin_port)
}
