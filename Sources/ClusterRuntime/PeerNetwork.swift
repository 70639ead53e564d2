import ClusterProtocol
import Foundation
import ZeroMQ

/// The sockets between members; belongs to the compute thread, while a collective runs to that of the collective.
///
/// One ROUTER receives from everybody for the life of the process; a DEALER per other member sends, new for each
/// generation, so that frames of an old one that were not sent yet are dropped with it.
final class PeerNetwork: Carrier {
    /// Bytes of the largest frame.
    static let largestFrame = 80 << 20

    let control: CollectiveControl
    /// Where other members reach this one.
    let endpoint: String
    private let context: MessagingContext
    private let guardian: PeerGuard?
    private let router: Socket
    private var dealers: [Int: Socket] = [:]
    /// Members' keys by index; empty: connections are not protected.
    private var senders: [CurveKey] = []

    /// Binds the data socket at `address`, protected if there is a `guardian`.
    init(
        context: MessagingContext, address: String, control: CollectiveControl, guardian: PeerGuard? = nil
    ) throws {
        self.context = context
        self.control = control
        self.guardian = guardian
        router = try Socket(.router, context: context, options: Self.options)
        if let guardian { try router.protect(.server(guardian.pair, domain: Protection.data)) }
        try router.bind(address)
        endpoint = Endpoint.reachable(router.lastEndpoint, host: SystemFacts.host)
    }

    /// Connects to the other members of a generation, who alone may connect here from now on.
    func connect(to members: [WireMember], me: Int) throws {
        dealers = [:]
        try ProcessHardening.requireDescriptors(processes: members.count)
        senders = try guardian?.admit(members) ?? []
        for (index, member) in members.enumerated() where index != me {
            var options = Self.options
            if !senders.isEmpty { options.curve = guardian?.client(of: senders[index]) }
            let dealer = try Socket(.dealer, context: context, options: options)
            try dealer.connect(member.dataEndpoint)
            dealers[index] = dealer
        }
    }

    /// Connects to members that have no keys: measurements and tests on one machine.
    func connect(to endpoints: [String], me: Int) throws {
        let members = endpoints.map { endpoint in
            var member = WireMember()
            member.dataEndpoint = endpoint
            return member
        }
        try connect(to: members, me: me)
    }

    /// Drops all connections to others; nobody is admitted any more.
    func disconnect() {
        dealers = [:]
        senders = []
        guardian?.admitNobody()
    }

    /// Sends a frame if there is room.
    func send(_ header: [UInt8], _ payload: UnsafeRawBufferPointer, to member: Int) throws -> Bool {
        guard let dealer = dealers[member] else { return false }
        return try header.withUnsafeBytes { try dealer.send($0, payload) }
    }

    /// The next frame that is whole; nil if there is none now.
    func receive() -> ReceivedFrame? {
        while let parts = router.receive() {
            guard parts.count == 3 else {
                control.drop()
                continue
            }
            let payload = parts[2].bytes
            let frame = parts[1].withUnsafeBytes { PeerFrame($0, payload: UnsafeRawBufferPointer(payload)) }
            if let frame, isSender(frame, parts[2]) {
                return ReceivedFrame(frame: frame, payload: payload, owner: parts[2])
            }
            control.drop()
        }
        return nil
    }

    /// Whether the frame comes from the member that it names.
    private func isSender(_ frame: PeerFrame, _ payload: Message) -> Bool {
        guard !senders.isEmpty else { return true }
        return frame.sender < senders.count && payload.senderKey == senders[Int(frame.sender)]
    }

    /// Waits for a frame, for room to send to one of `members`, or for an interruption.
    func wait(sendingTo members: [Int], milliseconds: Int) throws {
        let interests =
            [PollInterest(router)]
            + members.compactMap { member in dealers[member].map { PollInterest($0, writing: true) } }
        _ = try poll(interests, wakeUp: control.wakeUp, timeout: milliseconds)
    }

    private static var options: SocketOptions {
        var options = SocketOptions()
        options.sendQueue = 256
        options.receiveQueue = 256
        options.largestMessage = Int64(largestFrame)
        options.reconnectInterval = 20
        options.reconnectIntervalMaximum = 200
        return options
    }
}
