import Foundation

/// The text of a YAML document and the values that `--set` gave it, from which it is decoded anew wherever it is needed.
package struct ConfigurationDocument: Sendable {
    /// The name used in errors.
    package let file: String
    private let source: String
    private let overrides: [(key: String, value: String)]
    /// An item of a list that takes a key's place.
    private var chosen: (index: Int, list: String, key: String)?

    /// A document given as text; `overrides` are dotted paths with the YAML text of their values.
    package init(_ source: String, file: String, overrides: [(String, String)] = []) {
        (self.source, self.file) = (source, file)
        self.overrides = overrides.map { ($0.0, $0.1) }
    }

    /// Reads a file; throws as ``text(of:key:)`` does.
    package init(path: String, overrides: [(String, String)] = []) throws {
        self.init(try Self.text(of: path), file: path, overrides: overrides)
    }

    /// The text of a file that a person wrote, without the byte-order mark with which editors on Windows begin files.
    ///
    /// Throws ``ConfigurationError`` for a file that is not there, which `key` named, or not UTF-8, and ``FileError``.
    package static func text(of path: String, key: String? = nil) throws -> String {
        try requireFile(path, key: key)
        let data = try Files.contents(of: path)
        let bytes = data.starts(with: [0xEF, 0xBB, 0xBF]) ? data.dropFirst(3) : data
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let line = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0
        throw ConfigurationError("not-utf8", "\(path), line \(line + 1): not UTF-8. Save the file as UTF-8.")
    }

    /// Throws ``ConfigurationError`` where there is nothing at `path`, which `key` of the run file or an option named.
    package static func requireFile(_ path: String, key: String? = nil) throws {
        guard access(path, F_OK) != 0, errno == ENOENT || errno == ENOTDIR else { return }
        throw ConfigurationError(
            "no-file",
            "\(key.map { "\($0): there" } ?? "There") is no file \"\(path)\". Name one that is there.")
    }

    /// The decoded document with all overrides applied; throws ``ConfigurationError``.
    package func root() throws -> ConfigurationNode {
        let all = try overrides.reduce(ConfigurationNode.parse(source, file: file)) {
            try $0.setting($1.key, to: $1.value)
        }
        return try chosen.map { try all.choosing($0.index, of: $0.list, as: $0.key) } ?? all
    }

    /// The document with one item of the list under `list` as the value under `key`, without the list.
    package func choosing(_ index: Int, of list: String, as key: String) -> ConfigurationDocument {
        var document = self
        document.chosen = (index, list, key)
        return document
    }
}
