import CISAL
import CLZ4
import CSnappy
import CZstd

/// How pages are compressed.
enum Codec: Int32 {
    case none = 0
    case snappy, gzip
    case zstd = 6
    case lz4 = 7

    /// The codec with the number that the format gives it.
    init(number: Int32) throws {
        guard let known = Codec(rawValue: number) else {
            let names: [Int32: String] = [3: "LZO", 4: "BROTLI", 5: "LZ4 (in Hadoop's frames)"]
            throw Fault.unsupported("codec " + (names[number] ?? "number \(number)"))
        }
        self = known
    }

    /// The most bytes that one compressed byte can become: three-byte copies of 64 bytes, 1032 in deflate, blocks of
    /// 128 KiB in 4 bytes, 255 per byte of a length.
    var largestExpansion: Int {
        switch self {
        case .none: 1
        case .snappy: 22
        case .gzip: 1032
        case .zstd: 32768
        case .lz4: 255
        }
    }
}

/// Decompresses pages; keeps the libraries' states from page to page.
final class Decompressor {
    private var zstd: OpaquePointer?
    private var inflater: UnsafeMutablePointer<inflate_state>?

    deinit {
        if let zstd { ZSTD_freeDCtx(zstd) }
        inflater?.deallocate()
    }

    /// Decompresses `input` to exactly `size` bytes in `output`, whose memory grows only after the size was found plausible.
    func decompress(
        _ input: UnsafeBufferPointer<UInt8>, _ codec: Codec, to output: PaddedBuffer, size: Int
    ) throws {
        guard size <= (input.count + 64) * codec.largestExpansion else {
            throw Fault.tooLarge("a page of \(input.count) bytes claims to become \(size) when decompressed")
        }
        output.reserve(size)
        guard size > 0 else { return }
        guard let base = input.baseAddress, !input.isEmpty else { throw Fault.ended }
        switch codec {
        case .none: output.base.update(from: base, count: min(size, input.count))
        case .snappy: try unsnap(base, input.count, output.base, size)
        case .gzip: try inflate(base, input.count, output.base, size)
        case .zstd: try unzstd(base, input.count, output.base, size)
        case .lz4:
            let count = LZ4_decompress_safe(chars(base), chars(output.base), Int32(input.count), Int32(size))
            guard count == Int32(size) else { throw Self.damage("LZ4") }
        }
    }

    private func unsnap(
        _ input: UnsafePointer<UInt8>, _ count: Int, _ output: UnsafeMutablePointer<UInt8>, _ size: Int
    ) throws {
        var length = 0
        guard snappy_uncompressed_length(chars(input), count, &length) == SNAPPY_OK, length == size,
            snappy_uncompress(chars(input), count, chars(output), &length) == SNAPPY_OK, length == size
        else { throw Self.damage("Snappy") }
    }

    private func unzstd(
        _ input: UnsafePointer<UInt8>, _ count: Int, _ output: UnsafeMutablePointer<UInt8>, _ size: Int
    ) throws {
        if zstd == nil { zstd = ZSTD_createDCtx() }
        let result = ZSTD_decompressDCtx(zstd, output, size, input, count)
        guard ZSTD_isError(result) == 0, result == size else { throw Self.damage("Zstandard") }
    }

    /// One or more gzip members. One byte more than expected may be written (the buffer's padding), to see that none is.
    private func inflate(
        _ input: UnsafePointer<UInt8>, _ count: Int, _ output: UnsafeMutablePointer<UInt8>, _ size: Int
    ) throws {
        let state = inflater ?? .allocate(capacity: 1)
        inflater = state
        var (read, written) = (0, 0)
        repeat {
            isal_inflate_init(state)
            state.pointee.crc_flag = UInt32(ISAL_GZIP)
            state.pointee.next_in = UnsafeMutablePointer(mutating: input + read)
            state.pointee.avail_in = UInt32(count - read)
            state.pointee.next_out = output + written
            state.pointee.avail_out = UInt32(size + 1 - written)
            guard isal_inflate(state) == ISAL_DECOMP_OK, state.pointee.block_state == ISAL_BLOCK_FINISH else {
                throw Self.damage("gzip")
            }
            read = count - Int(state.pointee.avail_in)
            written = size + 1 - Int(state.pointee.avail_out)
        } while read < count && written < size
        guard written == size else { throw Self.damage("gzip") }
    }

    private static func damage(_ codec: String) -> Fault {
        .damaged("a page's \(codec) data do not decompress to the size in its header")
    }
}

/// CRC-32 (the polynomial of gzip) of a page's bytes.
func crc32(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
    crc32_gzip_refl(0, bytes.baseAddress, UInt64(bytes.count))
}

private func chars(_ bytes: UnsafePointer<UInt8>) -> UnsafePointer<CChar> {
    UnsafeRawPointer(bytes).assumingMemoryBound(to: CChar.self)
}

private func chars(_ bytes: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<CChar> {
    UnsafeMutableRawPointer(bytes).assumingMemoryBound(to: CChar.self)
}
