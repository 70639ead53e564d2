import DelimitedText
import Dispatch
import Synchronization

/// Row starts of a plain file near multiples of a distance, found exactly by counting quotes from the beginning.
///
/// Nothing else can begin before, so the file is counted in chunks on all cores.
struct RowStarts {
    /// Byte offset and 1-based line number of every row start, the first one behind the header.
    let found: [(offset: Int, line: Int)]

    private static let usualChunk = 4 << 20

    init(path: String, every distance: Int) throws {
        let (_, header, firstLine) = try RowReader.readHeader(path)
        let size = try fileSize(path)
        let chunksPerPiece = max(1, distance / Self.usualChunk)
        let length = (distance + chunksPerPiece - 1) / chunksPerPiece
        let chunks = stride(from: header, to: size, by: length).map { $0..<min($0 + length, size) }
        let counts = try Self.counts(of: chunks, in: path)
        var starts = [(offset: header, line: firstLine)]
        var before = CharacterCounts()
        for (number, chunk) in chunks.enumerated() {
            if number > 0, number.isMultiple(of: chunksPerPiece),
                var start = try Self.rowStart(in: path, from: chunk.lowerBound, before),
                start.offset > starts[starts.count - 1].offset, start.offset < size
            {
                start.line += firstLine
                starts.append(start)
            }
            before.add(counts[number])
        }
        if !before.quotes.isMultiple(of: 2) { try Self.throwFirstFault(of: path) }
        found = starts
    }

    /// Reads a file whose quotes do not come in pairs from its beginning, so that the first bad row is named wherever the
    /// pieces would have begun.
    private static func throwFirstFault(of path: String) throws {
        let reader = try RowReader(path: path)
        while try reader.next() != nil {}
    }

    private static func counts(of chunks: [Range<Int>], in path: String) throws -> [CharacterCounts] {
        let state = Mutex((counts: chunks.map { _ in CharacterCounts() }, failure: (any Error)?.none))
        DispatchQueue.concurrentPerform(iterations: chunks.count) { number in
            do {
                let own = try counts(of: chunks[number], in: path)
                state.withLock { $0.counts[number] = own }
            } catch {
                state.withLock { $0.failure = error }
            }
        }
        return try state.withLock {
            if let failure = $0.failure { throw failure }
            return $0.counts
        }
    }

    private static func counts(of chunk: Range<Int>, in path: String) throws -> CharacterCounts {
        var counts = CharacterCounts()
        try forEachPiece(of: path, from: chunk.lowerBound, until: chunk.upperBound, bytes: 1 << 18) {
            piece in
            counts.add(CharacterCounts(piece))
            return true
        }
        return counts
    }

    /// The first row start behind `offset`, before which the rows have the given counts, and how many lines there are before
    /// it; nil if there is none.
    private static func rowStart(
        in path: String, from offset: Int, _ before: CharacterCounts
    ) throws -> (offset: Int, line: Int)? {
        var isQuoted = !before.quotes.isMultiple(of: 2)
        var (place, line) = (offset, before.newlines)
        var isFound = false
        try forEachPiece(of: path, from: offset, until: .max, bytes: 1 << 16) { piece in
            for byte in piece {
                place += 1
                if byte == 0x22 { isQuoted.toggle() }
                guard byte == 0x0A else { continue }
                line += 1
                isFound = !isQuoted
                if isFound { break }
            }
            return !isFound
        }
        return isFound ? (place, line) : nil
    }

    /// Calls `body` with piece after piece of a file until it returns false or the bytes end.
    private static func forEachPiece(
        of path: String, from start: Int, until end: Int, bytes: Int,
        _ body: (UnsafeBufferPointer<UInt8>) -> Bool
    ) throws {
        let source = try ByteSources.open(path, offset: start)
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: min(bytes, end - start), alignment: 64)
        defer { buffer.deallocate() }
        var left = end - start
        while left > 0 {
            let count = try source.read(into: .init(rebasing: buffer[..<min(left, buffer.count)]))
            guard count > 0,
                body(UnsafeRawBufferPointer(rebasing: buffer[..<count]).bindMemory(to: UInt8.self))
            else { return }
            left -= count
        }
    }
}
