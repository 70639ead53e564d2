import ClinicalData
import DelimitedText
import Foundation
import Groundwork

/// Looks at a data set before any work: are all files and columns there, which patients are there, how is it cut.
package struct Inspector {
    private let definition: DatasetDefinition
    private let root: String
    private let runDirectory: String?

    /// An inspector of the data set `definition` in the folder `root`; gzip files are cut by the seek indexes that an earlier
    /// job left in `runDirectory`.
    package init(definition: DatasetDefinition, root: String, runDirectory: String? = nil) {
        self.definition = definition
        self.root = root
        self.runDirectory = runDirectory
    }

    /// The plan for reading `tables` (canonical order) with the attributes in `needs` (table → attributes; a table that
    /// is named neither there nor in `offered` is read with all its attributes). Attributes in `offered` are read as well where
    /// the files have them; a table that stands only there may be missing.
    ///
    /// `shardSize` is the number of patients per range, `pieceBytes` the size of a piece of a plain file, `limit` the number
    /// of patients to keep. Throws ``DatasetError``, `DelimitedTextError`, `FileError`.
    package func plan(
        tables all: [DatasetDefinition.Table], needs: [String: [String]], offered: [String: [String]] = [:],
        shardSize: Int, pieceBytes: Int, limit: Int? = nil
    ) throws -> InspectionPlan {
        let tables = try all.filter {
            try needs[$0.name] != nil || offered[$0.name] == nil || has([], of: $0)
        }
        try check(tables.filter { needs[$0.name] != nil || offered[$0.name] == nil }, needs: needs)
        let ids = try patientIDs(tables, wantsAll: limit != nil)
        let kept = limit.map { min($0, ids.count) } ?? ids.count
        let splitters = stride(from: shardSize, to: kept, by: shardSize).map { ids[$0] }
        var tasks: [InspectionPlan.MapTask] = []
        for (index, table) in tables.enumerated() {
            tasks += try pieces(of: table, index: index, pieceBytes: pieceBytes)
        }
        return InspectionPlan(
            tables: try tables.map {
                .init(name: $0.name, attributes: try attributes(of: $0, needs, offered))
            },
            splitters: splitters, endID: kept < ids.count ? ids[kept] : nil, mapTasks: tasks)
    }

    /// The file of `table`, or one that it is joined with, below the root; throws ``DatasetError/missingTable(table:file:)``.
    package static func resolve(_ filePath: String, of table: String, root: String) throws -> String {
        let path = filePath.hasPrefix("/") ? filePath : "\(root)/\(filePath)"
        do {
            let found = try TableFiles.resolve(path)
            guard try !Files.isFolder(found) || !TableFiles.shards(found).isEmpty else {
                throw DatasetError.tableIsFolder(table: table, file: found)
            }
            return found
        } catch DelimitedTextError.missingFile(let file) {
            throw DatasetError.missingTable(table: table, file: file)
        }
    }

    /// Throws unless the files and columns of `tables` are there; which attributes as in
    /// ``plan(tables:needs:offered:shardSize:pieceBytes:limit:)``.
    package func check(_ tables: [DatasetDefinition.Table], needs: [String: [String]]) throws {
        for table in tables {
            let sources = try columnSources(of: table, needs: needs[table.name])
            try TableFiles.checkShards(sources.file.path, read: sources.ownColumns)
            for join in sources.joins {
                let used = join.texts.union(join.times).map { join.columns[$0] }
                let read = [join.on] + used + (join.only.map { [$0.column] } ?? [])
                try TableFiles.checkShards(join.path, read: read)
            }
            if table.isZoneless {
                try TableFiles.requireZoneless(sources.file.path, columns: table.timestamp, table: table.name)
            }
        }
    }

    private func columnSources(of table: DatasetDefinition.Table, needs: [String]?) throws -> ColumnSources {
        do { return try ColumnSources(table: table, needs: needs, root: root) } catch let problem
            as DatasetError
        {
            if DatasetRecognition(root: root).isInside(definition) {
                throw DatasetError.innerFolder(problem: problem)
            }
            guard let likely = DatasetRecognition(root: root).better(than: definition) else { throw problem }
            throw DatasetError.otherDataset(problem: problem, likely: likely)
        }
    }

    /// Whether the table's files are there with the columns of the attributes `names`; throws where they cannot be read.
    private func has(_ names: [String], of table: DatasetDefinition.Table) throws -> Bool {
        do {
            _ = try ColumnSources(table: table, needs: names, root: root)
            return true
        } catch DatasetError.missingTable {
            return false
        } catch DatasetError.missingColumn { return false }
    }

    /// The column for want of which a table whose file is there cannot be read, with its table; nil if there is none.
    package func missingColumn(of table: DatasetDefinition.Table) throws -> (table: String, column: String)? {
        do { _ = try ColumnSources(table: table, needs: [], root: root) } catch DatasetError.missingTable {
            return nil
        } catch DatasetError.missingColumn(let table, let column, _, _, _) { return (table, column) }
        return nil
    }

    /// The attributes that are read: those that are needed, and those offered that the files have, in the definition's order.
    private func attributes(
        of table: DatasetDefinition.Table, _ needs: [String: [String]], _ offered: [String: [String]]
    ) throws -> [String] {
        guard let offered = offered[table.name] else { return needs[table.name] ?? table.attributes }
        let needed = needs[table.name] ?? []
        let found = try offered.filter { try !needed.contains($0) && has([$0], of: table) }
        let read = Set(needed + found)
        return (table.attributes + table.extraAttributes).filter(read.contains)
    }

    /// The distinct patient ids in ascending byte order, from the table whose rows are patients; without one from the smallest
    /// default table that has ids (any table if no default one does); with `wantsAll` from every table, since some may have
    /// no row in the table of patients. Where every table counts rows, their numbers.
    private func patientIDs(_ tables: [DatasetDefinition.Table], wantsAll: Bool) throws -> [String] {
        let withID = tables.filter { table in table.patientID != nil }
        guard !withID.isEmpty else {
            return try (0..<(tables.map(rowCount).max() ?? 0)).map(String.init).sorted(by: precedes)
        }
        let persons = withID.filter { DatasetDefinition.patientTables.contains($0.name) }
        let defaults = withID.filter { definition.defaultTables.contains($0.name) }
        var candidates: [(size: Int, file: TableSource, column: String, limits: [JoinTable])] = []
        let fewest = !persons.isEmpty ? persons : defaults.isEmpty ? withID : defaults
        for table in wantsAll ? withID : fewest {
            guard let column = table.patientID else { continue }
            let file = try TableSource(table, root: root)
            guard try file.header(of: table.name).contains(column) else { continue }
            candidates.append((try TableFiles.size(file.path), file, column, try limits(of: table)))
        }
        var known = Set<ExactText>()
        // A table without rows names nobody; the sort is stable.
        for candidate in candidates.sorted(by: { $0.size < $1.size }) where wantsAll || known.isEmpty {
            let ids = try distinctTexts(of: candidate.column, in: candidate.file).filter { id in
                candidate.limits.allSatisfy { $0.contains(id) }
            }
            known.formUnion(ids.map(ExactText.init))
        }
        return known.map(\.text).sorted { precedes($0, $1) }
    }

    private func rowCount(of table: DatasetDefinition.Table) throws -> Int {
        let file = try TableSource(table, root: root)
        let reader = try file.open(columns: Array(file.header(of: table.name).prefix(1)))
        var count = 0
        while let block = try reader.next() { count += block.count }
        return count
    }

    /// The patients to which a table is limited.
    private func limits(of table: DatasetDefinition.Table) throws -> [JoinTable] {
        try ColumnSources(table: table, needs: [], root: root).joins.filter {
            $0.only != nil && $0.on == table.patientID
        }.map(JoinTable.init)
    }

    private func distinctTexts(of column: String, in file: TableSource) throws -> [String] {
        let reader = try file.open(columns: [column])
        guard let index = reader.header.firstIndex(of: column) else { return [] }
        let symbols = SymbolTable()
        var scratch: [UInt8] = []
        while let block = try reader.next() {
            for row in 0..<block.count {
                let (bytes, doubled) = block.field(row, index)
                if doubled {
                    RowBlock.unescape(bytes, into: &scratch)
                    _ = scratch.withUnsafeBufferPointer { symbols.intern($0) }
                } else {
                    _ = symbols.intern(bytes)
                }
            }
        }
        return (0..<symbols.count).map { symbols[Symbol(index: UInt32($0))] }.filter { !$0.isEmpty }
    }

    /// The pieces of a table's file: a plain file is cut at row starts near multiples of `pieceBytes`, a gzip file where
    /// its seek index allows (without one it is one piece), Parquet files between row groups, notes and raw files not at all.
    private func pieces(
        of table: DatasetDefinition.Table, index: Int, pieceBytes: Int
    ) throws -> [InspectionPlan.MapTask] {
        let file = try TableSource(table, root: root)
        let path = file.path
        switch TableFiles.form(path) {
        case .parquet:
            return try TableFiles.pieces(
                ofParquet: path, table: index, isCut: file.isCut, pieceBytes: pieceBytes)
        case .notes:
            return [
                .init(table: index, path: path, range: nil, firstLine: 1, bytes: try TableFiles.size(path))
            ]
        case .delimited: break
        }
        if ByteSources.isGzip(path) {
            return try GzipPieces(path: path, table: index, runDirectory: runDirectory).pieces(
                isCut: file.isCut, pieceBytes: pieceBytes)
        }
        let size = try fileSize(path)
        guard file.isCut, size > pieceBytes else {
            return [.init(table: index, path: path, range: nil, firstLine: 2, bytes: size)]
        }
        let starts = try RowStarts(path: path, every: pieceBytes).found
        return starts.indices.map { i in
            let end = i + 1 < starts.count ? starts[i + 1].offset : size
            return .init(
                table: index, path: path, range: [starts[i].offset, end], firstLine: starts[i].line,
                bytes: end - starts[i].offset)
        }
    }
}

/// Byte order of UTF-8, which is the canonical order of patient ids.
func precedes(_ a: String, _ b: String) -> Bool { a.utf8.lexicographicallyPrecedes(b.utf8) }

func fileSize(_ path: String) throws -> Int {
    var info = stat()
    guard stat(path, &info) == 0 else { throw FileError("stat", path: path, errorNumber: errno) }
    return Int(info.st_size)
}
