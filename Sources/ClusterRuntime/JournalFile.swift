package import ClusterProtocol
import Digests
package import Foundation
import Groundwork
import SwiftProtobuf

/// The journal's layout: records of `u32 length | u32 crc32c | u64 seq | protobuf`, little-endian; the check value covers
/// seq and protobuf.
package enum JournalFile {
    /// Bytes in front of every record.
    static let headerBytes = 16
    /// Bytes of a record at most.
    static let largestRecord = ClusterLimits.messageBytes

    /// What a segment holds up to its end or its first damaged record.
    package struct Contents {
        /// Whole records in order.
        package var records: [WireJournalRecord] = []
        /// Bytes of whole records.
        package var validBytes = 0
        /// Bytes behind them.
        package var tornBytes = 0
    }

    /// The bytes of a record.
    static func encode(_ record: WireJournalRecord, seq: UInt64) throws -> Data {
        let body = try record.serializedData()
        guard body.count <= largestRecord else {
            throw ClusterError.tooLarge(what: "A journal record", bytes: body.count)
        }
        var tail = Data(capacity: 8 + body.count)
        append(seq, to: &tail)
        tail.append(body)
        var bytes = Data(capacity: 8 + tail.count)
        append(UInt32(body.count), to: &bytes)
        append(CRC32C.checksum(of: tail), to: &bytes)
        bytes.append(tail)
        return bytes
    }

    /// Where the whole records of a segment lie.
    struct Layout {
        /// The records' messages in order.
        var bodies: [Range<Int>] = []
        /// Bytes of whole records.
        var validBytes = 0
        /// Bytes behind them.
        var tornBytes = 0
    }

    /// Finds records until the end or the first one that is torn, damaged or out of sequence; the first one has the number
    /// `firstSeq`.
    static func layout(of data: Data, firstSeq: Int = 0) -> Layout {
        data.withUnsafeBytes { bytes in
            var layout = Layout()
            while let body = body(
                in: bytes, at: layout.validBytes, seq: UInt64(firstSeq + layout.bodies.count))
            {
                layout.bodies.append(body)
                layout.validBytes = body.upperBound
            }
            layout.tornBytes = bytes.count - layout.validBytes
            return layout
        }
    }

    /// Reads records until the end or the first one that is torn, damaged or out of sequence; the first one has the
    /// number `firstSeq`.
    package static func decode(_ data: Data, firstSeq: Int = 0) -> Contents {
        var contents = Contents()
        for body in layout(of: data, firstSeq: firstSeq).bodies {
            guard let record = record(data, body) else { break }
            contents.records.append(record)
            contents.validBytes = body.upperBound
        }
        contents.tornBytes = data.count - contents.validBytes
        return contents
    }

    /// The record whose message lies at `body`; nil if it cannot be decoded.
    static func record(_ data: Data, _ body: Range<Int>) -> WireJournalRecord? {
        let start = data.startIndex
        return try? WireJournalRecord(
            serializedBytes: data[(start + body.lowerBound)..<(start + body.upperBound)])
    }

    private static func body(
        in bytes: UnsafeRawBufferPointer, at offset: Int, seq: UInt64
    ) -> Range<Int>? {
        guard bytes.count - offset >= headerBytes else { return nil }
        let length = Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
        let checksum = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self))
        let number = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self))
        let end = offset + headerBytes + length
        guard length <= largestRecord, end <= bytes.count, number == seq else { return nil }
        guard CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[(offset + 8)..<end])) == checksum else {
            return nil
        }
        return (offset + headerBytes)..<end
    }

    private static func append(_ value: some FixedWidthInteger, to data: inout Data) {
        withUnsafeBytes(of: value.littleEndian) { data.append(contentsOf: $0) }
    }
}
