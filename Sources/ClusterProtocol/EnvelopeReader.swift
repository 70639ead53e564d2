import Foundation
import SwiftProtobuf

/// Reads a message from untrusted bytes: any bytes give an envelope or a fault, within fixed memory.
package enum EnvelopeReader {
    /// Why bytes are no message.
    package enum Fault: String, Sendable, CaseIterable, Error {
        /// It has no body.
        case empty
        /// More than ``mostControlBytes`` beside the payload.
        case tooLarge = "too-large"
        /// It cannot be decoded, nests deeper than ``deepest``, or its sender's names are none.
        case malformed
    }

    /// Bytes of a message without its payload.
    package static let mostControlBytes = 1 << 20
    /// Bytes of a text by which a worker names its build, its host or a place.
    package static let mostNameBytes = 4096
    /// Messages within messages, the envelope counted.
    package static let deepest = 16

    /// Where a body's payload lies, as field numbers; these bytes are not decoded and count apart.
    private static let payloads: [Int: [Int]] = [
        18: [1, 3],  // Result.commit.result
        25: [4],  // TrainingDone.result
        52: [4],  // Grant.payload
        55: [3],  // TrainingOpen.payload
    ]

    /// The envelope in `bytes`; throws ``Fault``.
    package static func read(_ bytes: UnsafeRawBufferPointer) throws -> WireEnvelope {
        guard bytes.count > 0 else { throw Fault.empty }
        if bytes.count > mostControlBytes {
            // Before anything is allocated: a small message may decode to much memory, a large one must be a payload.
            guard bytes.count - payloadBytes(bytes) <= mostControlBytes else { throw Fault.tooLarge }
        }
        var options = BinaryDecodingOptions()
        options.messageDepthLimit = deepest
        options.discardUnknownFields = true
        guard let envelope = try? WireEnvelope(serializedBytes: Data(bytes), options: options) else {
            throw Fault.malformed
        }
        guard envelope.body != nil else { throw Fault.empty }
        guard names(in: envelope).allSatisfy(isName) else { throw Fault.malformed }
        return envelope
    }

    /// The texts that logs, status and errors repeat.
    private static func names(in envelope: WireEnvelope) -> [String] {
        guard case .hello(let hello) = envelope.body else { return [envelope.build] }
        let places = [hello.host, hello.dataEndpoint, hello.token.path, hello.token.fault]
        return [envelope.build, hello.fingerprint] + places
    }

    /// Short, and nothing that would steer a terminal.
    private static func isName(_ text: String) -> Bool {
        text.utf8.count <= mostNameBytes
            && !text.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F }
    }

    /// Bytes of the payload of the largest body field that has one.
    private static func payloadBytes(_ bytes: UnsafeRawBufferPointer) -> Int {
        var most = 0
        WireFields.forEach(bytes) { number, field in
            guard case .bytes(let content) = field, let path = payloads[number] else { return }
            most = max(most, length(of: path[...], in: content))
        }
        return most
    }

    private static func length(of path: ArraySlice<Int>, in bytes: UnsafeRawBufferPointer) -> Int {
        guard let first = path.first else { return bytes.count }
        var most = 0
        WireFields.forEach(bytes) { number, field in
            guard case .bytes(let content) = field else { return }
            if number == first { most = max(most, length(of: path.dropFirst(), in: content)) }
        }
        return most
    }
}
