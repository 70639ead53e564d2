import Groundwork

/// The named parts of a data set: a file tells every patient's, and every part may have a folder of its own.
package struct DatasetSubsets: Sendable, Equatable {
    /// The names of the parts.
    package var names: [String]
    /// The file that tells a patient's part, relative to the root.
    package var filePath: String
    /// The column with the part; the patient's has the same name as in the tables.
    package var column: String
    /// The folder in which every part has a folder of its own; nil if there is none.
    package var directory: String?

    /// What tells the part of a row: the file of parts, or the folder that the row lies in.
    package enum Source: String, Sendable, CaseIterable { case metadata, directory }

    init(_ node: ConfigurationNode) throws {
        try node.allow(["names", "file_path", "column", "directory"])
        names = try node.required("names").strings()
        filePath = try node.required("file_path").string()
        column = try node.required("column").string().lowercased()
        directory = try node.child("directory")?.string()
    }
}

extension DatasetDefinition {
    /// Throws `ConfigurationError` if this data set names no parts.
    @discardableResult package func requireParts() throws -> DatasetSubsets {
        guard let subsets else {
            throw ConfigurationError(
                "no-subset",
                "Data set \"\(name)\" has no parts that its definition names. Leave out dataset.subset and "
                    + "dataset.split_source.")
        }
        return subsets
    }

    /// This definition with only the rows of one part's patients.
    ///
    /// By the file of parts, rows of every table with a patient are joined with those of the part; by folder, tables in the
    /// folder of parts are read in that of the part. Throws `ConfigurationError` if the data set has no such part.
    package func limited(to name: String, by source: DatasetSubsets.Source) throws -> DatasetDefinition {
        let subsets = try requireParts()
        guard subsets.names.contains(name) else {
            let valid = ["all"] + subsets.names
            throw ConfigurationError(
                "unknown-value",
                "dataset.subset: \"\(name)\" is not known.\(suggestion(for: name, among: valid)) Valid: "
                    + "\(valid.joined(separator: ", ")).")
        }
        var result = self
        for i in tables.indices {
            if source == .directory, let folder = subsets.directory {
                guard tables[i].filePath.hasPrefix("\(folder)/") else { continue }
                result.tables[i].filePath =
                    "\(folder)/\(name)/\(tables[i].filePath.dropFirst(folder.count + 1))"
            } else if let patient = tables[i].patientID {
                let join = Join(
                    filePath: subsets.filePath, on: patient, how: .inner, columns: [],
                    only: .init(column: subsets.column, value: name))
                result.tables[i].joins.insert(join, at: 0)
            }
        }
        return result
    }
}
