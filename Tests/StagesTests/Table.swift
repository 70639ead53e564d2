import Foundation
import Testing

/// A table of a corpus, changed by lines and fields; fields that are changed stand before any quoted one.
struct Table: Sendable {
    let path: String

    /// The lines without their ends.
    func lines() throws -> [String] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
    }

    /// Replaces the whole file.
    func write(_ lines: some Sequence<String>) throws {
        try lines.map { $0 + "\n" }.joined().write(toFile: path, atomically: true, encoding: .utf8)
    }

    /// Changes one line, counted from 1.
    func edit(line: Int, _ change: (String) -> String) throws {
        var rows = try lines()
        try #require(rows.count >= line)
        rows[line - 1] = change(rows[line - 1])
        try write(rows)
    }

    /// Deletes the file.
    func remove() throws { try FileManager.default.removeItem(atPath: path) }

    /// Replaces the file by its gzip form after `change`.
    func compress(_ change: (Data) -> Data) throws {
        let gzip = Process()
        gzip.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        gzip.arguments = ["gzip", path]
        try gzip.run()
        gzip.waitUntilExit()
        try #require(gzip.terminationStatus == 0)
        let packed = "\(path).gz"
        try change(Data(contentsOf: URL(fileURLWithPath: packed))).write(to: URL(fileURLWithPath: packed))
    }

    /// `line` with another text in the field at `index`.
    static func replacing(field index: Int, of line: String, with text: String) -> String {
        var fields = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        fields[index] = text
        return fields.joined(separator: ",")
    }

    /// `line` with another text in a field counted from the end, where the last is 1.
    static func replacing(fieldFromEnd index: Int, of line: String, with text: String) -> String {
        let count = line.split(separator: ",", omittingEmptySubsequences: false).count
        return replacing(field: count - index, of: line, with: text)
    }
}
