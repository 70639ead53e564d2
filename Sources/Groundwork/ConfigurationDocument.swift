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

    /// Reads a file; throws ``FileError``.
    package init(path: String, overrides: [(String, String)] = []) throws {
        let data = try Files.contents(of: path)
        // Editors on Windows begin files with a byte-order mark.
        let text = data.starts(with: [0xEF, 0xBB, 0xBF]) ? data.dropFirst(3) : data
        self.init(String(decoding: text, as: UTF8.self), file: path, overrides: overrides)
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
