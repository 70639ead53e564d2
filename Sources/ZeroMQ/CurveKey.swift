import CZeroMQ
import Foundation

/// A CURVE key: 32 bytes, written as 40 characters of Z85 (rfc.zeromq.org/spec/32).
package struct CurveKey: Sendable, Hashable {
    /// Bytes of a key, and characters of its text.
    package static let (byteCount, textLength) = (32, 40)

    /// The 40 characters.
    package let text: String

    /// The key in `text`; nil if that is no key.
    package init?(_ text: some StringProtocol) {
        var bytes = [UInt8](repeating: 0, count: Self.byteCount)
        guard text.utf8.count == Self.textLength, text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }),
            zmq_z85_decode(&bytes, String(text)) != nil, bytes.contains(where: { $0 != 0 })
        else { return nil }
        self.text = String(text)
    }

    /// The key of 32 raw bytes; nil if there are more or fewer.
    init?(bytes: UnsafeRawBufferPointer) {
        guard bytes.count == Self.byteCount, let base = bytes.baseAddress else { return nil }
        var characters = [CChar](repeating: 0, count: Self.textLength + 1)
        guard zmq_z85_encode(&characters, base, bytes.count) != nil else { return nil }
        self.init(String(decoding: characters.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
}

/// A public key and its secret one; the latter never leaves the process or its file.
package struct CurveKeyPair: Sendable {
    /// What others may know.
    package let publicKey: CurveKey
    /// What nobody else may know.
    package let secretKey: CurveKey

    /// A pair that was kept somewhere.
    package init(publicKey: CurveKey, secretKey: CurveKey) {
        (self.publicKey, self.secretKey) = (publicKey, secretKey)
    }

    /// The pair of a secret key; throws ``ZeroMQError``.
    package init(secretKey: CurveKey) throws {
        var text = [CChar](repeating: 0, count: CurveKey.textLength + 1)
        guard zmq_curve_public(&text, secretKey.text) == 0, let key = Self.key(text) else {
            throw ZeroMQError("derive", "a public key")
        }
        self.init(publicKey: key, secretKey: secretKey)
    }

    /// A new pair from the system's random numbers; throws ``ZeroMQError``.
    package static func generate() throws -> CurveKeyPair {
        var (publicText, secretText) = (
            [CChar](repeating: 0, count: CurveKey.textLength + 1),
            [CChar](repeating: 0, count: CurveKey.textLength + 1)
        )
        guard zmq_curve_keypair(&publicText, &secretText) == 0, let publicKey = key(publicText),
            let secretKey = key(secretText)
        else { throw ZeroMQError("generate", "a key pair") }
        return CurveKeyPair(publicKey: publicKey, secretKey: secretKey)
    }

    private static func key(_ text: [CChar]) -> CurveKey? {
        CurveKey(String(decoding: text.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
}

/// How a socket's TCP connections are authenticated and encrypted.
package enum CurveRole: Sendable {
    /// It accepts connections; the ``Authenticator`` decides by `domain` who may.
    case server(CurveKeyPair, domain: String)
    /// It connects to the server with this key.
    case client(CurveKeyPair, server: CurveKey)
}

/// What the messaging library on this machine can do.
package enum MessagingLibrary {
    /// The oldest version whose CURVE is accepted.
    package static let oldest = (4, 3, 4)

    /// The version in use.
    package static var version: (Int, Int, Int) {
        var (major, minor, patch): (Int32, Int32, Int32) = (0, 0, 0)
        zmq_version(&major, &minor, &patch)
        return (Int(major), Int(minor), Int(patch))
    }

    /// Throws ``MessagingLibraryError`` unless the library is new enough and was built with CURVE.
    package static func requireCurve() throws {
        try check(version: version, hasCurve: zmq_has("curve") != 0)
    }

    /// Judges a library.
    static func check(version: (Int, Int, Int), hasCurve: Bool) throws {
        guard version >= oldest, hasCurve else {
            throw MessagingLibraryError(
                version: "\(version.0).\(version.1).\(version.2)", hasCurve: hasCurve)
        }
    }
}
