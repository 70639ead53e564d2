import Foundation
import Groundwork

/// What tells whether the files of a data set have changed: their paths, sizes and times of modification.
package enum SourceState {
    /// A line per file that `tables` of `definition` can be read from and that is there: those that they are joined with,
    /// those as their publisher gives them and the file of stays are among them. Links are followed. Throws `FileError`.
    package static func lines(
        of tables: [DatasetDefinition.Table], in definition: DatasetDefinition, root: String
    ) throws -> [String] {
        try files(of: tables, in: definition, root: root).map { file in
            let status = try status(of: file), time = status.st_mtim
            return "\(file) \(status.st_size) \(time.tv_sec).\(time.tv_nsec)"
        }.sorted()
    }

    /// The same files with their marks.
    package static func marks(
        of tables: [DatasetDefinition.Table], in definition: DatasetDefinition, root: String
    ) throws -> [String: String] {
        let files = try files(of: tables, in: definition, root: root)
        return try Dictionary(uniqueKeysWithValues: files.map { ($0, try mark(of: $0)) })
    }

    /// Size and whole second of modification of a file, which every machine tells alike. Throws `FileError`.
    package static func mark(of file: String) throws -> String {
        let status = try status(of: file)
        return "\(status.st_size) \(status.st_mtim.tv_sec)"
    }

    private static func status(of file: String) throws -> stat {
        var status = stat()
        guard stat(file, &status) == 0 else { throw FileError("stat", path: file, errorNumber: errno) }
        return status
    }

    private static func files(
        of tables: [DatasetDefinition.Table], in definition: DatasetDefinition, root: String
    ) throws -> Set<String> {
        var paths = tables.flatMap { table in
            [table.filePath] + table.joins.map(\.filePath) + table.raw.flatMap(\.files)
        }
        if let stays = definition.offsetTimes, tables.contains(where: { $0.offsetTimes != nil }) {
            paths.append(stays.filePath)
        }
        return try Set(Set(paths).flatMap { try TableFiles.all($0.hasPrefix("/") ? $0 : "\(root)/\($0)") })
    }
}
