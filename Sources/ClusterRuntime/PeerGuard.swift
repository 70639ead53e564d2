import ClusterProtocol
import ZeroMQ

/// Lets only the members of the present plan connect to a worker's data socket.
final class PeerGuard: Sendable {
    /// This process's keys, made at its start and kept nowhere.
    let pair: CurveKeyPair
    private let authenticator: Authenticator

    /// A guard that admits nobody yet; throws ``ZeroMQError`` and `MessagingLibraryError`.
    init(context: MessagingContext) throws {
        try MessagingLibrary.requireCurve()
        pair = try CurveKeyPair.generate()
        authenticator = try Authenticator(context: context)
        admitNobody()
    }

    /// Admits the members of a plan; returns their keys. Throws ``KeyError/noKeys(endpoint:)`` if one has none.
    func admit(_ members: [WireMember]) throws -> [CurveKey] {
        let keys = try members.map { member in
            guard let key = CurveKey(member.dataKey) else {
                throw KeyError.noKeys(endpoint: member.dataEndpoint)
            }
            return key
        }
        // Who has its plan earlier than we do comes again a moment later.
        authenticator.admit(Set(keys), domain: Protection.data, refusal: .temporary)
        return keys
    }

    /// Admits nobody any more.
    func admitNobody() { authenticator.admit([], domain: Protection.data, refusal: .temporary) }

    /// How to connect to a member.
    func client(of server: CurveKey) -> CurveRole { .client(pair, server: server) }

    /// Ends its thread.
    func close() { authenticator.close() }
}
