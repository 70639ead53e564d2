import ClinicalData
import DelimitedText
import Groundwork

/// One CSV table being written: fields are put into a block of bytes, full blocks are handed on.
final class TableWriter {
    private let sink: ByteSink
    private let block: UnsafeMutablePointer<UInt8>
    private let blockBytes: Int
    /// Only this class and the closures it calls touch it, one at a time.
    @exclusivity(unchecked) private var cursor: TextCursor
    @exclusivity(unchecked) private var isRowStart = true
    @exclusivity(unchecked) private var rows = 0
    /// No row is longer.
    private static let longestRow = 1 << 16

    /// Creates `<path>.csv[.gz]` with the given header line; throws `FileError`.
    init(path: String, header: String, options: CorpusOptions) throws {
        sink = try ByteSink(path: "\(path).csv\(options.gzip ? ".gz" : "")", gzip: options.gzip)
        blockBytes = max(1, options.blockBytes)
        block = .allocate(capacity: blockBytes + header.utf8.count + 1 + Self.longestRow)
        cursor = TextCursor(next: block)
        cursor.bytes(Array(header.utf8))
        cursor.byte(0x0A)
    }

    deinit { block.deallocate() }

    private var filled: Int { cursor.next - block }

    /// Bytes written, before compression.
    var bytes: Int { sink.bytes + filled }

    /// The running number of the row that is being written, from 1.
    var rowNumber: Int { rows }

    /// Begins a row.
    func beginRow() {
        rows += 1
        isRowStart = true
    }

    @inline(__always)
    private func separate() {
        if !isRowStart { cursor.byte(0x2C) }
        isRowStart = false
    }

    /// A whole number.
    func number(_ value: Int) {
        separate()
        cursor.number(value)
    }

    /// Bytes that need no quotes, or are quoted already; may hold several fields.
    func raw(_ bytes: [UInt8]) {
        separate()
        precondition(filled + bytes.count < blockBytes + Self.longestRow, "row of \(bytes.count) bytes")
        cursor.bytes(bytes)
    }

    /// A text that needs no quotes.
    func text(_ value: StaticString) {
        separate()
        cursor.bytes(value.utf8Start, value.utf8CodeUnitCount)
    }

    /// Empty fields.
    func null(_ count: Int = 1) { for _ in 0..<count { separate() } }

    /// `YYYY-MM-DD HH:MM:SS`.
    func time(_ value: Timestamp) { time(Int(value.milliseconds / 1000)) }

    /// `YYYY-MM-DD HH:MM:SS`; `second` counts from 1970-01-01T00:00:00.
    func time(_ second: Int) {
        separate()
        cursor.time(second)
    }

    /// `YYYY-MM-DD`.
    func date(_ second: Int) {
        separate()
        cursor.time(second, clock: false)
    }

    /// `HH:MM:SS`.
    func timeOfDay(_ second: Int) {
        separate()
        cursor.timeOfDay(second)
    }

    /// One field made by `body`, of at most 4096 bytes.
    func field(_ body: (inout TextCursor) -> Void) {
        separate()
        body(&cursor)
    }

    /// Ends a row; throws `FileError`.
    func endRow() throws {
        cursor.byte(0x0A)
        if filled >= blockBytes { try flush() }
    }

    /// Whole rows made by `body` (at most 60 000 bytes), `count` of them; throws `FileError`.
    @inline(__always)
    func wholeRows(_ count: Int, _ body: (inout TextCursor) -> Void) throws {
        body(&cursor)
        rows += count
        if filled >= blockBytes { try flush() }
    }

    /// Writes the rest and gives the file its name; throws `FileError`.
    func finish() throws {
        try flush()
        try sink.finish()
    }

    private func flush() throws {
        try sink.write(UnsafeRawBufferPointer(start: block, count: filled))
        cursor.next = block
    }
}
