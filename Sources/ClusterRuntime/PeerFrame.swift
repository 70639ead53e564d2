import Digests
import Foundation

/// The header of a frame between members of a training: 64 bytes, little-endian, followed by the payload as a part of its own.
///
/// `magic u32, type u8, dtype u8, flags u16, job u64, generation u64, step u64, bucket u32, slice u32, blockStart u32,
/// blockLen u32, sender u32, payloadBytes u32, crc32c u32, reserved u32`; the check value covers the header with a zero in
/// its place, and the payload.
package struct PeerFrame: Equatable, Sendable {
    /// What a frame carries.
    package enum Kind: UInt8, Sendable {
        /// A member's part of a slice: the sum over one aligned block of virtual ranks.
        case partial = 1
        /// The finished sum of a slice.
        case reduced = 2
        /// One member's bytes for everybody.
        case gather = 3
        /// A member's part of a bucket, to the leader of its host.
        case collected = 4
        /// The finished bucket, from the leader of a host to its members.
        case spread = 5
        /// Asks for a chunk of the training's state.
        case stateRequest = 6
        /// A chunk of the training's state.
        case state = 7
    }

    static let byteCount = 64
    static let magic: UInt32 = 0x5048_4331
    /// Flag: the block is absent, there is no payload.
    static let absent: UInt16 = 1
    /// Flag: the payload is in the form of ``SparseBlocks``.
    static let sparse: UInt16 = 2

    /// What it carries.
    package var kind: Kind
    /// 1: Float32, 2: Float64, 0: bytes.
    var dtype: UInt8 = 0
    var flags: UInt16 = 0
    /// The first eight bytes of the job's digest.
    package var job: UInt64 = 0
    /// The generation of its sender.
    package var generation: UInt64
    /// Number of the collective call in this generation.
    package var step: UInt64
    /// Number of the bucket in its sum.
    var bucket: UInt32 = 0
    /// Number of the slice in its bucket, or of the step of a route with several.
    var slice: UInt32 = 0
    /// The first virtual rank of the block.
    package var blockStart: UInt32 = 0
    /// The block's virtual ranks.
    package var blockLength: UInt32 = 0
    /// The sender's member index.
    package var sender: UInt32
    /// Bytes that follow the header.
    package var payloadBytes: UInt32 = 0

    var isAbsent: Bool { flags & Self.absent != 0 }

    /// The 64 bytes in front of `payload`.
    package func encoded(payload: UnsafeRawBufferPointer) -> [UInt8] {
        var bytes = layout(checksum: 0)
        let checksum = bytes.withUnsafeBytes {
            CRC32C.checksum(payload, continuing: CRC32C.checksum($0))
        }
        bytes = layout(checksum: checksum)
        return bytes
    }

    /// Reads a header and checks it against its payload; nil for anything that is not a whole frame.
    package init?(_ header: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer) {
        guard header.count == Self.byteCount, Self.read(header, 0, UInt32.self) == Self.magic,
            let kind = Kind(rawValue: header[4])
        else { return nil }
        self.kind = kind
        dtype = header[5]
        flags = Self.read(header, 6, UInt16.self)
        job = Self.read(header, 8, UInt64.self)
        generation = Self.read(header, 16, UInt64.self)
        step = Self.read(header, 24, UInt64.self)
        bucket = Self.read(header, 32, UInt32.self)
        slice = Self.read(header, 36, UInt32.self)
        blockStart = Self.read(header, 40, UInt32.self)
        blockLength = Self.read(header, 44, UInt32.self)
        sender = Self.read(header, 48, UInt32.self)
        payloadBytes = Self.read(header, 52, UInt32.self)
        guard Int(payloadBytes) == payload.count else { return nil }
        let checksum = layout(checksum: 0).withUnsafeBytes {
            CRC32C.checksum(payload, continuing: CRC32C.checksum($0))
        }
        // Bits outside the fields are checked, too: the header must be what we would write.
        let expected = layout(checksum: checksum)
        guard expected.elementsEqual(header) else { return nil }
    }

    /// A frame without payload, of Float32 or bytes as `dtype` will say.
    package init(kind: Kind, generation: UInt64, step: UInt64, sender: UInt32) {
        self.kind = kind
        self.generation = generation
        self.step = step
        self.sender = sender
    }

    private func layout(checksum: UInt32) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.byteCount)
        Self.append(Self.magic, to: &bytes)
        bytes += [kind.rawValue, dtype]
        Self.append(flags, to: &bytes)
        Self.append(job, to: &bytes)
        Self.append(generation, to: &bytes)
        Self.append(step, to: &bytes)
        for word in [bucket, slice, blockStart, blockLength, sender, payloadBytes, checksum, 0] {
            Self.append(word, to: &bytes)
        }
        return bytes
    }

    private static func append(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    private static func read<Word: FixedWidthInteger & BitwiseCopyable>(
        _ bytes: UnsafeRawBufferPointer, _ offset: Int, _: Word.Type
    ) -> Word {
        Word(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Word.self))
    }
}
