package import Groundwork

/// All tasks by name.
package enum TaskCatalog {
    private struct Entry: Sendable {
        let name: String
        let options: [String]
        let make: @Sendable (ConfigurationNode) throws -> any ClinicalTask
    }

    private static let entries: [Entry] = [
        Entry(name: "LengthOfStayPredictionMIMIC3", options: []) { _ in LengthOfStayPredictionMIMIC3() },
        Entry(name: "MortalityPredictionMIMIC3", options: []) { _ in MortalityPredictionMIMIC3() },
        Entry(name: "ReadmissionPredictionMIMIC3", options: ReadmissionPredictionMIMIC3.options) {
            try ReadmissionPredictionMIMIC3(options: $0)
        },
    ]

    /// The names of all tasks, in alphabetical order.
    package static var names: [String] { entries.map(\.name) }

    /// All attributes that the tasks of a data set read with their default options, by table.
    package static func attributesRead(of dataset: String) -> [String: Set<String>] {
        var read: [String: Set<String>] = [:]
        for name in names {
            guard let node = try? ConfigurationNode.parse("name: \(name)", file: "task"),
                let task = try? make(node), task.datasets.contains(dataset)
            else { continue }
            for table in task.requirements { read[table.table, default: []].formUnion(table.attributes) }
        }
        return read
    }

    /// The task that a run file's `task` section asks for.
    ///
    /// Throws `ConfigurationError` for an unknown name, an unknown or wrong option, and for `code_mapping`, which needs
    /// vocabularies that are not part of this release.
    package static func make(_ node: ConfigurationNode) throws -> any ClinicalTask {
        let name = try node.required("name").choice(names)
        guard let entry = entries.first(where: { $0.name == name }) else {
            preconditionFailure("TaskCatalog: \(name) is listed but has no entry")
        }
        if let mapping = node.child("code_mapping") {
            throw mapping.error(
                "unsupported-option",
                "code mappings are not supported by this release. Remove the key, or map the codes in the tables."
            )
        }
        try node.allow(["name"] + entry.options)
        return try entry.make(node)
    }
}
