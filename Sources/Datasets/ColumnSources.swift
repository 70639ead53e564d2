import Groundwork

/// Where the patient id, the time and every attribute of a table come from: its own columns or those of a joined file.
struct ColumnSources {
    enum Source: Equatable {
        /// A column of the table's file.
        case own(Int)
        /// A column of a join: number of the join, position among its loaded columns.
        case joined(Int, Int)
    }

    /// A join, and which of its columns are really used.
    struct Join {
        var path: String
        var key: Int
        var on: String
        var how: DatasetDefinition.Join.How
        var columns: [String]
        var only: DatasetDefinition.Join.Only?
        /// Positions of the columns whose texts are used.
        var texts: Set<Int> = []
        /// Positions of the columns that are read as times alone, and in which format.
        var times: Set<Int> = []
        var timestampFormat: String?
    }

    /// An offset to the beginning of a stay in place of a time.
    struct Offset {
        /// The file of stays.
        var path: String
        var names: OffsetTimes
        /// The column with the stay.
        var stay: Int
        /// The column with the minutes; nil for the beginning itself.
        var minutes: Int?
    }

    var patient: Source?
    var times: [Source] = []
    /// Read when the time is empty (`chartdate_fallback`).
    var fallbackTime: Int?
    /// The format of times; nil where they are ISO-like, as native ones of Parquet are, whatever the definition says.
    private(set) var timestampFormat: String?
    /// Where the time is counted from the beginning of a stay.
    var offset: Offset?
    var attributes: [Source] = []
    var joins: [Join] = []
    /// The table's file.
    let file: TableSource
    /// The table's columns.
    let header: [String]

    /// The names of the table's own columns that are read.
    var ownColumns: [String] {
        var columns = (patient.map { [$0] } ?? []) + times + attributes
        columns += fallbackTime.map { [.own($0)] } ?? []
        columns += joins.map { .own($0.key) }
        columns += offset.map { [.own($0.stay)] + ($0.minutes.map { [.own($0)] } ?? []) } ?? []
        return columns.compactMap { if case .own(let column) = $0 { header[column] } else { nil } }
    }

    /// Finds every needed column in the headers; throws ``DatasetError`` for one that is not there or not alone.
    init(table: DatasetDefinition.Table, needs: [String]?, root: String) throws {
        file = try TableSource(table, root: root)
        let header = try file.header(of: table.name)
        self.header = header
        var lookup = Lookup(table: table.name, path: file.path, header: header)
        for join in table.joins {
            let joinPath = try Inspector.resolve(join.filePath, of: table.name, root: root)
            let right = try TableFiles.header(joinPath)
            let rightLookup = Lookup(table: table.name, path: joinPath, header: right)
            for column in join.columns + [join.on] + (join.only.map { [$0.column] } ?? []) {
                _ = try rightLookup.own(column)
            }
            joins.append(
                Join(
                    path: joinPath, key: try lookup.own(join.on), on: join.on, how: join.how,
                    columns: join.columns, only: join.only))
        }
        lookup.joins = joins
        patient = try table.patientID.map { try lookup.find($0) }
        times = try table.timestamp.map { try lookup.find($0) }
        if table.preprocess == "chartdate_fallback" { fallbackTime = try lookup.own("chartdate") }
        for name in needs ?? table.attributes {
            guard (table.attributes + table.extraAttributes).contains(name) else {
                throw ConfigurationError(
                    "unknown-attribute",
                    "Table \"\(table.name)\" of the data set has no attribute \"\(name)\"."
                        + "\(suggestion(for: name, among: table.attributes)) Valid: \(table.attributes.joined(separator: ", "))."
                )
            }
        }
        attributes = try (needs ?? table.attributes).map { try lookup.find($0) }
        timestampFormat = try hasNativeTime ? nil : table.timestampFormat
        noteUses()
        if let names = table.offsetTimes, let minutes = table.offset {
            let path = try Inspector.resolve(names.filePath, of: table.name, root: root)
            let stays = Lookup(table: table.name, path: path, header: try TableFiles.header(path))
            for column in names.columns { _ = try stays.own(column) }
            offset = Offset(
                path: path, names: names, stay: try lookup.own(names.stay),
                minutes: minutes.isEmpty ? nil : try lookup.own(minutes))
        }
    }

    /// Whether the time is one column of dates or moments of a Parquet file.
    private var hasNativeTime: Bool {
        get throws {
            guard times.count == 1 else { return false }
            return switch times[0] {
            case .own(let column): try TableFiles.hasNativeTimes(file.path, header[column])
            case .joined(let number, let column):
                try TableFiles.hasNativeTimes(joins[number].path, joins[number].columns[column])
            }
        }
    }

    /// Marks the joined columns that are read: one that is nothing but the time is kept as a number, others as texts,
    /// and those that nobody asked for are not kept.
    private mutating func noteUses() {
        let readAsText = attributes + (times.count > 1 ? times : []) + (patient.map { [$0] } ?? [])
        for case .joined(let number, let column) in readAsText {
            joins[number].texts.insert(column)
        }
        if times.count == 1, case .joined(let number, let column) = times[0] {
            joins[number].times = [column]
            joins[number].timestampFormat = timestampFormat
        }
    }

    private struct Lookup {
        let table: String
        let path: String
        let header: [String]
        var joins: [Join] = []

        func own(_ column: String) throws -> Int {
            guard let index = header.firstIndex(of: column) else { throw missing(column) }
            guard header.lastIndex(of: column) == index else {
                throw DatasetError.duplicateColumn(table: table, column: column, file: path)
            }
            return index
        }

        func find(_ column: String) throws -> Source {
            for (number, join) in joins.enumerated() {
                if let index = join.columns.firstIndex(of: column) { return .joined(number, index) }
            }
            return .own(try own(column))
        }

        func missing(_ column: String) -> DatasetError {
            .missingColumn(
                table: table, column: column, file: path, columns: header.count,
                similar: nearest(to: column, among: header))
        }
    }
}
