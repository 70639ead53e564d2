import Foundation
package import Groundwork

/// Which tables a data set has, where they lie, and which columns mean what; decoded strictly from YAML.
package struct DatasetDefinition: Sendable, Equatable {
    /// The data set's name, for example `mimic3`.
    package var name: String
    /// The version of the data set, for example `1.4`.
    package var version: String
    /// Tables that are loaded without asking, in canonical order.
    package var defaultTables: [String]
    /// Whether default tables come before the requested ones in the canonical order.
    package var defaultsFirst: Bool
    /// All tables in file order.
    package var tables: [Table]
    /// How offsets are counted, for a data set that has them in place of times.
    package var offsetTimes: OffsetTimes?
    /// The parts that a job can limit itself to.
    package var subsets: DatasetSubsets?

    /// One table.
    package struct Table: Sendable, Equatable {
        /// Lower-case name, the event type.
        package var name: String
        /// Relative to the root; with or without `.gz`.
        package var filePath: String
        /// The patient's column; nil: the 0-based row number is the id.
        package var patientID: String?
        /// The time's column or columns, concatenated; nil: no time.
        package var timestamp: [String]
        /// A strptime format; nil: ISO-like.
        package var timestampFormat: String?
        /// Columns that become attributes.
        package var attributes: [String]
        /// Columns that are read only where a task names them.
        package var extraAttributes: [String]
        /// The part of the data set whose folder the file paths are relative to (`ehr`, `note`, `cxr`); nil: the root.
        package var root: String?
        /// Joins in order.
        package var joins: [Join]
        /// A named step on the table before its joins.
        package var preprocess: String?
        /// What to read where there is no file at ``filePath``: files as their publisher gives them, the first that is there.
        package var raw: [RawForm] = []
        /// The column with minutes since the stay began; empty for the beginning itself; nil: no offset.
        package var offset: String?
        /// Whether a time in a Parquet file must be a moment without a zone.
        package var isZoneless = false
        /// How ``offset`` becomes the time; nil: it does not. See ``DatasetDefinition/timedByOffsets()``.
        package var offsetTimes: OffsetTimes?
        /// Whether its events have times.
        package var isTimed: Bool { !timestamp.isEmpty || offsetTimes != nil }
    }

    /// A join of another file.
    package struct Join: Sendable, Equatable {
        /// Relative to the root.
        package var filePath: String
        /// The key column of both sides.
        package var on: String
        /// Rows without a partner are dropped (`inner`) or kept (`left`).
        package var how: How
        /// Columns taken over.
        package var columns: [String]
        /// Rows of the file that count; nil for all.
        package var only: Only?

        /// The rows whose cell of a column is a certain text.
        package struct Only: Sendable, Equatable {
            /// The column's name.
            package var column: String
            /// The cell's text.
            package var value: String
        }

        /// Which rows stay: those with a partner, or all.
        package enum How: String, Sendable { case inner, left }
    }

    /// The names of tables whose rows are patients.
    package static let patientTables = ["patients", "person"]

    /// Named steps of ``Table/preprocess``.
    package static let preprocessSteps = ["chartdate_fallback"]

    /// The built-in data set `name`; throws `ConfigurationError` naming the valid ones.
    package static func builtIn(_ name: String) throws -> DatasetDefinition {
        guard let text = builtInDefinitions[name.lowercased()] else {
            let valid = builtInDefinitions.keys.sorted()
            throw ConfigurationError(
                "unknown-dataset",
                "Data set \"\(name)\" is not known.\(suggestion(for: name, among: valid)) Built in: "
                    + "\(valid.joined(separator: ", ")). For your own use dataset.config.")
        }
        return try DatasetDefinition(
            ConfigurationNode.parse(text, file: "\(name).yaml"), name: name.lowercased())
    }

    /// A user's definition from a YAML file; its name is the file's.
    package static func load(path: String) throws -> DatasetDefinition {
        let name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
        return try DatasetDefinition(ConfigurationNode.load(path: path), name: name.lowercased())
    }

    /// Decodes a document; throws `ConfigurationError` with file, line and key.
    package init(_ node: ConfigurationNode, name: String) throws {
        try node.allow([
            "name", "version", "default_tables", "defaults_first", "offset_times", "subsets", "tables",
        ])
        self.name = try node.child("name")?.string() ?? name
        version = try node.required("version").string()
        let list = try node.required("tables")
        tables = try list.keys.map { try Table(list.required($0), name: $0.lowercased()) }
        let names = tables.map(\.name)
        if let twice = list.keys.enumerated().first(where: {
            names[..<$0.offset].contains($0.element.lowercased())
        }) {
            throw try list.required(twice.element).error(
                "duplicate-table", "another table has this name; capitals do not count. Choose another.")
        }
        if let defaults = node.child("default_tables") {
            defaultTables = try defaults.items().map { try $0.choice(names) }
        } else {
            defaultTables = []
        }
        defaultsFirst = try node.child("defaults_first")?.bool() ?? true
        offsetTimes = try node.child("offset_times").map(OffsetTimes.init)
        subsets = try node.child("subsets").map(DatasetSubsets.init)
        guard !tables.isEmpty else { throw list.error("empty", "expected at least one table.") }
    }

    /// The roots that tables name, each once.
    package var roots: [String] {
        var seen = Set<String>()
        return tables.compactMap(\.root).filter { seen.insert($0).inserted }
    }

    /// This definition with the files of every table below the folder of its root; tables of a root that is not in
    /// `folders` stay relative.
    package func placed(in folders: [String: String]) -> DatasetDefinition {
        var result = self
        for i in tables.indices {
            guard let folder = tables[i].root.flatMap({ folders[$0] }) else { continue }
            result.tables[i].filePath = "\(folder)/\(tables[i].filePath)"
            for j in tables[i].raw.indices {
                result.tables[i].raw[j].files = tables[i].raw[j].files.map { "\(folder)/\($0)" }
            }
            for j in tables[i].joins.indices {
                result.tables[i].joins[j].filePath = "\(folder)/\(tables[i].joins[j].filePath)"
            }
        }
        return result
    }

    /// This definition with the times of its tables derived from their offsets; throws `ConfigurationError` if it has none.
    package func timedByOffsets() throws -> DatasetDefinition {
        guard let offsetTimes else {
            throw ConfigurationError(
                "no-offsets",
                "Data set \"\(name)\" has times of its own, or no offsets that its definition names. Leave out dataset.times."
            )
        }
        var result = self
        for i in tables.indices where tables[i].offset != nil { result.tables[i].offsetTimes = offsetTimes }
        return result
    }

    /// The canonical table order for a request: the default tables and the requested ones, each once.
    package func tableOrder(requested: [String]) throws -> [Table] {
        let names = tables.map(\.name)
        let wanted = try requested.map { name -> String in
            guard names.contains(name.lowercased()) else {
                throw ConfigurationError(
                    "unknown-table",
                    "Data set \"\(self.name)\" has no table \"\(name)\".\(suggestion(for: name, among: names)) "
                        + "Valid tables: \(names.joined(separator: ", ")).")
            }
            return name.lowercased()
        }
        let order =
            defaultsFirst
            ? defaultTables + wanted : wanted.filter { !defaultTables.contains($0) } + defaultTables
        var seen = Set<String>()
        return order.filter { seen.insert($0).inserted }.compactMap { name in tables.first { $0.name == name }
        }
    }
}

