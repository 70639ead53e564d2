import Foundation
import Groundwork
import Parquet
import TestSupport
import Testing

/// Damaged files give an error or values, never a crash, and no rows too few or too many.
@Suite struct FuzzTests {
    /// A small file with three columns of random types, encodings and codecs.
    static func seedFile(_ seed: UInt64, hasChecksum: Bool = false) -> (bytes: [UInt8], footerStart: Int) {
        var stream = RandomStream(seed: seed, purpose: .test)
        let rows = 1 + stream.nextInt(below: 24)
        let columns = (0..<3).map { i in
            let (type, encoding) = Sample.combinations[stream.nextInt(below: Sample.combinations.count)]
            return SampleFile.Column.random(
                "c\(i)", type, encoding: encoding, version: 1 + stream.nextInt(below: 2),
                codec: [0, 0, 1, 2, 6, 7][stream.nextInt(below: 6)], rows: rows,
                isOptional: stream.nextInt(below: 2) == 1, hasChecksum: hasChecksum, &stream
            ).column
        }
        let made = SampleFile(columns: columns, rows: rows).bytes()
        return (made.all, made.footerStart)
    }

    /// Reads a file and tells what came of it: the error, or nil for values.
    static func read(_ bytes: [UInt8], _ path: String) throws -> ParquetError? {
        try overwrite(path, bytes)
        do {
            let file = try ParquetFile(path: path)
            var columns = Array(file.columns.indices)
            columns.removeAll { if case .unsupported = file.columns[$0].kind { true } else { false } }
            let reader = try file.rows(columns: columns)
            var (rows, sum) = (0, 0)
            while let block = try reader.next() {
                for row in 0..<block.count {
                    for column in columns { sum += Int(block.field(row, column).last ?? 0) }
                }
                rows += block.count
            }
            #expect(rows == file.rowCount && sum >= 0)
            return nil
        } catch let error as ParquetError { return error }
    }

    /// Not emptied first: ext4 writes a file that was emptied to the disk when it is closed, twenty thousand times here.
    private static func overwrite(_ path: String, _ bytes: [UInt8]) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let written = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
        try #require(written == bytes.count && ftruncate(descriptor, written) == 0)
    }

    /// One change of some bytes in `range`.
    static func change(_ bytes: inout [UInt8], _ range: Range<Int>, _ stream: inout RandomStream) {
        let at = range.lowerBound + stream.nextInt(below: range.count)
        let extremes: [[UInt8]] = [
            [0], [0xFF], [0x7F], [0x80], [0xFF, 0xFF, 0xFF, 0xFF, 0x0F], [0xFF, 0xFF, 0xFF, 0x7F],
            [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], [0xFE, 0xFF, 0xFF, 0xFF, 0x0F],
        ]
        switch stream.nextInt(below: 6) {
        case 0: bytes[at] ^= 1 << UInt8(stream.nextInt(below: 8))
        case 1: bytes[at] = UInt8(stream.nextInt(below: 256))
        case 2: bytes[at] = bytes[at] &+ (stream.nextInt(below: 2) == 0 ? 2 : 254)
        case 3, 4:
            for (i, byte) in extremes[stream.nextInt(below: extremes.count)].enumerated()
            where at + i < range.upperBound {
                bytes[at + i] = byte
            }
        default:
            let from = stream.nextInt(below: bytes.count)
            for i in 0..<(1 + stream.nextInt(below: 12))
            where at + i < range.upperBound && from + i < bytes.count {
                bytes[at + i] = bytes[from + i]
            }
        }
    }

    @Test(arguments: 0..<4 as Range<UInt64>) func changedFilesGiveValuesOrAnError(part: UInt64) throws {
        let folder = try TemporaryFolder("parquet")
        let path = folder.file("t.parquet")
        var codes: [String: Int] = [:]
        for number in 0..<UInt64(200) {
            let seed = part * 1000 + number
            let (whole, footerStart) = Self.seedFile(seed)
            #expect(try Self.read(whole, path) == nil, "seed \(seed)")
            for mutation in 0..<27 {
                var stream = RandomStream(seed: seed, purpose: .test, step: mutation)
                var bytes = whole
                let isFooter = stream.nextInt(below: 3) == 0
                let range = isFooter ? footerStart..<(bytes.count - 8) : 4..<footerStart
                for _ in 0..<(1 + stream.nextInt(below: 3)) { Self.change(&bytes, range, &stream) }
                do {
                    let error = try Self.read(bytes, path)
                    codes[error?.code ?? "values", default: 0] += 1
                } catch {
                    Issue.record("seed \(seed), step \(mutation): \(error)")
                }
            }
        }
        // The changes reach all depths: some do no harm, most are found.
        #expect(
            codes["values", default: 0] > 100 && codes["data.damaged-parquet", default: 0] > 1000, "\(codes)")
        #expect(codes["data.unsupported-parquet", default: 0] > 10, "\(codes)")
    }

    @Test(arguments: 0..<8 as Range<UInt64>) func cutFilesGiveAnError(seed: UInt64) throws {
        let folder = try TemporaryFolder("parquet")
        let path = folder.file("t.parquet")
        let (whole, footerStart) = Self.seedFile(seed)
        for length in 0..<whole.count {
            let code = try Self.read(Array(whole[..<length]), path)?.code
            #expect(
                code == "data.not-parquet" || code == "data.damaged-parquet", "seed \(seed), length \(length)"
            )
        }
        // A footer that ends early but says so, behind the data.
        let magic = Array("PAR1".utf8)
        for length in 0..<(whole.count - 8 - footerStart) {
            let bytes = whole[..<(footerStart + length)] + Packing.little(UInt32(length)) + magic
            let code = try Self.read(Array(bytes), path)?.code
            #expect(code == "data.damaged-parquet", "seed \(seed), footer of \(length) bytes")
        }
        // Data that end early behind a whole footer.
        for length in 4..<footerStart {
            let code = try Self.read(Array(whole[..<length] + whole[footerStart...]), path)?.code
            #expect(code != nil && code != "data.not-parquet", "seed \(seed), data of \(length) bytes")
        }
    }

    @Test(arguments: 0..<12 as Range<UInt64>) func checksumsFindEveryChangedBit(seed: UInt64) throws {
        let folder = try TemporaryFolder("parquet")
        let path = folder.file("t.parquet")
        let values = (0..<40).flatMap { Packing.little($0 * 7) }
        let column = SampleFile.Column(
            type: 2, codec: [0, 1, 2, 6, 7][Int(seed % 5)],
            pages: [.init(count: 40, content: values, hasChecksum: true)])
        let (whole, footerStart) = SampleFile(columns: [column], rows: 40).bytes()
        #expect(try Self.read(whole, path) == nil)
        var stream = RandomStream(seed: seed, purpose: .test)
        for _ in 0..<40 {
            var bytes = whole
            // The last 300 bytes of the page are content, whatever its header's length.
            let at = footerStart - 1 - stream.nextInt(below: 300)
            bytes[at] ^= 1 << UInt8(stream.nextInt(below: 8))
            #expect(try Self.read(bytes, path)?.code == "data.damaged-parquet", "seed \(seed), byte \(at)")
        }
    }
}
