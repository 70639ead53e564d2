package import ClinicalData
package import Groundwork

/// The key `fields` of a run file's `processors`: options of the processors of a task's fields, by the field's name.
package struct FieldOptionsSection {
    private let node: ConfigurationNode

    /// `fields` as the run file has it.
    package init(_ node: ConfigurationNode) { self.node = node }

    /// The schema with the options that the section gives; what it does not name stays as the task has it.
    ///
    /// `all` are the names of all fields of the task. Throws `ConfigurationError` with the place for a field or an option that
    /// there is not, and for a value of a wrong type or out of range.
    package func applied(to schema: [FieldSchema], among all: [String]) throws -> [FieldSchema] {
        try node.allow(all)
        return try schema.map { field in
            guard let section = node.child(field.name) else { return field }
            guard section.isMapping else {
                throw section.error("type", "expected options with their values, such as {padding: 2}.")
            }
            let valid = ProcessorCatalog.options(of: field.processor)
            guard !valid.isEmpty || section.keys.isEmpty else {
                throw section.error(
                    "unknown-key", "the field's processor, \(field.processor), has no options to give here.")
            }
            try section.allow(valid)
            var options = field.options
            for name in section.keys {
                guard let value = section.child(name) else { continue }
                options[name] = try Self.option(value)
            }
            let changed = FieldSchema(field.name, field.processor, options)
            do { _ = try ProcessorCatalog.make(changed) } catch let error as ConfigurationError {
                throw error.located(at: section.place)
            }
            return changed
        }
    }

    private static func option(_ node: ConfigurationNode) throws -> FieldOption {
        if let whole = try? node.int() { return .integer(whole) }
        if let number = try? node.double() { return .number(number) }
        if let flag = try? node.bool() { return .boolean(flag) }
        return .text(try node.string())
    }
}

extension ConfigurationError {
    /// This error with the place of the key that caused it before its message.
    fileprivate func located(at place: String) -> ConfigurationError {
        ConfigurationError(String(code.dropFirst("config.".count)), "\(place): \(message)")
    }
}
