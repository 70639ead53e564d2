import DelimitedText
import Digests
import Foundation
import Groundwork

/// Layout of a seek index, all numbers little-endian u64: `"PHSEEK01"`, the windows of the points (at most 32 KiB of text
/// each), a table with ``columns`` numbers per point, then a footer of 32 bytes. Point: `bit | text | row | line | inside
/// (0 or 1) | CRC-32 | length | window offset | window bytes | window CRC32C`, see `AccessPoint`. Footer: `table offset |
/// points | bytes of the file's text | CRC32C of the table`.
enum SeekLayout {
    static let magic = Array("PHSEEK01".utf8)
    static let columns = 10
    static let footerBytes = 32
}

/// Names the seek index of a gzip file.
package enum SeekIndex {
    /// Ends the name of every index.
    package static let suffix = ".seek"
    /// The folder of a run directory in which later jobs look for indexes.
    package static let folder = "seek"
    /// Bytes of text between two points.
    package static let distance = 32 << 20

    /// A name that changes with the file's path, size and time; throws `FileError`.
    package static func name(for path: String) throws -> String {
        var info = stat()
        guard stat(path, &info) == 0 else { throw FileError("stat", path: path, errorNumber: errno) }
        let time = info.st_mtim
        let state = "\(path)\n\(info.st_size)\n\(time.tv_sec).\(time.tv_nsec)"
        return SHA256.hex(of: state).prefix(32) + suffix
    }
}

/// Writes the access points of one gzip file as they are found.
final class SeekFileWriter {
    private let path: String
    private let handle: Int32
    private var table: [UInt64] = []
    private var offset = SeekLayout.magic.count

    /// The number of points so far.
    var count: Int { table.count / SeekLayout.columns }

    init(path: String) throws {
        self.path = path
        handle = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
        guard handle >= 0 else { throw FileError("create", path: path, errorNumber: errno, writing: true) }
        try write(SeekLayout.magic)
    }

    deinit { close(handle) }

    func add(_ point: AccessPoint) throws {
        let window = point.inside?.window ?? []
        try write(window)
        let numbers = [
            point.bit, point.text, point.row, point.line, point.inside == nil ? 0 : 1,
            Int(point.inside?.checksum ?? 0), Int(point.inside?.length ?? 0), offset, window.count,
            Int(CRC32C.checksum(of: window)),
        ]
        table += numbers.map { UInt64($0).littleEndian }
        offset += window.count
    }

    /// Ends the index of a file with `textBytes` bytes of text.
    func finish(textBytes: Int) throws {
        try write(table.withUnsafeBytes { Array($0) })
        let footer = [offset, count, textBytes, Int(CRC32C.checksum(of: table))]
        try write(footer.map { UInt64($0).littleEndian }.withUnsafeBytes { Array($0) })
    }

    func abandon() { unlink(path) }

    private func write(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { raw in
            var done = 0
            while done < raw.count, let base = raw.baseAddress {
                let count = Foundation.write(handle, base + done, raw.count - done)
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else {
                    throw FileError("write", path: path, errorNumber: errno, writing: true)
                }
                done += count
            }
        }
    }
}

/// The seek index of one gzip file; nil where there is none or it is damaged, since it only saves time.
struct SeekFile {
    /// Bytes of the file's text.
    let textBytes: Int
    private let path: String
    private let table: [Int]

    /// The number of points.
    var count: Int { table.count / SeekLayout.columns }

    init?(path: String) {
        self.path = path
        guard let size = try? fileSize(path), size >= SeekLayout.magic.count + SeekLayout.footerBytes,
            Self.read(path, 0, SeekLayout.magic.count) == SeekLayout.magic,
            let footer = Self.numbers(path, size - SeekLayout.footerBytes, SeekLayout.footerBytes / 8),
            footer[1] <= size / (8 * SeekLayout.columns), footer[0] <= size,
            footer[0] + footer[1] * 8 * SeekLayout.columns + SeekLayout.footerBytes == size,
            let table = Self.numbers(path, footer[0], footer[1] * SeekLayout.columns),
            CRC32C.checksum(of: table.map { UInt64($0).littleEndian }) == footer[3]
        else { return nil }
        (self.table, textBytes) = (table, footer[2])
    }

    /// A point without what inflating needs: where it lies.
    func place(_ number: Int) -> AccessPoint {
        let row = columns(number)
        return AccessPoint(bit: row[0], text: row[1], inside: nil, row: row[2], line: row[3])
    }

    /// A whole point; nil if its window is damaged.
    func point(_ number: Int) -> AccessPoint? {
        var point = place(number)
        let row = columns(number)
        guard row[4] == 1 else { return point }
        guard row[8] <= 32 << 10, let window = Self.read(path, row[7], row[8]),
            CRC32C.checksum(of: window) == row[9]
        else { return nil }
        point.inside = .init(
            window: window, checksum: UInt32(truncatingIfNeeded: row[5]),
            length: UInt32(truncatingIfNeeded: row[6]))
        return point
    }

    private func columns(_ number: Int) -> [Int] {
        Array(table[(number * SeekLayout.columns)..<((number + 1) * SeekLayout.columns)])
    }

    private static func numbers(_ path: String, _ offset: Int, _ count: Int) -> [Int]? {
        guard let bytes = read(path, offset, count * 8) else { return nil }
        return bytes.withUnsafeBytes { raw in
            (0..<count).map {
                Int(
                    clamping: UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self))
                )
            }
        }
    }

    private static func read(_ path: String, _ offset: Int, _ count: Int) -> [UInt8]? {
        let handle = open(path, O_RDONLY | O_CLOEXEC)
        guard handle >= 0 else { return nil }
        defer { close(handle) }
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = bytes.withUnsafeMutableBytes {
                pread(handle, $0.baseAddress! + done, count - done, off_t(offset + done))
            }
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { return nil }
            done += got
        }
        return bytes
    }
}
