import Digests
import Foundation

/// A message's bytes in a file, with a check value behind them.
///
/// The check value is a last field of the message (number 2047, fixed32): the CRC32C of all bytes before it. Decoders that
/// know nothing of it pass it over.
enum SealedMessage {
    /// The field's number and type, as the format of protocol buffers writes them.
    private static let tag = Data([0xFD, 0x7F])
    private static let byteCount = 6

    /// The bytes with their check value.
    static func seal(_ message: Data) -> Data {
        message + tag + withUnsafeBytes(of: CRC32C.checksum(of: message).littleEndian) { Data($0) }
    }

    /// Whether bytes end with the check value of what stands before it.
    static func isWhole(_ sealed: Data) -> Bool {
        guard sealed.count >= byteCount else { return false }
        return seal(sealed.dropLast(byteCount)) == sealed
    }
}
