package import Foundation
import SwiftProtobuf

/// Reads a message from untrusted bytes: any bytes give an envelope or a fault, within fixed memory.
package enum EnvelopeReader {
    /// Why bytes are no message.
    package enum Fault: String, Sendable, CaseIterable, Error {
        /// It has no body.
        case empty
        /// More than ``mostControlBytes`` beside the payload.
        case tooLarge = "too-large"
        /// It cannot be decoded, or nests deeper than ``deepest``.
        case malformed
    }

    /// Bytes of a message without its payload.
    package static let mostControlBytes = 1 << 20
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
        return envelope
    }

    /// Bytes of the payload of the largest body field that has one.
    private static func payloadBytes(_ bytes: UnsafeRawBufferPointer) -> Int {
        var most = 0
        forEachField(bytes) { number, content in
            guard let path = payloads[number] else { return }
            most = max(most, length(of: path[...], in: content))
        }
        return most
    }

    private static func length(of path: ArraySlice<Int>, in bytes: UnsafeRawBufferPointer) -> Int {
        guard let first = path.first else { return bytes.count }
        var most = 0
        forEachField(bytes) { number, content in
            if number == first { most = max(most, length(of: path.dropFirst(), in: content)) }
        }
        return most
    }

    /// Calls `body` with every length-delimited field; stops at the first byte that makes no sense.
    private static func forEachField(
        _ bytes: UnsafeRawBufferPointer, _ body: (Int, UnsafeRawBufferPointer) -> Void
    ) {
        var place = 0
        while place < bytes.count {
            guard let tag = varint(bytes, &place) else { return }
            switch tag & 7 {
            case 0: guard varint(bytes, &place) != nil else { return }
            case 1: place += 8
            case 5: place += 4
            case 2:
                guard let length = varint(bytes, &place), length <= UInt64(bytes.count - place) else {
                    return
                }
                let end = place + Int(length)
                body(Int(clamping: tag >> 3), UnsafeRawBufferPointer(rebasing: bytes[place..<end]))
                place = end
            default: return
            }
        }
    }

    private static func varint(_ bytes: UnsafeRawBufferPointer, _ place: inout Int) -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard place < bytes.count else { return nil }
            let byte = bytes[place]
            place += 1
            value |= UInt64(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return value }
        }
        return nil
    }
}
