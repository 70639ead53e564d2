import Parquet

/// Reads files whole.
enum Cells {
    /// Every row's texts of all columns; nil for missing values.
    static func rows(_ file: ParquetFile, groups: Range<Int>? = nil) throws -> [[String?]] {
        let reader = try file.rows(ofGroups: groups, columns: Array(file.columns.indices))
        var rows: [[String?]] = []
        while let block = try reader.next() {
            for row in 0..<block.count {
                rows.append(
                    file.columns.indices.map { column in
                        let isMissing = block.isMissing(row, column)
                        return isMissing ? nil : String(decoding: block.field(row, column), as: UTF8.self)
                    })
            }
        }
        return rows
    }
}
