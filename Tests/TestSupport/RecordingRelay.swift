package import Foundation
import Synchronization

/// Passes connections on and keeps what went through, for tests that search it: TCP connections to a port of this machine,
/// or those to a local socket.
package final class RecordingRelay: Sendable {
    /// The port to connect to; 0 for a local socket.
    package let port: UInt16
    private let listener: Int32
    private let target: Target
    private let state = Mutex((bytes: Data(), isClosed: false))

    private enum Target {
        case port(UInt16)
        case path(String)
    }

    /// Listens on a free port of the loopback address.
    package init(target: UInt16) throws {
        self.target = .port(target)
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.loopback(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && listen(descriptor, 16) == 0
                    ? getsockname(descriptor, address, &length) : -1
            }
        }
        guard status == 0 else { throw POSIXError(.EADDRINUSE) }
        listener = descriptor
        port = UInt16(bigEndian: address.sin_port)
        Thread { [self] in accept() }.start()
    }

    /// Takes the place of a local socket that somebody listens on.
    package init(replacing path: String) throws {
        target = .path("\(path).real")
        port = 0
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard rename(path, "\(path).real") == 0,
            Self.with(local: path, { bind(listener, $0, $1) }) == 0, listen(listener, 16) == 0
        else { throw POSIXError(.EADDRINUSE) }
        Thread { [self] in accept() }.start()
    }

    /// What went through so far, both ways.
    package var bytes: Data { state.withLock { $0.bytes } }

    /// Accepts no more connections.
    package func close() {
        state.withLock { $0.isClosed = true }
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private func accept() {
        while true {
            let client = Foundation.accept(listener, nil, nil)
            guard client >= 0, !state.withLock({ $0.isClosed }) else { return }
            let (server, status) = connect()
            guard status == 0 else {
                Foundation.close(client)
                Foundation.close(server)
                continue
            }
            Thread { [self] in pass(client, server) }.start()
            Thread { [self] in pass(server, client) }.start()
        }
    }

    private func connect() -> (descriptor: Int32, status: Int32) {
        switch target {
        case .port(let port):
            let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = Self.loopback(port)
            let status = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Foundation.connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            return (server, status)
        case .path(let path):
            let server = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            return (server, Self.with(local: path) { Foundation.connect(server, $0, $1) })
        }
    }

    private static func with(
        local path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else { return -1 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    private func pass(_ source: Int32, _ target: Int32) {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = recv(source, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            state.withLock { $0.bytes.append(contentsOf: buffer[..<count]) }
            guard send(target, buffer, count, Int32(MSG_NOSIGNAL)) == count else { break }
        }
        shutdown(source, Int32(SHUT_RDWR))
        shutdown(target, Int32(SHUT_RDWR))
    }

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return address
    }
}
