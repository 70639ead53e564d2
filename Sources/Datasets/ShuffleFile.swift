import ClinicalData
import Digests
import Foundation
import Groundwork

/// Layout of a shuffle file, all numbers little-endian:
/// `"PHSHUF01"`, then segments, then the index, then a footer of 24 bytes.
/// Segment: `rows u32 | symbols u32 | textBytes u32 | crc32c u32`, then `symbols + 1` text offsets u32, the texts (padded to 4
/// bytes), patients u32 × rows, times i64 × rows, then every attribute u32 × rows (symbols of this segment, `0xFFFFFFFF` null).
/// Index: `offset u64 | length u64` per run and range (length 0: no rows). Footer: `index offset u64 | runs u32 | ranges u32 |
/// attributes u32 | crc32c of the index u32`.
enum ShuffleLayout {
    static let magic = Array("PHSHUF01".utf8)
    static let footerBytes = 24
}

/// Writes the rows of one scan task, run by run, grouped by patient range.
final class ShuffleFileWriter {
    private let path: String
    /// Nil once the file is closed.
    private var handle: Int32?
    private let rangeCount: Int
    private let attributes: Int
    private var index: [UInt64] = []
    private var offset = UInt64(ShuffleLayout.magic.count)
    private var stamps: [UInt32] = []
    private var locals: [UInt32] = []
    private var stamp: UInt32 = 0
    // The segment in work; kept from one to the next.
    private var texts: [UInt8] = []
    private var textOffsets: [UInt32] = []
    private var words: [UInt32] = []
    private var segment: [UInt8] = []

    init(path: String, rangeCount: Int, attributes: Int) throws {
        self.path = path
        self.rangeCount = rangeCount
        self.attributes = attributes
        let opened = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
        guard opened >= 0 else { throw FileError("create", path: path, errorNumber: errno, writing: true) }
        handle = opened
        try write(ShuffleLayout.magic)
    }

    deinit { if let handle { close(handle) } }

    /// Writes one segment per range that has rows.
    func writeRun(_ buffer: RunBuffer, symbols: SymbolTable) throws {
        stamps = Array(repeating: 0, count: symbols.count)
        locals = Array(repeating: 0, count: symbols.count)
        stamp = 0
        let (rows, starts) = buffer.grouped(by: rangeCount)
        for range in 0..<rangeCount {
            guard starts[range] < starts[range + 1] else {
                index += [0, 0]
                continue
            }
            gather(rows[starts[range]..<starts[range + 1]], of: buffer, symbols)
            try write(segment)
            index += [offset, UInt64(segment.count)]
            offset += UInt64(segment.count)
        }
    }

    /// Writes index and footer and closes the file.
    func finish() throws {
        let indexBytes = index.withUnsafeBytes { Array($0) }
        try write(indexBytes)
        var footer: [UInt8] = []
        withUnsafeBytes(of: offset.littleEndian) { footer += $0 }
        let runs = rangeCount == 0 ? 0 : index.count / 2 / rangeCount
        for value in [UInt32(runs), UInt32(rangeCount), UInt32(attributes), CRC32C.checksum(of: indexBytes)] {
            withUnsafeBytes(of: value.littleEndian) { footer += $0 }
        }
        try write(footer)
        guard let finished = handle.take() else { return }
        // Some file systems tell only here that a disk is full.
        guard close(finished) == 0 else {
            throw FileError("close", path: path, errorNumber: errno, writing: true)
        }
    }

    func abandon() {
        if let open = handle.take() { close(open) }
        unlink(path)
    }

    /// Makes ``segment`` of the given rows.
    private func gather(_ rows: ArraySlice<UInt32>, of buffer: RunBuffer, _ symbols: SymbolTable) {
        stamp += 1
        texts.removeAll(keepingCapacity: true)
        textOffsets.removeAll(keepingCapacity: true)
        textOffsets.append(0)
        words.removeAll(keepingCapacity: true)
        rows.withUnsafeBufferPointer { rows in
            gather(buffer.patients, rows, symbols)
            buffer.times.withUnsafeBufferPointer { times in
                for row in rows {
                    let bits = UInt64(bitPattern: times[Int(row)])
                    words.append(UInt32(truncatingIfNeeded: bits))
                    words.append(UInt32(truncatingIfNeeded: bits >> 32))
                }
            }
            for column in buffer.columns { gather(column, rows, symbols) }
        }
        assemble(rows: rows.count)
    }

