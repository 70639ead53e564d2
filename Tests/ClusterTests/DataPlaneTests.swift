import Foundation
import Testing
import ZeroMQ

@testable import ClusterProtocol
@testable import ClusterRuntime

/// Who is heard on a member's data socket.
@Suite(.serialized)
struct DataPlaneTests {
    /// A member as a process has it.
    private struct Member {
        let guardian: PeerGuard
        let network: PeerNetwork

        init() throws {
            let context = try MessagingContext()
            guardian = try PeerGuard(context: context)
            network = try PeerNetwork(
                context: context, address: "tcp://127.0.0.1:*", control: CollectiveControl(),
                guardian: guardian)
        }

        var wire: WireMember {
            .with {
                $0.dataEndpoint = network.endpoint
                $0.dataKey = guardian.pair.publicKey.text
            }
        }

        func send(as sender: UInt32, to member: Int) throws -> Bool {
            let payload: [UInt8] = [1, 2, 3, 4]
            var frame = PeerFrame(kind: .gather, generation: 1, step: 1, sender: sender)
            frame.payloadBytes = UInt32(payload.count)
            return try payload.withUnsafeBytes { bytes in
                try network.send(frame.encoded(payload: bytes), bytes, to: member)
            }
        }
    }

    @Test func membersAreHeardOnlyAsThemselves() throws {
        let members = try (0..<3).map { _ in try Member() }
        defer { for member in members { member.guardian.close() } }
        for (index, member) in members.enumerated() {
            try member.network.connect(to: members.map(\.wire), me: index)
        }
        // Member 1 speaks as member 2, as nobody, then as itself; connections of TCP keep the order.
        for sender in [UInt32(2), 7, 1] {
            try #require(try waitFor { try members[1].send(as: sender, to: 0) ? true : nil } != nil)
        }
        let frame = try #require(waitFor { members[0].network.receive() })
        #expect(frame.frame.sender == 1)
        #expect(members[0].network.control.droppedFrames == 2)
        #expect(members[0].network.receive() == nil)
    }

    @Test func whoIsNotInThePlanIsNotConnected() throws {
        let (first, second, stranger) = (try Member(), try Member(), try Member())
        defer { for member in [first, second, stranger] { member.guardian.close() } }
        let plan = [first.wire, second.wire]
        try first.network.connect(to: plan, me: 0)
        try second.network.connect(to: plan, me: 1)
        // It knows where the first one listens and the first one's key, and says that it is the second one.
        try stranger.network.connect(to: [first.wire, stranger.wire], me: 1)
        var isSent = false
        try #require(
            try waitFor {
                isSent = try isSent || stranger.send(as: 1, to: 0)
                return try second.send(as: 1, to: 0) ? true : nil
            } != nil)
        let frame = try #require(waitFor { first.network.receive() })
        #expect(frame.frame.sender == 1)
        for _ in 0..<200 {
            isSent = try isSent || stranger.send(as: 1, to: 0)
            #expect(first.network.receive() == nil)
            usleep(1000)
        }
        #expect(!isSent && first.network.control.droppedFrames == 0)
    }
}
