import Datasets
import DelimitedText
import Foundation
import Groundwork
import Tasks
import TestSupport
import Testing

/// A task that the reference implementation has run on a data set.
struct TaskCase: Sendable, CustomTestStringConvertible {
    let folder: URL
    let definition: DatasetDefinition

    var testDescription: String { folder.lastPathComponent }

    /// Every folder of a built-in data set and a known task.
    static let all: [TaskCase] = References.entries("tasks").compactMap { folder in
        guard let meta = try? JSONValue.load(folder.appendingPathComponent("meta.json")),
            let kind = meta["dataset"].text?.lowercased().replacing("dataset", with: ""),
            let definition = try? DatasetDefinition.builtIn(kind), let task = meta["task"].text,
            TaskCatalog.names.contains(task)
        else { return nil }
        return TaskCase(folder: folder, definition: definition)
    }

    /// The definition with what the reference was asked of the data set, and as lines of a run file beside its tables.
    func limited(_ meta: JSONValue) throws -> (definition: DatasetDefinition, lines: [String]) {
        let options = meta["dataset_args"]
        let known = ["tables", "subset", "split_source", "root", "dataset_name", "config_path", "dev"]
        let others = options.members.keys.filter { !known.contains($0) && options[$0] != .null }
        guard others.isEmpty, options["dev"] != .bool(true) else {
            throw UnknownOptions(names: others.sorted())
        }
        guard let subset = options["subset"].text, subset != "all" else { return (definition, []) }
        let source = options["split_source"].text
        let isFolder = source == "directory"
        return (
            try definition.limited(to: subset, by: isFolder ? .directory : .metadata),
            ["subset: \(subset)"] + (source.map { ["split_source: \($0)"] } ?? [])
        )
    }

    /// Options of a data set that these tests do not know.
    struct UnknownOptions: Error { let names: [String] }

    func file(_ name: String) -> URL { folder.appendingPathComponent(name) }

    /// The lines of a JSON-lines file, plain or compressed.
    func lines(_ name: String) throws -> [JSONValue] {
        let reader = try ByteSources.open(ByteSources.resolve(file(name).path))
        var bytes: [UInt8] = []
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer { buffer.deallocate() }
        while case let count = try reader.read(into: buffer), count > 0 { bytes += buffer[0..<count] }
        return try bytes.split(separator: 0x0A).map {
            try JSONDecoder().decode(JSONValue.self, from: Data($0))
        }
    }

    /// The run file's section for the task, with every code map that is at hand.
    func section(_ meta: JSONValue) -> String {
        let options = meta["task_args"].members.sorted { $0.key < $1.key }.map { "\($0): \(yaml($1))" }
        return (["name: \(meta["task"].text ?? "")"] + options + codeMaps(meta)).joined(separator: "\n")
    }

    private func codeMaps(_ meta: JSONValue) -> [String] {
        let mapping = meta["task_args"]["code_mapping"]
        let needsMaps = mapping != .null || (meta["task"].text ?? "").hasPrefix("DrugRecommendationMIMIC")
        guard needsMaps else { return [] }
        let medicalCodes = References.data.flatMap { base -> [URL] in
            let folder = base.appendingPathComponent("medcode")
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
            return names.sorted().map { folder.appendingPathComponent($0) }
        }
        let wanted =
            mapping == .null
            ? ["NDC_to_ATC"]
            : mapping.members.values.map { $0.items.compactMap(\.text).joined(separator: "_to_") }.sorted()
        let maps = wanted.compactMap { name in
            (References.entries("tasks/fixtures") + medicalCodes).first {
                $0.lastPathComponent == "\(name).csv"
            }.map { "  \(name): \"\($0.path)\"" }
        }
        return ["code_maps:"] + maps
    }

    private func yaml(_ value: JSONValue) -> String {
        switch value {
        case .null: "null"
        case .bool(let flag): "\(flag)"
        case .number(let number): Int(exactly: number).map(String.init) ?? "\(number)"
        case .text(let text): "\"\(text)\""
        case .list(let items): "[\(items.map(yaml).joined(separator: ", "))]"
        // A span of time is days in a run file, a tuple a list.
        case .object(let members) where Set(members.keys) == ["seconds"] && value["seconds"].number != nil:
            yaml(.number((value["seconds"].number ?? 0) / 86_400))
        case .object(let members) where Set(members.keys) == ["tuple"]: yaml(value["tuple"])
        case .object(let members):
            "{\(members.sorted { $0.key < $1.key }.map { "\($0): \(yaml($1))" }.joined(separator: ", "))}"
        }
    }
}
