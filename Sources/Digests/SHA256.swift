import COpenSSL
package import Foundation
import Groundwork

/// The SHA-256 digest (FIPS 180-4) of bytes that come piece by piece; written as 64 lower-case hexadecimal digits.
package final class SHA256 {
    private let context: OpaquePointer

    /// An empty digest.
    package init() {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            preconditionFailure("SHA256: OpenSSL provides no SHA-256")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Adds bytes.
    package func update(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress, bytes.count > 0 else { return }
        precondition(EVP_DigestUpdate(context, base, bytes.count) == 1, "SHA256: used after finish()")
    }

    /// The digest of everything added; the object must not be used afterwards.
    package func finish() -> String {
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        precondition(EVP_DigestFinal_ex(context, &digest, &length) == 1, "SHA256: finish() was called twice")
        return hexadecimal(digest.prefix(Int(length)))
    }

    /// The digest of `data`.
    package static func hex(of data: Data) -> String {
        let digest = SHA256()
        data.withUnsafeBytes { digest.update($0) }
        return digest.finish()
    }

    /// The digest of a text's UTF-8 bytes.
    package static func hex(of text: String) -> String { hex(of: Data(text.utf8)) }

    /// The digest of a file, read in pieces of 128 KiB; throws `FileError`.
    package static func hex(ofFile path: String) throws -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError("open", path: path, errorNumber: errno) }
        defer { close(descriptor) }
        let digest = SHA256()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 64)
        defer { buffer.deallocate() }
        while true {
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileError("read", path: path, errorNumber: errno) }
            if count == 0 { return digest.finish() }
            digest.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }
}

/// Bytes as lower-case hexadecimal digits.
package func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
}
