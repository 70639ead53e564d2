import CScan
import Foundation
import Groundwork

/// Reads a delimited text file in blocks of whole rows, quote-aware, with bounded memory.
///
/// Wholly blank lines are skipped; a missing final newline and CRLF are accepted; every row must have as many fields as the
/// header. Throws ``DelimitedTextError`` and `FileError`.
package final class RowReader {
    /// The largest row that is accepted, in bytes.
    package static let rowLimit = 256 << 20

    /// The file as shown in errors.
    package let file: String
    /// The header's column names in lower case.
    package let header: [String]
    private let source: any ByteSource
    private var gzip: GzipSource? { source as? GzipSource }
    /// An access point whose first row has not been reached yet.
    private var waitingPoint: AccessPoint?
    private var readyPoint: AccessPoint?
    private let delimiter: UInt8
    private let rowLimit: Int
    /// Whether quotes must be where they belong, which takes time; otherwise they must come in pairs.
    private let isStrict: Bool
    /// The usual size of a block; the buffer is larger only while a longer row is read.
    private let usualSize: Int
    private var buffer: UnsafeMutableRawBufferPointer
    private var positions: UnsafeMutablePointer<UInt32>
    private var rowEnds: UnsafeMutablePointer<UInt32>
    private var filled = 0
    private var consumed = 0
    private var ended = false
    private var rowsSoFar = 0
    private var line: Int
    private var bytesLeft: Int

    /// Opens the file at `path` and reads its header.
    ///
    /// With `range` only the rows that begin in this range of the file's text are read; its bounds must be row starts (or
    /// the header's end and the file's end). A gzip file is inflated from its access point `from`, which must not lie behind
    /// the range's first row, and its text compared at `until`; with `pointDistance` access points are looked for.
    /// `blockSize` is the usual size of a block in bytes, `rowLimit` the largest row; with `isStrict` a quote that is not
    /// where it belongs is an error in every row. `firstLine` is the line of the range's first row; the default is the file's.
    package init(
        path: String, range: Range<Int>? = nil, firstLine: Int? = nil, from: AccessPoint? = nil,
        until: AccessPoint? = nil, pointDistance: Int? = nil, blockSize: Int = 1 << 18,
        rowLimit: Int = RowReader.rowLimit, isStrict: Bool = false
    ) throws {
        file = path
        delimiter = RowReader.isTabbed(path) ? 0x09 : 0x2C
        let head = try RowReader.readHeader(path, delimiter: delimiter)
        header = head.names
        let start = range?.lowerBound ?? head.length
        let isPlain = !ByteSources.isGzip(path)
        source =
            isPlain
            ? try PlainSource(path, offset: start)
            : try GzipSource(path, from: from, until: until, pointDistance: pointDistance)
        bytesLeft = range.map { $0.upperBound - $0.lowerBound } ?? Int.max
        line = firstLine ?? head.firstLine
        self.rowLimit = rowLimit
        self.isStrict = isStrict
        usualSize = max(blockSize, 1 << 12)
        buffer = .init(start: malloc(usualSize), count: usualSize)
        positions = .allocate(capacity: usualSize + Int(CSCAN_SLACK))
        rowEnds = .allocate(capacity: usualSize)
        if !isPlain { try skip(start - (from?.text ?? 0)) }
    }

    deinit {
        free(buffer.baseAddress)
        positions.deallocate()
        rowEnds.deallocate()
    }

    /// Compressed bytes read so far.
    package var bytesRead: Int { source.bytesRead }

    /// Bytes of the file's text up to where reading is; of gzip files.
    package var textBytes: Int { gzip?.textOffset ?? 0 }

    /// The access point found last with its first row, once; asked for after every block.
    package func takePoint() -> AccessPoint? {
        defer { readyPoint = nil }
        return readyPoint
    }

    /// Completes an access point once a block ends behind it: the next one begins with a row. One behind the last row is
    /// of no use.
    private func completePoint() {
        guard let gzip else { return }
        waitingPoint = waitingPoint ?? gzip.takePoint()
        guard !ended, var point = waitingPoint else { return }
        let row = gzip.textOffset - filled + consumed
        guard row >= point.text else { return }
        (point.row, point.line) = (row, line + pendingNewlines)
        (readyPoint, waitingPoint) = (point, nil)
    }

    /// The line number (1-based) at which a row of the last block begins, for errors: counts newlines, so it is slow.
    package func line(of row: Int, in block: RowBlock) -> Int {
        let end = row == 0 ? 0 : Int(block.positions[row * block.columns - 1]) + 1
        return blockLine + CharacterCounts(UnsafeBufferPointer(start: block.data, count: end)).newlines
    }

    private var blockLine = 2

    /// The error to show for one that rows of this file caused: damage of a gzip file where its rest shows any, since
    /// damaged bytes may inflate to rows that make no sense.
    package func rootCause(of error: any Error) -> any Error {
        if ByteSources.isGzip(file) {
            do { while try source.read(into: buffer) > 0 {} } catch { return error }
        }
        switch error as? DelimitedTextError {
        case .raggedRow, .rowTooLong, .unclosedQuote:
            guard !isExplained else { return error }
            isExplained = true
            return earlierBadQuote() ?? error
        default: return error
        }
    }

    /// Whether the cause of the error has been looked for.
    private var isExplained = false

    /// The next block, nil at the end.
    package func next() throws -> RowBlock? {
        do { return try nextBlock() } catch { throw rootCause(of: error) }
    }

    private func nextBlock() throws -> RowBlock? {
        line += pendingNewlines
        pendingNewlines = 0
        while true {
            moveRest()
            try fill()
            if filled == 0 { return nil }
            switch try index() {
            case .block(let block): return block
            case .blankLines: continue
            case .noWholeRow:
                if ended {
                    throw DelimitedTextError.unclosedQuote(
                        file: file, line: line(ofBadQuoteIn: 0..<filled) ?? line)
                }
                try grow()
            }
        }
    }

    private var pendingNewlines = 0

    private func moveRest() {
        guard consumed > 0, let base = buffer.baseAddress else { return }
        memmove(base, base + consumed, filled - consumed)
        filled -= consumed
        consumed = 0
        if buffer.count > usualSize, filled < usualSize { resize(usualSize) }
    }

    /// Reads until the buffer is full or the source ends; the end gets a newline if it lacks one.
    private func fill() throws {
        while !ended, filled < buffer.count - 1 {
            let room = min(buffer.count - 1 - filled, bytesLeft)
            let count =
                room == 0 ? 0 : try source.read(into: .init(rebasing: buffer[filled..<(filled + room)]))
            if count == 0 {
                ended = true
                if filled > 0, buffer[filled - 1] != 0x0A {
                    buffer[filled] = 0x0A
                    filled += 1
                }
            }
            filled += count
            if bytesLeft != Int.max { bytesLeft -= count }
        }
    }

    private enum Indexed {
        case block(RowBlock)
        case blankLines
        case noWholeRow
    }

    private func index() throws -> Indexed {
        guard let base = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return .noWholeRow }
        var (rows, lines) = (0, 0)
        var openQuote: Int32 = 0
        _ = cscan_index(base, filled, delimiter, positions, rowEnds, &rows, &lines, &openQuote)
        guard rows > 0 else { return .noWholeRow }
        consumed = Int(positions[Int(rowEnds[rows - 1])]) + 1
        blockLine = line
        if isStrict, let bad = line(ofBadQuoteIn: 0..<consumed, isInnerBad: false) {
            throw DelimitedTextError.unclosedQuote(file: file, line: bad)
        }
        if lines - newlines(behind: consumed) > rows { try checkLongRows(base, rows) }
        let kept = try checkRows(base, rows)
        pendingNewlines = lines - newlines(behind: consumed)
        guard kept > 0 else {
            line += pendingNewlines
            pendingNewlines = 0
            return .blankLines
        }
        defer { rowsSoFar += kept }
        completePoint()
        return .block(
            RowBlock(
                data: UnsafePointer(base), positions: UnsafePointer(positions), firstRow: rowsSoFar,
                count: kept,
                columns: header.count))
    }

    /// How many newlines the buffer has from `place` on.
    private func newlines(behind place: Int) -> Int {
        let base = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
        return CharacterCounts(UnsafeBufferPointer(start: base.map { $0 + place }, count: filled - place))
            .newlines
    }

    /// Checks the quotes of rows of several lines: two quotes out of place, in two rows, would make one row of them, which
    /// often has as many fields as it should.
    private func checkLongRows(_ base: UnsafePointer<UInt8>, _ rows: Int) throws {
        var start = 0
        for row in 0..<rows {
            let end = Int(lastPosition(Int(rowEnds[row])))
            if memchr(base + start, 0x0A, end - start) != nil, let bad = line(ofBadQuoteIn: start..<end) {
                throw DelimitedTextError.unclosedQuote(file: file, line: bad)
            }
            start = end + 1
        }
    }

    /// Checks the number of fields of every row; blank lines are taken out. Returns the number of rows kept.
    private func checkRows(_ base: UnsafePointer<UInt8>, _ rows: Int) throws -> Int {
        let columns = header.count
        var previous = -1
        for row in 0..<rows {
            let end = Int(rowEnds[row])
            if end - previous != columns || columns == 1 { return try compact(base, rows, from: row) }
            previous = end
        }
        return rows
    }

    /// As ``checkRows(_:_:)`` from a row on that has another number of fields: blank lines vanish by making the positions
    /// of the row before reach over them, anything else is an error.
    private func compact(_ base: UnsafePointer<UInt8>, _ rows: Int, from first: Int) throws -> Int {
        let columns = header.count
        var written = first * columns
        var kept = first
        var previous = first == 0 ? -1 : Int(rowEnds[first - 1])
        for row in first..<rows {
            let end = Int(rowEnds[row])
            let start = previous < 0 ? 0 : Int(rowStart(previous))
            let newline = Int(lastPosition(end))
            let isBlank =
                end - previous == 1 && (newline == start || newline == start + 1 && base[start] == 0x0D)
            if isBlank {
                // Later rows of this block then begin after the blank line: the reader restarts there.
                consumed = row == first ? newline + 1 : start
                return kept
            }
            guard end - previous == columns else {
                if let bad = line(ofBadQuoteIn: start..<newline) {
                    throw DelimitedTextError.unclosedQuote(file: file, line: bad)
                }
                let lines = CharacterCounts(UnsafeBufferPointer(start: base, count: start)).newlines
                throw DelimitedTextError.raggedRow(
                    file: file, line: line + lines, expected: columns, got: end - previous)
            }
            written += columns
            kept += 1
            previous = end
        }
        return kept
    }

    private func rowStart(_ previousEnd: Int) -> UInt32 { positions[previousEnd] + 1 }
    private func lastPosition(_ index: Int) -> UInt32 { positions[index] }

    private func grow() throws {
        let size = buffer.count * 2
        guard size <= rowLimit else {
            throw DelimitedTextError.rowTooLong(
                file: file, line: line(ofBadQuoteIn: 0..<filled) ?? line, limit: rowLimit)
        }
        resize(size)
    }

    /// Gives the buffer another size. Large memory is moved by the system, so that a long row is not there twice.
    private func resize(_ size: Int) {
        buffer = .init(start: realloc(buffer.baseAddress, size), count: size)
        positions.deallocate()
        rowEnds.deallocate()
        positions = .allocate(capacity: size + Int(CSCAN_SLACK))
        rowEnds = .allocate(capacity: size)
    }

    /// The line on which the first quoted field opens, among the buffer's bytes in `row`, that does not end as it should.
    private func line(ofBadQuoteIn row: Range<Int>, isInnerBad: Bool = true) -> Int? {
        guard let base = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return nil }
        let bytes = UnsafeBufferPointer(start: UnsafePointer(base), count: row.upperBound)
        let bad = QuoteCheck.firstBadQuote(
            bytes, from: row.lowerBound, delimiter: delimiter, isInnerBad: isInnerBad)
        return bad.map { line + CharacterCounts(UnsafeBufferPointer(rebasing: bytes[..<$0])).newlines }
    }

    /// The first quoted field of the file that does not close as a field must, if one begins no later than the block that
    /// was read last: rows behind it may look well formed for a while.
    private func earlierBadQuote() -> DelimitedTextError? {
        guard !isStrict,
            let reader = try? RowReader(path: file, blockSize: usualSize, rowLimit: rowLimit, isStrict: true)
        else {
            return nil
        }
        do {
            while reader.line <= line, try reader.nextBlock() != nil {}
        } catch let error as DelimitedTextError {
            if case .unclosedQuote = error { return error }
        } catch {}
        return nil
    }

    private func skip(_ count: Int) throws {
        var left = count
        while left > 0 {
            let got = try source.read(into: .init(rebasing: buffer[..<min(left, buffer.count)]))
            if got == 0 { return }
            left -= got
        }
    }

    private static func isTabbed(_ path: String) -> Bool {
        let plain = (ByteSources.isGzip(path) ? String(path.dropLast(3)) : path).lowercased()
        return [".tsv", ".txt", ".maf"].contains { plain.hasSuffix($0) }
    }

    /// Whether lines that begin with `#` may stand before the header (mutation annotation format).
    private static func hasComments(_ path: String) -> Bool {
        let path = path.lowercased()
        return path.hasSuffix(".maf") || path.hasSuffix(".maf.gz")
    }
}