extension DatasetDefinition.Table {
    init(_ node: ConfigurationNode, name: String) throws {
        try node.allow([
            "file_path", "patient_id", "timestamp", "timestamp_format", "attributes", "extra_attributes",
            "join", "preprocess", "root", "offset", "zoneless", "raw",
        ])
        self.name = name
        filePath = try node.required("file_path").string()
        patientID = try node.child("patient_id")?.string().lowercased()
        timestamp = try node.child("timestamp")?.strings().map { $0.lowercased() } ?? []
        timestampFormat = try node.child("timestamp_format")?.string()
        if let format = timestampFormat, TimestampParser(format: format) == nil {
            throw try node.required("timestamp_format").error(
                "timestamp-format", "only %Y %m %d %H %M %S and plain characters are supported.")
        }
        attributes = try node.child("attributes")?.items().map { try $0.string().lowercased() } ?? []
        extraAttributes =
            try node.child("extra_attributes")?.items().map { try $0.string().lowercased() } ?? []
        for (place, attribute) in (attributes + extraAttributes).enumerated()
        where (attributes + extraAttributes)[..<place].contains(attribute) {
            throw node.error(
                "duplicate-attribute", "column \"\(attribute)\" stands twice. Name each column once.")
        }
        root = try node.child("root")?.string()
        joins = try node.child("join")?.items().map(DatasetDefinition.Join.init) ?? []
        preprocess = try node.child("preprocess")?.choice(DatasetDefinition.preprocessSteps)
        raw = try node.child("raw")?.items().map(RawForm.init) ?? []
        isZoneless = try node.child("zoneless")?.bool() ?? false
        offset = try node.child("offset").map { try $0.string().lowercased() }.map { $0 == "0" ? "" : $0 }
    }
}

extension DatasetDefinition.Join {
    init(_ node: ConfigurationNode) throws {
        try node.allow(["file_path", "on", "how", "columns"])
        filePath = try node.required("file_path").string()
        on = try node.required("on").string().lowercased()
        how = try node.required("how").choice(["inner", "left"]) == "inner" ? .inner : .left
        columns = try node.required("columns").items().map { try $0.string().lowercased() }
    }
}

extension [DatasetDefinition.Table] {
    /// The names of the tables whose rows belong to patients; of all where no table says whose its rows are, since then every
    /// row is a patient of its own.
    package var namesOfPatients: Set<String> {
        let owned = filter { $0.patientID != nil }
        return Set((owned.isEmpty ? self : owned).map(\.name))
    }
}
