import DelimitedText
import Foundation
import Groundwork

/// The notes of a file in PhysioNet's record format: `START_OF_RECORD=<patient>||||<note>||||`, the note's text,
/// `||||END_OF_RECORD`, with nothing but blanks between one record and the next.
struct NoteFile {
    /// Whose note it is, and which of his.
    struct Key: Hashable {
        let patient: String
        let note: String

        /// Ascending by patient, then by note, both as whole numbers of any length; `7` before `07`.
        static func precedes(_ a: Key, _ b: Key) -> Bool {
            (rank(a.patient), rank(a.note)) < (rank(b.patient), rank(b.note))
        }

        private static func rank(_ digits: String) -> Rank {
            let value = digits.drop { $0 == "0" }
            return Rank(
                length: value.utf8.count, value: String(value), zeros: digits.utf8.count - value.utf8.count)
        }

        private struct Rank: Comparable {
            let length: Int
            let value: String
            let zeros: Int

            static func < (a: Rank, b: Rank) -> Bool {
                (a.length, a.value, a.zeros) < (b.length, b.value, b.zeros)
            }
        }
    }

    /// One record.
    struct Record {
        let key: Key
        /// Its text in the file.
        let body: Range<Int>
        /// The 1-based line on which it begins.
        let line: Int
    }

    /// The file.
    let path: String
    /// The records in file order; no two have the same key.
    private(set) var records: [Record] = []
    private let bytes: [UInt8]

    /// The largest note that is read, in bytes.
    static let noteLimit = 32 << 20
    private static let start = Array("START_OF_RECORD=".utf8)
    private static let separator = Array("||||".utf8)
    private static let end = Array("||||END_OF_RECORD".utf8)

    /// Reads a whole file, plain or gzip, and finds its records; throws ``DatasetError/badRecord(file:line:reason:)``,
    /// `DelimitedTextError`, `FileError`.
    init(_ path: String) throws {
        self.path = path
        bytes = try Self.contents(path)
        var lines: [Key: Int] = [:]
        var (position, line) = (bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0, 1)
        while skipBlanks(&position, &line) {
            let record = try record(at: position, line: line)
            if let first = lines.updateValue(line, forKey: record.key) {
                throw bad(line, "patient and note have the numbers of the record in line \(first)")
            }
            records.append(record)
            let next = record.body.upperBound + Self.end.count
            line += newlines(position..<next)
            position = next
        }
        guard !records.isEmpty else { throw bad(1, "there is no record") }
    }

    /// A note's text as Unicode scalars, line ends as newline characters, without blanks around it.
    ///
    /// Throws ``DatasetError/notUTF8(file:line:column:)``.
    func text(of record: Record) throws -> ArraySlice<UInt32> {
        guard let text = String(validating: bytes[record.body], as: UTF8.self) else {
            throw DatasetError.notUTF8(
                file: path, line: record.line + lineOfBadText(record.body), column: "text")
        }
        var scalars: [UInt32] = []
        scalars.reserveCapacity(record.body.count)
        for scalar in text.unicodeScalars.lazy.map(\.value) {
            if scalar == 0x0A, scalars.last == 0x0D { scalars.removeLast() }
            scalars.append(scalar)
        }
        for place in scalars.indices where scalars[place] == 0x0D { scalars[place] = 0x0A }
        return scalars[...].trimmingBlanks()
    }

    /// An error at a line of this file.
    func bad(_ line: Int, _ reason: String) -> DatasetError {
        .badRecord(file: path, line: line, reason: reason)
    }

    private static func contents(_ path: String) throws -> [UInt8] {
        let source = try ByteSources.open(path)
        var bytes: [UInt8] = []
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer { buffer.deallocate() }
        while case let count = try source.read(into: buffer), count > 0 { bytes += buffer[..<count] }
        return bytes
    }

    /// Goes to the next byte that is no blank or line end; false at the end of the file.
    private func skipBlanks(_ position: inout Int, _ line: inout Int) -> Bool {
        while position < bytes.count, bytes[position] == 0x20 || (0x09...0x0D).contains(bytes[position]) {
            if bytes[position] == 0x0A { line += 1 }
            position += 1
        }
        return position < bytes.count
    }

    private func record(at position: Int, line: Int) throws -> Record {
        guard bytes[position...].starts(with: Self.start),
            let (patient, afterPatient) = number(position + Self.start.count),
            let (note, body) = number(afterPatient)
        else { throw bad(line, "expected START_OF_RECORD=<patient>||||<note>||||, both whole numbers, here") }
        guard let end = bytes.firstRange(of: Self.end, from: body)?.lowerBound else {
            throw bad(line, "the record that begins here has no ||||END_OF_RECORD")
        }
        guard end - body <= Self.noteLimit else {
            throw bad(line, "the note that begins here is longer than \(Self.noteLimit >> 20) MiB")
        }
        if let next = bytes.firstRange(of: Self.start, from: body, to: end)?.lowerBound {
            let nextLine = line + newlines(position..<next)
            throw bad(
                line,
                "the record that begins here has no ||||END_OF_RECORD before the next, in line \(nextLine)")
        }
        return Record(key: Key(patient: patient, note: note), body: body..<end, line: line)
    }

    /// Digits and the separator behind them, and where that ends.
    private func number(_ start: Int) -> (text: String, end: Int)? {
        let digits = bytes[start...].prefix { (0x30...0x39).contains($0) }
        guard !digits.isEmpty, bytes[digits.endIndex...].starts(with: Self.separator) else { return nil }
        return (String(decoding: digits, as: UTF8.self), digits.endIndex + Self.separator.count)
    }

    private func newlines(_ range: Range<Int>) -> Int {
        bytes.withUnsafeBufferPointer { CharacterCounts(UnsafeBufferPointer(rebasing: $0[range])).newlines }
    }

    /// In which line of a text that is no UTF-8 the first fault is, counted from 0.
    private func lineOfBadText(_ body: Range<Int>) -> Int {
        let lines = bytes[body].split(separator: 0x0A, omittingEmptySubsequences: false)
        return lines.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0
    }
}
