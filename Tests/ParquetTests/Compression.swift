/// Puts bytes into the frames of the codecs without making them smaller, and checksums.
enum Compression {
    static func frame(_ bytes: [UInt8], codec: Int) -> [UInt8] {
        switch codec {
        case 1: snappy(bytes)
        case 2: gzip(bytes)
        case 6: zstd(bytes)
        case 7: lz4(bytes)
        default: bytes
        }
    }

    /// Length, literals of at most 60 bytes.
    static func snappy(_ bytes: [UInt8]) -> [UInt8] {
        var result = Packing.varint(UInt64(bytes.count))
        for start in stride(from: 0, to: bytes.count, by: 60) {
            let part = bytes[start..<min(start + 60, bytes.count)]
            result += [UInt8(part.count - 1) << 2] + part
        }
        return result
    }

    /// A member with stored blocks.
    static func gzip(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]
        var start = 0
        repeat {
            let part = bytes[start..<min(start + 0xFFFF, bytes.count)]
            start += part.count
            let length = UInt16(part.count)
            result += [start == bytes.count ? 1 : 0] + Packing.little(length) + Packing.little(~length) + part
        } while start < bytes.count
        return result + Packing.little(crc32(bytes)) + Packing.little(UInt32(bytes.count))
    }

    /// A frame with raw blocks and its size.
    static func zstd(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0xA0] + Packing.little(UInt32(bytes.count))
        var start = 0
        repeat {
            let part = bytes[start..<min(start + 0x10000, bytes.count)]
            start += part.count
            let header = UInt32(part.count) << 3 | (start == bytes.count ? 1 : 0)
            result += Packing.little(header).prefix(3) + part
        } while start < bytes.count
        return result
    }

    /// A frame whose one block repeats a byte.
    static func zstdRun(_ byte: UInt8, count: Int) -> [UInt8] {
        let header = UInt32(count) << 3 | 3
        return [0x28, 0xB5, 0x2F, 0xFD, 0xA0] + Packing.little(UInt32(count))
            + Packing.little(header).prefix(3) + [byte]
    }

    /// One run of literals.
    static func lz4(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.count >= 15 else { return [UInt8(bytes.count) << 4] + bytes }
        let rest = bytes.count - 15
        return [0xF0] + [UInt8](repeating: 255, count: rest / 255) + [UInt8(rest % 255)] + bytes
    }

    static func crc32(_ bytes: [UInt8]) -> UInt32 {
        var crc = ~UInt32(0)
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
        }
        return ~crc
    }
}
