import DelimitedText
import Foundation
import Groundwork
import Parquet

/// The files of a table: one text or Parquet file, all Parquet files below a folder, or the pair of a ``NoteTable``.
///
/// A path with `*` in its last part (`data/*.parquet`, `data/labs_*.parquet`, `data/**.parquet`, `data/**/*.parquet`) or that of a
/// folder stands for the Parquet files in that folder with such a name, with `**` or a bare folder also those in folders below
/// it; names that begin with `.` or `_` do not count. They are one table in the order of their paths' bytes. Elsewhere in a path
/// `*` is a letter like others.
enum TableFiles {
    /// The path itself if there are files for it; a text file may be there with or without `.gz`.
    ///
    /// Throws `DelimitedTextError.missingFile`, also for the other file of a pair.
    static func resolve(_ path: String) throws -> String {
        if NoteTable.isNotes(path) { return try NoteTable.files(path).original }
        guard pattern(path) != nil else { return try ByteSources.resolve(path) }
        guard try !shards(path).isEmpty else { throw DelimitedTextError.missingFile(file: path) }
        return path
    }

    /// How a table is written, as its path tells.
    enum Form { case delimited, parquet, notes }

    /// How the table at `path` is written.
    static func form(_ path: String) -> Form {
        NoteTable.isNotes(path) ? .notes : isParquet(path) ? .parquet : .delimited
    }

    /// Whether the path stands for Parquet files.
    static func isParquet(_ path: String) -> Bool { ParquetFile.isParquet(path) || Files.isFolder(path) }

    /// The Parquet files that a path stands for, also behind symbolic links; throws `FileError` for a folder that cannot be
    /// read.
    static func shards(_ path: String) throws -> [String] {
        let pattern = pattern(path)
        guard pattern != nil || Files.isFolder(path) else { return [path] }
        let (folder, name, isDeep) = pattern ?? (path, "*", true)
        guard Files.isFolder(folder) else { return [] }
        return try Files.below(folder).filter { file in
            let parts = file.split(separator: "/")
            return ParquetFile.isParquet(file) && (isDeep || parts.count == 1)
                && fnmatch(name.lowercased(), (parts.last ?? "").lowercased(), 0) == 0
                && !parts.contains { $0.hasPrefix(".") || $0.hasPrefix("_") }
        }.sorted(by: precedes).map { "\(folder)/\($0)" }
    }

    /// The folder and the pattern of the names in it, if the path's last part has a `*`; deep: in folders below it, too.
    private static func pattern(_ path: String) -> (folder: String, name: String, isDeep: Bool)? {
        var parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard let name = parts.popLast(), name.contains("*") else { return nil }
        let isBelow = parts.last == "**"
        if isBelow { parts.removeLast() }
        return (parts.joined(separator: "/"), name, isBelow || name.contains("**"))
    }

    /// The names of the columns in lower case; of the first file, if there are several.
    static func header(_ path: String) throws -> [String] {
        switch form(path) {
        case .delimited: return try RowReader.readHeader(path).names
        case .notes: return NoteTable.columns
        case .parquet:
            guard let first = try shards(path).first else { throw DelimitedTextError.missingFile(file: path) }
            return try ParquetFile(path: first).header
        }
    }

    /// Bytes of all files.
    static func size(_ path: String) throws -> Int {
        switch form(path) {
        case .delimited: return try fileSize(path)
        case .parquet: return try shards(path).reduce(0) { try $0 + fileSize($1) }
        case .notes:
            let files = try NoteTable.files(path)
            return try fileSize(files.original) + fileSize(files.deidentified)
        }
    }

    /// The files that a path stands for, whole paths; none if nothing is there. Throws `FileError`.
    static func all(_ path: String) throws -> [String] {
        do {
            let found = try resolve(path)
            switch form(found) {
            case .delimited: return [found]
            case .parquet: return try shards(found)
            case .notes:
                let files = try NoteTable.files(found)
                return [files.original, files.deidentified]
            }
        } catch DelimitedTextError.missingFile { return [] }
    }

    /// A reader of the columns named `columns` of the whole table.
    static func open(_ path: String, columns: [String]) throws -> any TableReader {
        switch form(path) {
        case .delimited: try RowReader(path: path)
        case .parquet: try ParquetTable(try shards(path), columns: columns)
        case .notes: try NoteTable(path, columns: columns)
        }
    }

