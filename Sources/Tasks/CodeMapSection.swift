import ClinicalData
import Groundwork
import MedicalCodes

/// The keys `code_maps` and `code_mapping` of a run file's task: which map files there are, which fields use them.
///
/// `code_maps: {NDC_to_ATC: path.csv}` names files by their source and target vocabulary. `code_mapping: {conditions: [ICD9CM,
/// CCSCM]}` maps the codes of that field when they are encoded; it takes `ICD9CM_to_CCSCM`, or else reads `CCSCM_to_ICD9CM`
/// backwards.
package struct CodeMapSection {
    /// The keys in run files.
    package static let keys = ["code_maps", "code_mapping"]
    private let files: [(name: String, path: String, map: CodeMap)]
    private let node: ConfigurationNode

    /// Reads every file, so that a bad one is refused before any work.
    ///
    /// Throws `ConfigurationError` for names that are not of the form `SOURCE_to_TARGET`, and what
    /// ``MedicalCodes/CodeMap/init(file:source:target:)`` throws.
    init(_ task: ConfigurationNode) throws {
        node = task
        guard let maps = task.child("code_maps") else {
            files = []
            return
        }
        guard maps.isMapping else {
            throw maps.error("type", "expected names of maps with their files, such as NDC_to_ATC: ndc.csv.")
        }
        files = try maps.keys.map { name in
            let path = try maps.required(name)
            let systems = name.split(separator: "_to_", omittingEmptySubsequences: false).map(String.init)
            guard systems.count == 2, systems.allSatisfy({ !$0.isEmpty }) else {
                throw path.error("code-map", "the name of a map is SOURCE_to_TARGET, such as NDC_to_ATC.")
            }
            let file = try path.string()
            return (name, file, try CodeMap(file: file, source: systems[0], target: systems[1]))
        }
    }

    /// The map named `name`, which the task cannot do without; throws `ConfigurationError` if the run file does not give it.
    func required(_ name: String) throws -> CodeMap {
        guard let file = files.first(where: { $0.name == name }) else {
            throw node.error(
                "missing-code-map", "the task needs the map \(name). Give code_maps: {\(name): path.csv}.")
        }
        return file.map
    }

    /// The schema with the option `code_mapping` at the fields that `code_mapping` names.
    ///
    /// Throws `ConfigurationError` for a field that the task has not or that is no `sequence`, and for a map that is not given.
    func mapped(_ schema: [FieldSchema]) throws -> [FieldSchema] {
        guard let mapping = node.child("code_mapping") else { return schema }
        try mapping.allow(schema.filter { $0.processor == "sequence" }.map(\.name))
        return try schema.map { field in
            guard let pair = mapping.child(field.name) else { return field }
            var options = field.options
            options["code_mapping"] = try option(pair)
            return FieldSchema(field.name, field.processor, options)
        }
    }

    private func option(_ pair: ConfigurationNode) throws -> FieldOption {
        let systems = try pair.strings()
        guard systems.count == 2 else {
            throw pair.error(
                "type", "expected the vocabulary of the codes and the one to map to, such as [NDC, ATC].")
        }
        let names = ["\(systems[0])_to_\(systems[1])", "\(systems[1])_to_\(systems[0])"]
        guard let file = names.lazy.compactMap({ name in files.first { $0.name == name } }).first else {
            throw pair.error(
                "missing-code-map", "there is no map \(names[0]). Give code_maps: {\(names[0]): path.csv}.")
        }
        return .codeMapping(source: systems[0], target: systems[1], file: file.path)
    }
}