    /// Appends one column of the given rows, with the segment's own numbers for its symbols, given on first use.
    private func gather(_ column: [UInt32], _ rows: UnsafeBufferPointer<UInt32>, _ symbols: SymbolTable) {
        let first = words.count
        words.append(contentsOf: repeatElement(EventTable.missingSymbol, count: rows.count))
        column.withUnsafeBufferPointer { column in
            stamps.withUnsafeMutableBufferPointer { stamps in
                locals.withUnsafeMutableBufferPointer { locals in
                    words.withUnsafeMutableBufferPointer { words in
                        for (place, row) in rows.enumerated() {
                            let symbol = column[Int(row)]
                            guard symbol != EventTable.missingSymbol else { continue }
                            if stamps[Int(symbol)] != stamp {
                                stamps[Int(symbol)] = stamp
                                locals[Int(symbol)] = add(symbol, symbols)
                            }
                            words[first + place] = locals[Int(symbol)]
                        }
                    }
                }
            }
        }
    }

    /// Adds a text to the segment and returns its number.
    private func add(_ symbol: UInt32, _ symbols: SymbolTable) -> UInt32 {
        symbols.withBytes(of: Symbol(index: symbol)) { texts.append(contentsOf: $0) }
        textOffsets.append(UInt32(texts.count))
        return UInt32(textOffsets.count - 2)
    }

    private func assemble(rows: Int) {
        while texts.count % 4 != 0 { texts.append(0) }
        segment.removeAll(keepingCapacity: true)
        segment.append(contentsOf: repeatElement(0, count: 16))
        textOffsets.withUnsafeBytes { segment.append(contentsOf: $0) }
        segment.append(contentsOf: texts)
        words.withUnsafeBytes { segment.append(contentsOf: $0) }
        let checksum = segment.withUnsafeBytes {
            CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[16...]))
        }
        let textBytes = textOffsets.last ?? 0
        let head = [UInt32(rows), UInt32(textOffsets.count - 1), textBytes, checksum]
        for (place, value) in head.enumerated() {
            withUnsafeBytes(of: value.littleEndian) {
                segment.replaceSubrange((4 * place)..<(4 * place + 4), with: $0)
            }
        }
    }

    private func write(_ bytes: [UInt8]) throws {
        guard let handle else { return }
        try bytes.withUnsafeBytes { raw in
            var done = 0
            while done < raw.count {
                let count = Foundation.write(handle, raw.baseAddress! + done, raw.count - done)
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else {
                    throw FileError("write", path: path, errorNumber: errno, writing: true)
                }
                done += count
            }
        }
    }
}

/// The rows of one patient range in one run of a shuffle file, as they stand in it.
struct ShuffleSegment {
    private let bytes: [UInt8]
    let rows: Int
    let symbols: Int
    private let textStart: Int
    private let wordStart: Int

    /// Checks the layout; nil if the lengths do not fit.
    init?(_ bytes: [UInt8], attributes: Int) {
        self.bytes = bytes
        (rows, symbols) = (Int(bytes.load(0, UInt32.self)), Int(bytes.load(4, UInt32.self)))
        textStart = 16 + (symbols + 1) * 4
        wordStart = textStart + (Int(bytes.load(8, UInt32.self)) + 3) / 4 * 4
        // None of the numbers is under a checksum yet.
        let (cells, isHuge) = rows.multipliedReportingOverflow(by: attributes + 3)
        guard !isHuge, cells <= bytes.count, bytes.count == wordStart + cells * 4 else { return nil }
    }

