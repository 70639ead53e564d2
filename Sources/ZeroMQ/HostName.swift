import Foundation

/// Names of machines in endpoints.
enum HostName {
    /// The endpoint `tcp://name:port` with the name's first IPv4 address in its place; nil if it has none.
    ///
    /// A loopback address counts for "localhost" only: many systems give their own name one, at which no other machine
    /// reaches them.
    static func address(of endpoint: String) -> String? {
        guard endpoint.hasPrefix("tcp://"), let colon = endpoint.lastIndex(of: ":") else { return nil }
        let name = String(endpoint[..<colon].dropFirst("tcp://".count))
        var hints = addrinfo()
        hints.ai_family = AF_INET
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, nil, &hints, &list) == 0 else { return nil }
        defer { freeaddrinfo(list) }
        for entry in sequence(first: list, next: { $0?.pointee.ai_next }).prefix(while: { $0 != nil }) {
            guard let found = entry?.pointee else { break }
            var text = [CChar](repeating: 0, count: 64)
            guard
                getnameinfo(
                    found.ai_addr, found.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
                    == 0
            else { continue }
            let numbers = String(
                decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if numbers.hasPrefix("127."), name != "localhost" { continue }
            return "tcp://\(numbers)\(endpoint[colon...])"
        }
        return nil
    }
}
