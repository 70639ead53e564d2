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
        guard var envelope = try? WireEnvelope(serializedBytes: Data(bytes), options: options) else {
            throw Fault.malformed
        }
        guard envelope.body != nil else { throw Fault.empty }
        guard names(in: envelope).allSatisfy(isName) else { throw Fault.malformed }
        clean(&envelope)
        return envelope
    }

    /// Takes from what a failure says whatever would steer a terminal or make a line of its own.
    private static func clean(_ envelope: inout WireEnvelope) {
        switch envelope.body {
        case .shardFailed(var message):
            clean(&message.failure)
            envelope.body = .shardFailed(message)
        case .trainingFailed(var message):
            clean(&message.failure)
            envelope.body = .trainingFailed(message)
        case .reject(var message):
            clean(&message.failure)
            envelope.body = .reject(message)
        default: break
        }
    }

    private static func clean(_ failure: inout WireFailure) {
        for text in [\WireFailure.code, \.message, \.damagedInput] where !isPlain(failure[keyPath: text]) {
            let scalars = failure[keyPath: text].unicodeScalars.map { isControl($0) ? " " : $0 }
            failure[keyPath: text] = String(String.UnicodeScalarView(scalars))
        }
    }

    /// The texts by which a sender is named in logs, status and errors.
    private static func names(in envelope: WireEnvelope) -> [String] {
        guard case .hello(let hello) = envelope.body else { return [envelope.build] }
        let places = [hello.host, hello.dataEndpoint, hello.token.path, hello.token.fault]
        return [envelope.build, hello.fingerprint] + places
    }

    /// Short, and nothing that would steer a terminal.
    private static func isName(_ text: String) -> Bool {
        text.utf8.count <= mostNameBytes && isPlain(text)
    }

    private static func isPlain(_ text: String) -> Bool { !text.unicodeScalars.contains(where: isControl) }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
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