    /// Whether the checksum is that of the content.
    var isIntact: Bool {
        let found = bytes.withUnsafeBytes { CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[16...])) }
        return found == bytes.load(12, UInt32.self)
    }

    /// Every text in order.
    func forEachText(_ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        bytes.withUnsafeBytes { raw in
            let texts = raw.bindMemory(to: UInt8.self)
            for i in 0..<symbols {
                let start = raw.loadUnaligned(fromByteOffset: 16 + i * 4, as: UInt32.self)
                let end = raw.loadUnaligned(fromByteOffset: 20 + i * 4, as: UInt32.self)
                body(UnsafeBufferPointer(rebasing: texts[(textStart + Int(start))..<(textStart + Int(end))]))
            }
        }
    }

    /// Calls `body` with the patients' symbols.
    func withPatients(_ body: (UnsafeRawBufferPointer) -> Void) { withWords(0, 1, body) }
    /// Calls `body` with the times, 8 bytes each.
    func withTimes(_ body: (UnsafeRawBufferPointer) -> Void) { withWords(1, 2, body) }
    /// Calls `body` with the symbols of an attribute.
    func withAttribute(_ number: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
        withWords(3 + number, 1, body)
    }

    private func withWords(_ column: Int, _ width: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
        let start = wordStart + rows * 4 * column
        bytes.withUnsafeBytes {
            body(UnsafeRawBufferPointer(rebasing: $0[start..<(start + rows * 4 * width)]))
        }
    }
}

/// Reads the segments of one patient range; every length and checksum is checked.
struct ShuffleFileReader {
    private let path: String

    init(path: String) { self.path = path }

    /// The range's segments in run order; throws ``DatasetError/damagedShuffle(file:reason:)`` and `FileError`.
    func segments(of range: Int) throws -> [ShuffleSegment] {
        let handle = open(path, O_RDONLY | O_CLOEXEC)
        guard handle >= 0 else { throw FileError("open", path: path, errorNumber: errno) }
        defer { close(handle) }
        let size = try fileSize(path)
        guard size >= ShuffleLayout.magic.count + ShuffleLayout.footerBytes else {
            throw damaged("too short")
        }
        let footer = try read(handle, size - ShuffleLayout.footerBytes, ShuffleLayout.footerBytes)
        let indexOffset = Int(clamping: footer.load(0, UInt64.self))
        let (runs, ranges) = (Int(footer.load(8, UInt32.self)), Int(footer.load(12, UInt32.self)))
        let attributes = Int(footer.load(16, UInt32.self))
        // Compared by division and difference: numbers of a damaged footer may be as large as their type.
        guard range < ranges, runs <= size / 16 / ranges, indexOffset <= size,
            runs * ranges * 16 == size - ShuffleLayout.footerBytes - indexOffset
        else {
            throw damaged("its index is not where the footer says")
        }
        let index = try read(handle, indexOffset, runs * ranges * 16)
        guard CRC32C.checksum(of: index) == footer.load(20, UInt32.self) else {
            throw damaged("wrong index checksum")
        }
        return try (0..<runs).compactMap { run in
            let at = (run * ranges + range) * 16
            let offset = Int(clamping: index.load(at, UInt64.self))
            let length = Int(clamping: index.load(at + 8, UInt64.self))
            guard length > 0 else { return nil }
            guard length >= 16, offset <= indexOffset, length <= indexOffset - offset else {
                throw damaged("a segment lies outside")
            }
            return try decode(try read(handle, offset, length), attributes)
        }
    }

    private func decode(_ bytes: [UInt8], _ attributes: Int) throws -> ShuffleSegment {
        guard let segment = ShuffleSegment(bytes, attributes: attributes) else {
            throw damaged("a segment has a wrong length")
        }
        guard segment.isIntact else { throw damaged("a segment has a wrong checksum") }
        return segment
    }

    private func read(_ handle: Int32, _ offset: Int, _ count: Int) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
            while done < count {
                let rest = UnsafeMutableRawBufferPointer(
                    rebasing: UnsafeMutableRawBufferPointer(buffer)[done...])
                let got = pread(handle, rest.baseAddress, count - done, off_t(offset + done))
                if got < 0, errno == EINTR { continue }
                guard got >= 0 else { throw FileError("read", path: path, errorNumber: errno) }
                guard got > 0 else { throw damaged("it ends early") }
                done += got
            }
        }
    }

    private func damaged(_ reason: String) -> DatasetError { .damagedShuffle(file: path, reason: reason) }
}

extension [UInt8] {
    /// The little-endian number at a byte offset inside the array.
    fileprivate func load<T: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, _: T.Type) -> T {
        withUnsafeBytes { T(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: T.self)) }
    }
}
