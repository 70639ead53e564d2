import Foundation
import Yams

/// A place in a YAML document that is decoded strictly: an unknown key or a wrong type is an error
/// that names file, line and key.
package struct ConfigurationNode {
    /// The file the document came from, as shown in errors.
    package let file: String
    /// The dotted path from the root, for example `model.hidden_dim`.
    package let path: String
    let node: Node
    /// Dotted paths whose values were given by `--set` and so have no line in the file.
    private var overridden: Set<String> = []

    private init(file: String, path: String, node: Node, overridden: Set<String> = []) {
        (self.file, self.path, self.node, self.overridden) = (file, path, node, overridden)
    }

    /// Parses the YAML file at `path`; throws ``ConfigurationError`` or ``FileError``.
    package static func load(path: String) throws -> ConfigurationNode {
        try ConfigurationDocument(path: path).root()
    }

    /// Parses YAML text; `file` is the name used in errors.
    package static func parse(_ text: String, file: String) throws -> ConfigurationNode {
        do {
            // Named, since the library's default looks through the environment first.
            guard let node = try Yams.compose(yaml: text, .default, .default, .utf8) else {
                throw ConfigurationError("empty", "\(file) is empty. Expected a mapping of keys.")
            }
            var left = mostNodes
            guard Self.fits(node, &left) else {
                throw ConfigurationError(
                    "too-large",
                    "\(file) has more than \(mostNodes) values once its aliases (*name) are put in. Write out what is needed."
                )
            }
            return ConfigurationNode(file: file, path: "", node: node)
        } catch let error as YamlError {
            throw Self.refusal(error, file)
        }
    }

    /// Values of a document at most: a few aliases of aliases would make any number of them.
    private static let mostNodes = 1_000_000

    private static func fits(_ node: Node, _ left: inout Int) -> Bool {
        left -= 1
        guard left >= 0 else { return false }
        switch node {
        case .mapping(let mapping): return mapping.allSatisfy { fits($0.key, &left) && fits($0.value, &left) }
        case .sequence(let items): return items.allSatisfy { fits($0, &left) }
        default: return true
        }
    }

    /// The 1-based line of this node.
    package var line: Int { node.mark?.line ?? 1 }

    /// "file, line n, key" for error messages, "--set key" where the value came from there.
    package var place: String {
        if isOverridden(path) { return "--set \(path)" }
        return path.isEmpty ? "\(file), line \(line)" : "\(file), line \(line), key \"\(path)\""
    }

    /// Whether `--set` gave the value at `path` or one that it lies in.
    private func isOverridden(_ path: String) -> Bool {
        overridden.contains { path == $0 || path.hasPrefix($0 + ".") || path.hasPrefix($0 + "[") }
    }

    /// Whether the value is absent or null.
    package var isNull: Bool {
        if case .scalar(let scalar) = node {
            return node.tag == Tag(.null)
                || ["", "~", "null"].contains(scalar.string) && scalar.style == .plain
        }
        return false
    }

    /// Whether this is a mapping, a sequence or a scalar.
    package var isMapping: Bool { node.mapping != nil }
    /// Whether this is a list.
    package var isSequence: Bool { node.sequence != nil }

    /// Refuses keys outside `allowed`, naming the nearest and all valid ones.
    package func allow(_ allowed: [String]) throws {
        guard let mapping = node.mapping else {
            throw ConfigurationError(
                "type", "\(place): expected a mapping with keys \(allowed.joined(separator: ", ")).")
        }
        for (key, _) in mapping {
            let name = key.string ?? ""
            if !allowed.contains(name) {
                let full = path.isEmpty ? name : "\(path).\(name)"
                let place =
                    key.mark == nil || isOverridden(full)
                    ? "--set" : "\(file), line \(key.mark?.line ?? line)"
                throw ConfigurationError(
                    "unknown-key",
                    "\(place): unknown key \"\(full)\".\(suggestion(for: name, among: allowed)) Valid keys: \(allowed.joined(separator: ", "))."
                )
            }
        }
    }

    /// The keys of a mapping in file order, empty for anything else.
    package var keys: [String] { node.mapping?.keys.compactMap(\.string) ?? [] }

    /// The value under `key`, nil if absent or null.
    package func child(_ key: String) -> ConfigurationNode? {
        // By its text: 'on' in quotes and on without are one key, whatever the library takes them for.
        guard let value = node.mapping?.first(where: { $0.key.string == key })?.value else { return nil }
        let child = ConfigurationNode(
            file: file, path: path.isEmpty ? key : "\(path).\(key)", node: value, overridden: overridden)
        return child.isNull ? nil : child
    }

    /// The value under `key`; throws if it is absent.
    package func required(_ key: String) throws -> ConfigurationNode {
        guard let child = child(key) else {
            let full = path.isEmpty ? key : "\(path).\(key)"
            throw ConfigurationError(
                "missing-key",
                isOverridden(full) && !isOverridden(path)
                    ? "--set \(full): the value is missing." : "\(place): the key \"\(full)\" is missing.")
        }
        return child
    }

    /// The items of a list.
    package func items() throws -> [ConfigurationNode] {
        guard let sequence = node.sequence else { throw wrongType("a list") }
        return sequence.enumerated().map {
            ConfigurationNode(file: file, path: "\(path)[\($0)]", node: $1, overridden: overridden)
        }
    }

    /// The scalar as text, numbers as written.
    package func string() throws -> String {
        guard let scalar = node.scalar else { throw wrongType("a text") }
        return scalar.string
    }

    /// The scalar as a whole number within `range`.
    package func int(in range: ClosedRange<Int> = Int.min...Int.max) throws -> Int {
        guard let text = node.scalar?.string, let value = Int(text.replacingOccurrences(of: "_", with: ""))
        else { throw wrongType("a whole number") }
        guard range.contains(value) else { throw outOfRange("\(range.lowerBound) to \(range.upperBound)") }
        return value
    }

    /// The scalar as a number within `range`.
    package func double(in range: ClosedRange<Double> = -Double.infinity...Double.infinity) throws -> Double {
        guard let text = node.scalar?.string, let value = Double(text) else { throw wrongType("a number") }
        guard range.contains(value) else { throw outOfRange("\(range.lowerBound) to \(range.upperBound)") }
        return value
    }

    /// The scalar as true or false.
    package func bool() throws -> Bool {
        switch node.scalar?.string.lowercased() {
        case "true", "yes", "on": return true
        case "false", "no", "off": return false
        default: throw wrongType("true or false")
        }
    }

    /// One of a closed set of words.
    package func choice(_ valid: [String]) throws -> String {
        let value = try string()
        guard valid.contains(value) else {
            throw ConfigurationError(
                "unknown-value",
                "\(place): \"\(value)\" is not known.\(suggestion(for: value, among: valid)) Valid: \(valid.joined(separator: ", "))."
            )
        }
        return value
    }

    /// Texts of a list, or a single text as a list of one.
    package func strings() throws -> [String] {
        isSequence ? try items().map { try $0.string() } : [try string()]
    }

    /// An error at this place.
    package func error(_ code: String, _ message: String) -> ConfigurationError {
        ConfigurationError(code, "\(place): \(message)")
    }

    /// This document with the value under a dotted `path` replaced by YAML text, as for `--set path=value`.
    package func setting(_ path: String, to text: String) throws -> ConfigurationNode {
        let value = try Self.parse(text.isEmpty ? "~" : text, file: "--set \(path)").node
        let changed = try replace(node, Array(path.split(separator: ".").map(String.init))[...], value)
        return ConfigurationNode(
            file: file, path: self.path, node: changed, overridden: overridden.union([path]))
    }

    /// As ``setting(_:to:)`` with a plain text.
    package func setting(_ path: String, toText text: String) throws -> ConfigurationNode {
        let keys = Array(path.split(separator: ".").map(String.init))[...]
        return ConfigurationNode(
            file: file, path: self.path, node: try replace(node, keys, Node(text)), overridden: overridden)
    }

    /// This document with a list in place of the value under `key`; the items may be parts of other documents.
    package func setting(_ key: String, toItems items: [ConfigurationNode]) throws -> ConfigurationNode {
        ConfigurationNode(
            file: file, path: path, node: try replace(node, [key], Node(items.map(\.node))),
            overridden: overridden)
    }

    /// This document with the item number `index` of the list under `list` as the value under `key`, without the list.
    package func choosing(_ index: Int, of list: String, as key: String) throws -> ConfigurationNode {
        let item = try required(list).items()[index].node
        let pairs = (node.mapping.map { $0.map { ($0.key, $0.value) } } ?? []).filter { $0.0.string != list }
        let rest = Node.mapping(Node.Mapping(pairs, .implicit, .any, node.mark))
        return ConfigurationNode(
            file: file, path: path, node: try replace(rest, [key], item), overridden: overridden)
    }

    /// Every scalar below this node with its dotted path, sorted by path; lists are one value.
    package var settings: [(key: String, value: String)] {
        guard isMapping else { return [(path, canonical)] }
        return keys.compactMap { child($0) }.flatMap(\.settings).sorted { $0.key < $1.key }
    }

    /// This node as one line of text with sorted keys: equal content gives equal text.
    package var canonical: String { Self.canonical(node) }

    private static func canonical(_ node: Node) -> String {
        if let mapping = node.mapping {
            let pairs = mapping.map { ($0.key.string ?? "", canonical($0.value)) }.sorted { $0.0 < $1.0 }
            return "{" + pairs.map { "\"\($0)\": \($1)" }.joined(separator: ", ") + "}"
        }
        if let sequence = node.sequence { return "[" + sequence.map(canonical).joined(separator: ", ") + "]" }
        return "\"\(node.string ?? "")\""
    }

    /// The document as YAML text.
    package func yaml() throws -> String { try Yams.serialize(node: node) }

    private func replace(_ node: Node, _ path: ArraySlice<String>, _ value: Node) throws -> Node {
        guard let key = path.first else { return value }
        var pairs = node.mapping.map { $0.map { ($0.key, $0.value) } } ?? []
        if node.mapping == nil, node.scalar?.string.isEmpty == false {
            throw ConfigurationError("set", "--set: \"\(key)\" is below a plain value in \(file).")
        }
        if let index = pairs.firstIndex(where: { $0.0.string == key }) {
            pairs[index].1 = try replace(pairs[index].1, path.dropFirst(), value)
        } else {
            pairs.append((Node(key), try replace(Node([] as [(Node, Node)]), path.dropFirst(), value)))
        }
        return .mapping(Node.Mapping(pairs, .implicit, .any, node.mark))
    }

    private func wrongType(_ expected: String) -> ConfigurationError {
        error("type", "expected \(expected).")
    }
    private func outOfRange(_ range: String) -> ConfigurationError {
        error("range", "out of range. Valid: \(range).")
    }

    /// What the parser said, with file and line first; the text of the document is not repeated.
    private static func refusal(_ error: YamlError, _ file: String) -> ConfigurationError {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            return ConfigurationError(
                "yaml",
                "\(file), line \(mark.line), column \(mark.column): not valid YAML: \(problem). Mend the line."
            )
        case .duplicatedKeysInMapping(let keys, let context):
            let names = keys.sorted().map { "\"\($0)\"" }.joined(separator: ", ")
            return ConfigurationError(
                "duplicate-key",
                "\(file), in the mapping that begins at line \(context.mark.line): the key \(names) stands twice. Remove one."
            )
        default:
            return ConfigurationError("yaml", "\(file) is not a YAML text. Check that it is the right file.")
        }
    }
}

/// " Did you mean …?" for the valid name nearest to `name` (edit distance at most 3), else an empty text.
package func suggestion(for name: String, among valid: [String]) -> String {
    nearest(to: name, among: valid).map { " Did you mean \"\(valid[$0])\"?" } ?? ""
}

/// The place of the valid name nearest to `name` (edit distance at most 3), nil if none is near.
package func nearest(to name: String, among valid: [String]) -> Int? {
    let best = valid.indices.map { ($0, editDistance(name.lowercased(), valid[$0].lowercased())) }.min {
        $0.1 < $1.1
    }
    guard let (place, distance) = best, distance <= max(1, min(3, name.count / 2)) else { return nil }
    return place
}

private func editDistance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a), Array(b))
    var row = Array(0...b.count)
    for i in a.indices {
        var diagonal = row[0]
        row[0] = i + 1
        for j in b.indices {
            let substituted = diagonal + (a[i] == b[j] ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
        }
    }
    return row[b.count]
}
