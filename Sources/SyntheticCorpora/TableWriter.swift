import ClinicalData
import DelimitedText
import Foundation
import Groundwork

/// One CSV table being written: fields are appended as bytes, rows are handed on in blocks.
final class TableWriter {
    private let sink: ByteSink
    private var buffer: [UInt8] = []
    private var isRowStart = true
    private var rowID = 0

    /// Creates `<folder>/<name>.csv[.gz]` with a quoted upper-case header.
    init(folder: String, name: String, columns: String, gzip: Bool) throws {
        sink = try ByteSink(path: "\(folder)/\(name).csv\(gzip ? ".gz" : "")", gzip: gzip)
        buffer.reserveCapacity(1 << 20)
        buffer += Array(
            columns.split(separator: ",").map { "\"\($0.uppercased())\"" }.joined(separator: ",").utf8)
        buffer.append(0x0A)
    }

    /// Bytes written, before compression.
    var bytes: Int { sink.bytes + buffer.count }

    /// Begins a row with its running number.
    func beginRow() {
        rowID += 1
        isRowStart = true
        number(rowID)
    }

    @inline(__always)
    private func separate() {
        if !isRowStart { buffer.append(0x2C) }
        isRowStart = false
    }

    /// A whole number, not negative.
    func number(_ value: Int) {
        separate()
        appendNumber(value)
    }

    /// Bytes that need no quotes, or are quoted already.
    func raw(_ bytes: [UInt8]) {
        separate()
        buffer.append(contentsOf: bytes)
    }

    /// A text that needs no quotes.
    func text(_ value: String) {
        separate()
        buffer.append(contentsOf: value.utf8)
    }

    /// An empty field.
    func null() { separate() }

    /// `YYYY-MM-DD HH:MM:SS`.
    func time(_ value: Timestamp) {
        separate()
        let c = value.components
        appendPadded(c.year, 4)
        buffer.append(0x2D)
        appendPadded(c.month, 2)
        buffer.append(0x2D)
        appendPadded(c.day, 2)
        buffer.append(0x20)
        appendPadded(c.hour, 2)
        buffer.append(0x3A)
        appendPadded(c.minute, 2)
        buffer.append(0x3A)
        appendPadded(c.second, 2)
    }

    func endRow() throws {
        buffer.append(0x0A)
        if buffer.count >= 1 << 20 { try flush() }
    }

    func finish() throws {
        try flush()
        try sink.finish()
    }

    private func flush() throws {
        try sink.write(buffer)
        buffer.removeAll(keepingCapacity: true)
    }

    private func appendNumber(_ value: Int) {
        var digits = 1
        var limit = 10
        while value >= limit {
            digits += 1
            limit *= 10
        }
        appendPadded(value, digits)
    }

    private func appendPadded(_ value: Int, _ width: Int) {
        let start = buffer.count
        for _ in 0..<width { buffer.append(0x30) }
        var rest = value
        var place = start + width - 1
        while place >= start {
            buffer[place] = UInt8(0x30 + rest % 10)
            rest /= 10
            place -= 1
        }
    }
}
