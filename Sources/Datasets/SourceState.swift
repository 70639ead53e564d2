import Foundation
import Groundwork

/// What tells whether the files of a data set have changed: their paths, sizes and times of modification.
package enum SourceState {
    /// A line per file that `tables` of `definition` can be read from and that is there: those that they are joined with,
    /// those as their publisher gives them and the file of stays are among them. Links are followed. Throws `FileError`.
    package static func lines(
        of tables: [DatasetDefinition.Table], in definition: DatasetDefinition, root: String
    ) throws -> [String] {
        var paths = tables.flatMap { table in
            [table.filePath] + table.joins.map(\.filePath) + table.raw.flatMap(\.files)
        }
        if let stays = definition.offsetTimes, tables.contains(where: { $0.offsetTimes != nil }) {
            paths.append(stays.filePath)
        }
        var lines = Set<String>()
        for path in Set(paths) {
            for file in try TableFiles.all(path.hasPrefix("/") ? path : "\(root)/\(path)") {
                var status = stat()
                guard stat(file, &status) == 0 else {
                    throw FileError("stat", path: file, errorNumber: errno)
                }
                let time = status.st_mtim
                lines.insert("\(file) \(status.st_size) \(time.tv_sec).\(time.tv_nsec)")
            }
        }
        return lines.sorted()
    }
}