extension RowReader {
    /// The header's names in lower case, the number of bytes up to the first row and the line on which that begins; skips a
    /// byte-order mark, blank lines, and the comments before the header of a `.maf` file.
    package static func readHeader(_ path: String, delimiter: UInt8? = nil) throws -> (
        names: [String], length: Int, firstLine: Int
    ) {
        let separator = delimiter ?? (isTabbed(path) ? 0x09 : 0x2C)
        let (bytes, header, end) = try headerLine(path)
        guard bytes.count > header.start else { throw DelimitedTextError.noHeader(file: path) }
        var names: [String] = []
        var current: [UInt8] = []
        var inQuotes = false
        for byte in bytes[header.start..<end] {
            switch byte {
            case 0x22: inQuotes.toggle()
            case separator where !inQuotes:
                names.append(name(current))
                current.removeAll()
            default: current.append(byte)
            }
        }
        names.append(name(current))
        return (names, end, header.line + 1)
    }

    /// The beginning of a file, at least to the newline that ends the header, where and on which line the header begins, and
    /// where it ends.
    private static func headerLine(
        _ path: String
    ) throws -> (bytes: [UInt8], header: (start: Int, line: Int), end: Int) {
        let source = try ByteSources.open(path)
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        var bytes: [UInt8] = []
        var header = (start: 0, line: 1)
        var place = 0
        var inQuotes = false
        let hasComments = hasComments(path)
        // Newlines end rows: a carriage return with text behind it ended one in the place of a newline.
        var (isReturn, hasReturn) = (false, false)
        while true {
            let start = bytes.count
            bytes.append(contentsOf: repeatElement(0, count: 1 << 16))
            let got = try bytes.withUnsafeMutableBytes {
                try source.read(into: .init(rebasing: $0[start...]))
            }
            bytes.removeLast((1 << 16) - got)
            // gzip, ZIP, Zstandard, xz
            let archives: [[UInt8]] = [
                [0x1F, 0x8B], [0x50, 0x4B, 3, 4], [0x28, 0xB5, 0x2F, 0xFD], [0xFD, 0x37, 0x7A],
            ]
            if start == 0, archives.contains(where: bytes.starts) {
                throw DelimitedTextError.compressed(file: path)
            }
            if start == 0, bytes.starts(with: mark) { (header.start, place) = (mark.count, mark.count) }
            while place < bytes.count {
                let isComment = hasComments && bytes[header.start] == 0x23
                if bytes[place] == 0x22, !isComment { inQuotes.toggle() }
                if isReturn, bytes[place] != 0x0A, bytes[place] != 0x0D { hasReturn = true }
                isReturn = bytes[place] == 0x0D && !inQuotes && !isComment
                if bytes[place] == 0x0A, !inQuotes {
                    let isBlank = bytes[header.start..<place].allSatisfy { $0 == 0x0D }
                    guard isComment || isBlank else {
                        if hasReturn { throw DelimitedTextError.carriageReturns(file: path) }
                        return (bytes, header, place + 1)
                    }
                    header = (place + 1, header.line + 1)
                }
                place += 1
            }
            if hasReturn, got == 0 || bytes.count >= headerLimit {
                throw DelimitedTextError.carriageReturns(file: path)
            }
            if got == 0, !inQuotes { return (bytes, header, bytes.count) }
            if got == 0 { throw DelimitedTextError.unclosedQuote(file: path, line: header.line) }
            guard bytes.count < headerLimit else {
                throw DelimitedTextError.rowTooLong(file: path, line: header.line, limit: headerLimit)
            }
        }
    }

    /// The longest header line that is accepted, in bytes.
    private static let headerLimit = 16 << 20

    private static func name(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes, as: UTF8.self)
        return text.trimmingCharacters(in: .whitespacesAndNewlines).lowercased()
    }
}