    /// A reader of a piece of a table; a piece of a gzip file is found with the seek index in `runDirectory`, or without it by
    /// inflating what is before. With `pointDistance` access points are looked for.
    static func open(
        _ task: InspectionPlan.MapTask, columns: [String], runDirectory: String? = nil,
        pointDistance: Int? = nil
    ) throws -> any TableReader {
        let range = task.range.map { $0[0]..<$0[1] }
        switch form(task.path) {
        case .parquet: return try ParquetTable(try shards(task.path), groups: range, columns: columns)
        case .notes: return try NoteTable(task.path, columns: columns)
        case .delimited: break
        }
        let isGzipEnd = task.seek.map { $0.until == nil } ?? false
        let index = task.seek.flatMap { SeekFile(path: "\(runDirectory ?? ".")/\($0.index)") }
        let from = index.flatMap { index in task.seek?.from.flatMap { index.point($0) } }
        let until = index.flatMap { index in task.seek?.until.flatMap { index.point($0) } }
        return try RowReader(
            // The last piece goes on to the end of the file, where its trailer is checked.
            path: task.path, range: isGzipEnd ? range.map { $0.lowerBound..<Int.max } : range,
            firstLine: task.range.map { _ in task.firstLine }, from: from, until: until,
            pointDistance: pointDistance)
    }

    /// Pieces of about `pieceBytes` of a Parquet table whose rows have a patient: some row groups of a file each. Without a
    /// patient rows are counted through all files, so the table is one piece.
    static func pieces(
        ofParquet path: String, table: Int, isCut: Bool, pieceBytes: Int
    ) throws -> [InspectionPlan.MapTask] {
        guard isCut else {
            return [.init(table: table, path: path, range: nil, firstLine: 1, bytes: try size(path))]
        }
        return try shards(path).flatMap { path -> [InspectionPlan.MapTask] in
            let file = try ParquetFile(path: path)
            var pieces: [InspectionPlan.MapTask] = []
            for (number, group) in file.rowGroups.enumerated() {
                if let last = pieces.last, last.bytes + group.byteCount <= pieceBytes {
                    pieces[pieces.count - 1].range?[1] = number + 1
                    pieces[pieces.count - 1].bytes += group.byteCount
                } else {
                    pieces.append(
                        .init(
                            table: table, path: path, range: [number, number + 1],
                            firstLine: group.firstRow + 1,
                            bytes: group.byteCount))
                }
            }
            return pieces
        }
    }

    /// Checks that the columns named `columns` of Parquet files are moments without a zone; throws
    /// ``DatasetError/zonedTime(table:file:column:)``.
    static func requireZoneless(_ path: String, columns: [String], table: String) throws {
        guard isParquet(path) else { return }
        for file in try shards(path) {
            for column in try ParquetFile(path: file).columns where columns.contains(column.name.lowercased())
            {
                switch column.kind {
                case .timestamp(_, isUTC: false), .timestamp96: continue
                default: throw DatasetError.zonedTime(table: table, file: file, column: column.name)
                }
            }
        }
    }

    /// Whether the column of a Parquet table holds dates or moments.
    static func hasNativeTimes(_ path: String, _ column: String) throws -> Bool {
        guard isParquet(path), let first = try shards(path).first else { return false }
        return try ParquetFile(path: first).columns.contains {
            switch $0.kind {
            case .date, .timestamp, .timestamp96: $0.name.lowercased() == column
            default: false
            }
        }
    }

    /// Checks that all files of a table have the columns of the first, in its order, and that the columns named `read` become
    /// text there as in the first; throws ``DatasetError/differentColumns(file:first:)`` and
    /// ``DatasetError/differentTypes(file:first:column:)``.
    static func checkShards(_ path: String, read: [String]) throws {
        guard isParquet(path) else { return }
        let files = try shards(path)
        guard let first = files.first, files.count > 1 else { return }
        let model = try ParquetFile(path: first)
        for path in files.dropFirst() {
            let file = try ParquetFile(path: path)
            guard file.header == model.header else {
                throw DatasetError.differentColumns(file: path, first: first)
            }
            for (own, other) in zip(file.columns, model.columns)
            where read.contains(own.name.lowercased()) && !own.kind.hasForm(of: other.kind) {
                throw DatasetError.differentTypes(file: path, first: first, column: own.name.lowercased())
            }
        }
    }
}
