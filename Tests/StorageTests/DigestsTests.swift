import Digests
import Foundation
import Groundwork
import TestSupport
import Testing

@Suite struct DigestsTests {
    /// Known answers of FIPS 180-4 (examples of NIST's CSRC).
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func sha256GivesKnownAnswers(text: String, expected: String) {
        #expect(SHA256.hex(of: text) == expected)
    }

    @Test func sha256OfAMillionLettersIsTheKnownOneHoweverItIsCut() throws {
        let data = Data(repeating: UInt8(ascii: "a"), count: 1_000_000)
        let expected = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        let pieces = SHA256()
        data.withUnsafeBytes { bytes in
            for start in stride(from: 0, to: bytes.count, by: 7919) {
                let piece = bytes[start..<min(start + 7919, bytes.count)]
                pieces.update(UnsafeRawBufferPointer(rebasing: piece))
            }
        }
        #expect(pieces.finish() == expected)
        let folder = try TemporaryFolder()
        try AtomicFile.write(data, to: folder.file("a"))
        #expect(try SHA256.hex(ofFile: folder.file("a")) == expected)
    }

    @Test func sha256OfAMissingFileIsRefused() throws {
        let error = #expect(throws: FileError.self) { try SHA256.hex(ofFile: "/nonexistent/file") }
        #expect(error?.code == "file.open")
    }

    /// Known answers of RFC 3720 appendix B.4 and the check value of the CRC catalogue.
    @Test func crc32cGivesKnownAnswers() {
        #expect(CRC32C.checksum(of: Data()) == 0)
        #expect(CRC32C.checksum(of: Data("123456789".utf8)) == 0xE306_9283)
        #expect(CRC32C.checksum(of: Data(repeating: 0, count: 32)) == 0x8A91_36AA)
        #expect(CRC32C.checksum(of: Data(repeating: 0xFF, count: 32)) == 0x62A8_AB43)
        #expect(CRC32C.checksum(of: Data(0..<32)) == 0x46DD_794E)
    }

    @Test func crc32cContinuesOverPieces() {
        let data = Data((0..<10_000).map { UInt8(truncatingIfNeeded: splitMix(UInt64($0))) })
        let whole = CRC32C.checksum(of: data)
        for cut in [0, 1, 63, 4096, 9999, 10_000] {
            let first = CRC32C.checksum(of: data.prefix(cut))
            let both = data.suffix(from: cut).withUnsafeBytes { CRC32C.checksum($0, continuing: first) }
            #expect(both == whole)
        }
    }
}
