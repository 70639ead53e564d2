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
    private let router: Socket
    private var dealers: [Int: Socket] = [:]

    /// Binds the data socket at `address`.
    init(context: MessagingContext, address: String, control: CollectiveControl) throws {
        self.context = context
        self.control = control
        router = try Socket(.router, context: context, options: Self.options)
        try router.bind(address)
        endpoint = router.lastEndpoint
    }

    /// Connects to the other members of a generation.
    func connect(to endpoints: [String], me: Int) throws {
        dealers = [:]
        for (index, endpoint) in endpoints.enumerated() where index != me {
            let dealer = try Socket(.dealer, context: context, options: Self.options)
            try dealer.connect(endpoint)
            dealers[index] = dealer
        }
    }

    /// Drops all connections to others.
    func disconnect() { dealers = [:] }

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
            if let frame { return ReceivedFrame(frame: frame, payload: payload, owner: parts[2]) }
            control.drop()
        }
        return nil
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
