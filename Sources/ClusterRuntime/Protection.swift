import Foundation
import Groundwork
import ZeroMQ

/// Decides whether an endpoint is protected, and with which keys.
enum Protection {
    /// The ZAP domains: the coordinator's socket and the sockets between workers.
    static let (control, data) = ("control", "data")

    /// What a coordinator binds `listen` with; nil: not protected, which is for loopback and ipc only.
    ///
    /// Without `keys` it makes keys in the run directory, once.
    static func coordinator(
        listen: String?, keys: String?, isInsecure: Bool, runDirectory: String
    ) throws -> (pair: CurveKeyPair, workers: Set<CurveKey>)? {
        if keys != nil, isInsecure { throw KeyError.contradiction }
        guard let listen, Endpoint.isTCP(listen) else { return nil }
        if isInsecure {
            guard Endpoint.isLoopback(listen) else { throw KeyError.insecure(endpoint: listen) }
            return nil
        }
        try MessagingLibrary.requireCurve()
        if let keys { return try KeyFolder(keys).coordinator() }
        let own = KeyFolder.own(of: runDirectory)
        if !Files.isFolder(own.path) {
            // Another coordinator may make them at the same time; then those are the keys.
            do { try KeyFolder.create(at: own.path) } catch KeyError.exists {}
        }
        return try own.coordinator()
    }

    /// What a worker connects to `endpoint` with; nil: not protected.
    static func worker(
        endpoint: String, keys: String?, isInsecure: Bool, runDirectory: String?
    ) throws -> (pair: CurveKeyPair, server: CurveKey)? {
        if keys != nil, isInsecure { throw KeyError.contradiction }
        guard Endpoint.isTCP(endpoint) else { return nil }
        if isInsecure {
            guard Endpoint.isLoopback(endpoint) else { throw KeyError.insecure(endpoint: endpoint) }
            return nil
        }
        try MessagingLibrary.requireCurve()
        if let keys { return try KeyFolder(keys).worker() }
        guard let runDirectory, Files.isFolder(KeyFolder.own(of: runDirectory).path) else {
            throw KeyError.noKeys(endpoint: endpoint)
        }
        return try KeyFolder.own(of: runDirectory).worker()
    }
}

/// Parts of endpoints.
enum Endpoint {
    /// Whether others could reach it over a network.
    static func isTCP(_ endpoint: String) -> Bool {
        !["ipc://", "inproc://"].contains(where: endpoint.hasPrefix)
    }

    /// Whether a TCP endpoint is of this machine alone.
    static func isLoopback(_ endpoint: String) -> Bool {
        guard let host = host(of: endpoint) else { return false }
        if host == "localhost" || host == "::1" { return true }
        var address = in_addr()
        return inet_pton(AF_INET, host, &address) == 1 && UInt32(bigEndian: address.s_addr) >> 24 == 127
    }

    /// Any port of the address that `listen` names by numbers, else of all addresses.
    static func anyPort(beside listen: String) -> String {
        guard let host = host(of: listen) else { return "tcp://0.0.0.0:*" }
        if host == "localhost" { return "tcp://127.0.0.1:*" }
        var (four, six) = (in_addr(), in6_addr())
        if inet_pton(AF_INET, host, &four) == 1 { return "tcp://\(host):*" }
        return inet_pton(AF_INET6, host, &six) == 1 ? "tcp://[\(host)]:*" : "tcp://0.0.0.0:*"
    }

    /// Where a coordinator on `host` that listens at `endpoint` is reached.
    static func reachable(_ endpoint: String, host: String) -> String {
        guard let name = Self.host(of: endpoint), ["0.0.0.0", "*", "::"].contains(name),
            let colon = endpoint.lastIndex(of: ":")
        else { return plain(endpoint) }
        return "tcp://\(host)\(endpoint[colon...])"
    }

    /// The endpoint as people write it: an IPv4 address that the library tells as an IPv6 one, without that.
    static func plain(_ endpoint: String) -> String {
        guard let name = host(of: endpoint), name.contains("."), !name.contains(":"),
            let colon = endpoint.lastIndex(of: ":")
        else { return endpoint }
        return "tcp://\(name)\(endpoint[colon...])"
    }

    /// The host in `tcp://host:port`, without brackets.
    private static func host(of endpoint: String) -> String? {
        guard endpoint.hasPrefix("tcp://"), let colon = endpoint.lastIndex(of: ":") else { return nil }
        let text = endpoint[..<colon].dropFirst("tcp://".count)
        guard !text.isEmpty else { return nil }
        let name = text.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        let mapped = "::ffff:"
        return name.hasPrefix(mapped) ? String(name.dropFirst(mapped.count)) : name
    }
}
