import ClusterProtocol
import ClusterRuntime
import Foundation
import Groundwork

/// Feeds mutated frames to the decoders of both planes: any bytes must give a message or a refusal, within fixed memory.
package enum FrameFuzz {
    /// What became of the frames.
    package struct Figures: Sendable {
        package var (frames, envelopes, peerFrames) = (0, 0, 0)
        /// Growth of resident memory after the first tenth (bytes).
        package var growth = 0
    }

    /// Decodes `count` frames that depend on `seed` alone; one half control messages, one half frames of the data plane.
    package static func run(count: Int, seed: UInt64) throws -> Figures {
        var random = RandomStream(seed: seed, purpose: .test)
        let envelopes = try samples().map { try [UInt8]($0.serializedData()) }
        let payload = [UInt8](repeating: 7, count: 96)
        var sample = PeerFrame(kind: .partial, generation: 5 << 32 | 7, step: 9, sender: 2)
        sample.payloadBytes = UInt32(payload.count)
        let frame = payload.withUnsafeBytes { sample.encoded(payload: $0) }
        var figures = Figures()
        var before = 0
        for number in 0..<count {
            if number == count / 10 { before = resident() }
            figures.frames += 1
            if number % 2 == 0 {
                let bytes = mutated(envelopes[random.nextInt(below: envelopes.count)], &random)
                let isMessage = bytes.withUnsafeBytes { (try? EnvelopeReader.read($0)) != nil }
                figures.envelopes += isMessage ? 1 : 0
            } else {
                let header = random.nextInt(below: 4) == 0 ? frame : mutated(frame, &random)
                let body = random.nextInt(below: 4) == 0 ? payload : mutated(payload, &random)
                let isFrame = header.withUnsafeBytes { header in
                    body.withUnsafeBytes { PeerFrame(header, payload: $0) != nil }
                }
                figures.peerFrames += isFrame ? 1 : 0
            }
        }
        figures.growth = max(0, resident() - before)
        return figures
    }

    /// Flipped, cut, lengthened, with length fields that announce much.
    private static func mutated(_ source: [UInt8], _ random: inout RandomStream) -> [UInt8] {
        var bytes = source
        for _ in 0...random.nextInt(below: 4) where !bytes.isEmpty {
            let place = random.nextInt(below: bytes.count)
            switch random.nextInt(below: 6) {
            case 0: bytes[place] ^= 1 << UInt8(random.nextInt(below: 8))
            case 1: bytes[place] = UInt8(truncatingIfNeeded: random.nextWord())
            case 2: bytes.removeLast(random.nextInt(below: bytes.count + 1))
            case 3: bytes.replaceSubrange(place..<place, with: [0xff, 0xff, 0xff, 0xff, 0x0f])
            case 4: bytes.append(contentsOf: bytes[place...].prefix(64))
            default: bytes.remove(at: place)
            }
        }
        return bytes
    }

    private static func resident() -> Int {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        let words = text.split(separator: " ")
        return words.count > 1 ? (Int(words[1]) ?? 0) * Int(getpagesize()) : 0
    }

    private static func samples() -> [WireEnvelope] {
        var attempt = WireAttemptID()
        attempt.stage = "aa"
        attempt.shard = 1
        attempt.epoch = 1
        var file = WireOutputFile()
        file.path = "stage/aa/s1.e1.a1.text"
        file.sha256 = String(repeating: "0", count: 64)
        return (0..<8).map { kind in
            var envelope = WireEnvelope()
            envelope.protocol = ClusterVersion.messages
            envelope.build = "test"
            envelope.instance = 5
            switch kind {
            case 0: envelope.hello.held = [attempt]
            case 1: envelope.heartbeat.held = [attempt, attempt]
            case 2:
                envelope.result.commit.attempt = attempt
                envelope.result.commit.outputs = [file, file]
                envelope.result.commit.result = Data(repeating: 1, count: 40)
            case 3: envelope.shardFailed.failure.message = "table \"numbers\", byte 17"
            case 4: envelope.grant.attempt = attempt
            case 5: envelope.plan.members = [WireMember(), WireMember()]
            case 6: envelope.trainingDone.files = [file]
            default: envelope.leave.reason = "asked to stop"
            }
            return envelope
        }
    }
}
