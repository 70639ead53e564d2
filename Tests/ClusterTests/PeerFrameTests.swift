import Foundation
import Groundwork
import Testing
import ZeroMQ

@testable import ClusterProtocol
@testable import ClusterRuntime

struct PeerFrameTests {
    private func frame() -> PeerFrame {
        var frame = PeerFrame(kind: .partial, generation: 5 << 32 | 7, step: 9, sender: 2)
        frame.dtype = 1
        frame.job = 0x1234_5678_9abc_def0
        frame.slice = 3
        frame.blockStart = 4
        frame.blockLength = 4
        frame.payloadBytes = 5
        return frame
    }

    private let payload: [UInt8] = [1, 2, 3, 4, 5]

    private func decode(_ header: [UInt8], _ payload: [UInt8]) -> PeerFrame? {
        header.withUnsafeBytes { header in payload.withUnsafeBytes { PeerFrame(header, payload: $0) } }
    }

    @Test func readsWhatWasWritten() {
        let header = payload.withUnsafeBytes { frame().encoded(payload: $0) }
        #expect(header.count == 64)
        #expect(decode(header, payload) == frame())
    }

    @Test func refusesEveryFlippedBit() {
        let header = payload.withUnsafeBytes { frame().encoded(payload: $0) }
        for index in 0..<(header.count + payload.count) {
            for bit in 0..<8 {
                var bytes = header + payload
                bytes[index] ^= 1 << bit
                #expect(decode(Array(bytes[..<64]), Array(bytes[64...])) == nil, "byte \(index), bit \(bit)")
            }
        }
    }

    @Test func refusesOtherLengths() {
        let header = payload.withUnsafeBytes { frame().encoded(payload: $0) }
        #expect(decode(Array(header.dropLast()), payload) == nil)
        #expect(decode(header + [0], payload) == nil)
        #expect(decode(header, payload + [0]) == nil)
        #expect(decode([], []) == nil)
    }

    @Test func survivesRandomFrames() {
        var random = RandomStream(seed: 11, purpose: .test)
        for _ in 0..<20_000 {
            var header = (0..<random.nextInt(below: 80)).map { _ in
                UInt8(truncatingIfNeeded: random.nextWord())
            }
            // Half of them begin like real ones.
            if random.nextInt(below: 2) == 0, header.count >= 4 {
                header.replaceSubrange(0..<4, with: [0x31, 0x43, 0x48, 0x50])
            }
            let payload = (0..<random.nextInt(below: 9)).map { _ in
                UInt8(truncatingIfNeeded: random.nextWord())
            }
            #expect(decode(header, payload) == nil)
        }
    }

    /// Garbage on the wire reaches neither state machine in a form that makes it fail.
    @Test func machinesSurviveRandomMessages() throws {
        var random = RandomStream(seed: 12, purpose: .test)
        var coordinator = CoordinatorMachine(
            .init(job: "j", build: "b", fingerprint: "f", epoch: 1, runDirectory: "/run"))
        let items = (0..<4).map { ShardTable.Item(name: "s\($0)", payload: Data()) }
        _ = coordinator.handle(
            .openShards(ShardTable(stage: "aa", stageName: "x", items: items, epoch: 1)), now: 0)
        var worker = WorkerMachine(hello: WireHello(), patience: 1e9, now: 0)
        let samples = try Self.samples().map { try [UInt8]($0.serializedData()) }
        var decoded = 0
        for step in 0..<20_000 {
            var bytes = samples[random.nextInt(below: samples.count)]
            for _ in 0..<random.nextInt(below: 4) where !bytes.isEmpty {
                bytes[random.nextInt(below: bytes.count)] = UInt8(truncatingIfNeeded: random.nextWord())
            }
            if random.nextInt(below: 10) == 0 { bytes.removeLast(random.nextInt(below: bytes.count + 1)) }
            guard let envelope = try? WireEnvelope(serializedBytes: Data(bytes)) else { continue }
            decoded += 1
            _ = coordinator.handle(.message(envelope), now: Double(step) * 0.001)
            _ = worker.handle(.message(envelope), now: Double(step) * 0.001)
        }
        #expect(decoded > 1000)
    }

    private static func samples() -> [WireEnvelope] {
        var attempt = WireAttemptID()
        attempt.stage = "aa"
        attempt.shard = 1
        attempt.epoch = 1
        attempt.attempt = 1
        var hello = WireHello()
        hello.fingerprint = "f"
        var heartbeat = WireHeartbeat()
        heartbeat.held = [attempt]
        var result = WireResult()
        result.commit.attempt = attempt
        var failed = WireShardFailed()
        failed.attempt = attempt
        var grant = WireGrant()
        grant.attempt = attempt
        var plan = WirePlan()
        plan.training = "stage/aa"
        plan.members = [WireMember(), WireMember()]
        let bodies: [MessageBody] = [
            .hello(hello), .heartbeat(heartbeat), .result(result), .shardFailed(failed), .grant(grant),
            .plan(plan),
            .opened(WireOpened()), .prepared(WirePrepared()), .disagreed(WireDisagreed()),
            .ready(WireReady()),
            .trainingDone(WireTrainingDone()), .trainingFailed(WireTrainingFailed()), .leave(WireLeave()),
            .welcome(WireWelcome()), .reject(WireReject()), .identify(WireIdentify()), .ack(WireAck()),
            .revoke(WireRevoke()), .trainingOpen(WireTrainingOpen()), .prepare(WirePrepare()), .go(WireGo()),
            .shutdown(WireShutdown()), .returned(WireReturned()),
        ]
        return bodies.map { body in
            var envelope = WireEnvelope()
            envelope.protocol = ClusterVersion.messages
            envelope.build = "b"
            envelope.epoch = 1
            envelope.instance = 5
            envelope.body = body
            return envelope
        }
    }
}
