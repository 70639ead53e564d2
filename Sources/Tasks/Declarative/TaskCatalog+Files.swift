package import Groundwork

extension TaskCatalog {
    /// The keys of a run file's `task` section that name a task file; `text` is what the file held when the job began.
    package static let fileKeys = ["file", "text"]

    /// The task that a file declares, for a run file's `task` section that names it.
    ///
    /// Throws what ``DeclarativeTask`` and the section's code maps throw.
    package static func make(
        _ section: ConfigurationNode, declaredIn file: ConfigurationNode, for shape: DatasetShape
    ) throws -> any ClinicalTask {
        try section.allow(fileKeys + CodeMapSection.keys)
        let maps = try CodeMapSection(section)
        let task = try DeclarativeTask(file, for: shape)
        guard section.child("code_mapping") != nil else { return task }
        return CodeMappedTask(base: task, inputSchema: try maps.mapped(task.inputSchema))
    }
}
