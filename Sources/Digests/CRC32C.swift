import CISAL
package import Foundation

/// The cyclic redundancy check CRC-32C (Castagnoli polynomial 0x1EDC6F41, RFC 3720 section 12.1).
package enum CRC32C {
    /// The check value of `bytes`; pass the value of the bytes before them to continue.
    package static func checksum(_ bytes: UnsafeRawBufferPointer, continuing previous: UInt32 = 0) -> UInt32 {
        guard let base = bytes.baseAddress else { return previous }
        var state = ~previous
        var done = 0
        // The library takes a 32-bit length, and does not write in spite of its missing `const`.
        while done < bytes.count {
            let count = min(bytes.count - done, 1 << 30)
            let start = UnsafeMutableRawPointer(mutating: base + done)
            state = crc32_iscsi(start.assumingMemoryBound(to: UInt8.self), Int32(count), state)
            done += count
        }
        return ~state
    }

    /// The check value of the memory of numbers.
    package static func checksum<Element: BitwiseCopyable>(of values: [Element]) -> UInt32 {
        values.withUnsafeBytes { checksum($0) }
    }

    /// The check value of `data`.
    package static func checksum(of data: Data) -> UInt32 { data.withUnsafeBytes { checksum($0) } }
}
