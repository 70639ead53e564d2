import DelimitedText
import Groundwork

/// The file that a table is read from, and how.
struct TableSource {
    /// The file, or what stands for several, see ``TableFiles``.
    let path: String
    /// What the file's columns mean; nil: they are the table's.
    let raw: RawForm?
    /// The patient's column; nil for the row's number.
    let patient: String?

    /// The table's file below `root`, or the first of its raw files that is there; throws
    /// ``DatasetError/missingTable(table:file:)``.
    init(_ table: DatasetDefinition.Table, root: String) throws {
        patient = table.patientID
        let missing: DatasetError
        do {
            (path, raw) = (try Inspector.resolve(table.filePath, of: table.name, root: root), nil)
            return
        } catch let error as DatasetError { missing = error }
        for form in table.raw {
            for file in form.files {
                guard let found = try? Inspector.resolve(file, of: table.name, root: root) else { continue }
                (path, raw) = (found, form)
                return
            }
        }
        guard case .missingTable(let name, let file) = missing, !table.raw.isEmpty else { throw missing }
        let others = table.raw.flatMap(\.files).joined(separator: "\", \"")
        throw DatasetError.missingTable(table: name, file: "\(file)\", \"\(others)")
    }

    /// The names of the columns in lower case; throws ``DatasetError/missingColumn(table:column:file:columns:similar:)`` for
    /// a raw file that lacks the column by which its rows count.
    func header(of table: String) throws -> [String] {
        guard let raw else { return try TableFiles.header(path) }
        let own = try RowReader.readHeader(path).names
        if let column = raw.only?.column, !own.contains(column) {
            throw DatasetError.missingColumn(
                table: table, column: column, file: path, columns: own.count,
                similar: nearest(to: column, among: own))
        }
        return try RawFileTable.columns(path, raw, patient: patient).map(\.name)
    }

    /// A reader of the columns named `columns` of the whole table.
    func open(columns: [String]) throws -> any TableReader {
        guard let raw else { return try TableFiles.open(path, columns: columns) }
        return try RawFileTable(path, raw, patient: patient)
    }

    /// A reader of a piece, see ``TableFiles/open(_:columns:runDirectory:pointDistance:)``; a raw file has but one.
    func open(
        _ task: InspectionPlan.MapTask, columns: [String], runDirectory: String? = nil,
        pointDistance: Int? = nil
    ) throws -> any TableReader {
        guard raw == nil else { return try open(columns: columns) }
        return try TableFiles.open(
            task, columns: columns, runDirectory: runDirectory, pointDistance: pointDistance)
    }

    /// Whether the rows may be read in pieces: they need not be counted.
    var isCut: Bool { patient != nil && raw == nil }
}
