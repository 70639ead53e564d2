import ClusterProtocol
import Digests
import Foundation
import Groundwork

/// Where sockets of one machine lie.
package enum SocketPlaces {
    /// The coordinator's socket name in its folder.
    private static let name = "coordinator"
    /// Bytes that the longest socket name adds to its folder.
    private static let longestName = 1 + 16

    /// The folder for the sockets of a run: in the run directory, or, where that path is too long for a socket, in a folder
    /// of the user under the runtime or temporary directory, always the same one for a run directory.
    static func folder(runDirectory: String) throws -> String {
        let inside = "\(runDirectory)/ipc"
        let folder =
            isShort(inside) ? inside : try userFolder() + "/" + SHA256.hex(of: runDirectory).prefix(16)
        guard isShort(folder) else {
            throw ClusterError.unavailable(
                reason:
                    "The path \"\(folder)\" is too long for a socket; at most \(ClusterLimits.socketPathBytes) bytes "
                    + "are allowed. Set XDG_RUNTIME_DIR or TMPDIR to a shorter path.")
        }
        if mkdir(folder, 0o700) != 0, errno != EEXIST {
            throw FileError("create", path: folder, errorNumber: errno, writing: true)
        }
        return folder
    }

    /// The coordinator's endpoint in a folder.
    static func coordinatorEndpoint(in folder: String) -> String { "ipc://\(folder)/\(name)" }

    /// Where a worker binds its data socket: beside the coordinator's ipc socket, else any port of `address`.
    static func dataAddress(connect: String, address: String?, instance: Instance) -> String {
        if let address { return address.contains("://") ? address : "tcp://\(address):*" }
        if connect.hasPrefix("ipc://") {
            let path = String(connect.dropFirst("ipc://".count))
            let folder = Files.folder(of: path)
            return "ipc://\(folder)/w\(instanceName(instance))"
        }
        if connect.hasPrefix("inproc://") { return "inproc://worker-\(instanceName(instance))" }
        return "tcp://\(localAddress(towards: connect) ?? "127.0.0.1"):*"
    }

    /// The address of this machine that packets to a `tcp://host:port` endpoint leave from.
    static func localAddress(towards endpoint: String) -> String? {
        let rest = endpoint.dropFirst("tcp://".count)
        guard let colon = rest.lastIndex(of: ":") else { return nil }
        let host = String(rest[..<colon]).trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(rest[rest.index(after: colon)...]), &hints, &list) == 0,
            let first = list
        else { return nil }
        defer { freeaddrinfo(list) }
        let descriptor = socket(first.pointee.ai_family, first.pointee.ai_socktype, 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard connect(descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen) == 0 else { return nil }
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        var text = [CChar](repeating: 0, count: 256)
        let status = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address -> Int32 in
                guard getsockname(descriptor, address, &length) == 0 else { return -1 }
                return getnameinfo(address, length, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
            }
        }
        guard status == 0 else { return nil }
        let name = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return name.contains(":") ? "[\(name)]" : name
    }

    private static func isShort(_ folder: String) -> Bool {
        folder.utf8.count + longestName <= ClusterLimits.socketPathBytes
    }

    /// The user's folder in the first place that will have it: batch systems pass on the variables of a login on another
    /// machine. Throws `FileError` if none will, or if the folder is somebody else's.
    package static func userFolder() throws -> String {
        let environment = ProcessInfo.processInfo.environment
        let bases = [environment["XDG_RUNTIME_DIR"], environment["TMPDIR"], "/tmp"].compactMap { $0 }
        let folders = bases.filter { $0.hasPrefix("/") }.map { "\($0)/pyhealth-\(getuid())" }
        guard let folder = folders.first(where: isMade) else {
            let reason = errno == 0 ? EPERM : errno
            throw FileError("create", path: folders.last ?? "/tmp", errorNumber: reason, writing: true)
        }
        return folder
    }

    /// Whether a run's sockets have room in a user's folder.
    package static func hasRoom(in folder: String) -> Bool {
        isShort(folder + String(repeating: "/", count: 17))
    }

    /// Whether the folder is there, or is made, and is the user's own: somebody else's under a shared directory must not
    /// receive our sockets.
    private static func isMade(_ folder: String) -> Bool {
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { return false }
        errno = 0
        var status = stat()
        return lstat(folder, &status) == 0 && status.st_uid == getuid() && status.st_mode & S_IFMT == S_IFDIR
            && status.st_mode & 0o077 == 0
    }
}
