import DelimitedText
import Foundation
import Parquet
import TestSupport
import Testing

/// Every Parquet file below the folders with open data.
@Suite(.enabled(if: References.dataAvailable, "there is no folder with data")) struct DataFolderTests {
    static let files: [String] = References.data.flatMap { base -> [String] in
        let names = FileManager.default.enumerator(atPath: base.path)?.allObjects as? [String] ?? []
        return names.filter(ParquetFile.isParquet).sorted().map { "\(base.path)/\($0)" }
    }

    @Test(arguments: files) func everyRowOfEveryReadableColumnIsThere(path: String) throws {
        let file = try ParquetFile(path: path)
        for column in file.columns.indices {
            if case .unsupported = file.columns[column].kind { continue }
            let reader = try file.rows(columns: [column])
            var rows = 0
            while let block = try reader.next() {
                #expect(block.firstRow == rows)
                rows += block.count
            }
            #expect(rows == file.rowCount)
            #expect(reader.bytesRead <= file.rowGroups.reduce(0) { $0 + $1.byteCount })
        }
    }

    @Test(arguments: files) func everyRowGroupAloneGivesItsRows(path: String) throws {
        let file = try ParquetFile(path: path)
        let columns = file.columns.indices.filter {
            if case .unsupported = file.columns[$0].kind { false } else { true }
        }
        for (number, group) in file.rowGroups.enumerated() {
            let reader = try file.rows(ofGroups: number..<(number + 1), columns: columns)
            var next = group.firstRow
            while let block = try reader.next() {
                #expect(block.firstRow == next)
                next += block.count
            }
            #expect(next == group.firstRow + group.rowCount)
            #expect(reader.bytesRead == group.byteCount)
        }
    }

    /// Folders that hold the rows of their shards as text, too.
    static let pairs: [(csv: String, shards: [String])] = References.data.flatMap {
        base -> [(String, [String])] in
        let names = FileManager.default.enumerator(atPath: base.path)?.allObjects as? [String] ?? []
        return names.filter { $0.hasSuffix("events_as_csv.csv.gz") }.sorted().map { name in
            let folder = "\(base.path)/\((name as NSString).deletingLastPathComponent)/data/"
            return ("\(base.path)/\(name)", files.filter { $0.hasPrefix(folder) })
        }
    }

    @Test func theShardsHaveTheCellsOfTheTextFile() throws {
        for (csv, shards) in Self.pairs {
            var rows: [[String]] = []
            for shard in shards { rows += try Self.rows(of: shard) }
            // The text file is in the order of patients; every patient is in one shard.
            let order = rows.indices.sorted {
                (Int(rows[$0][0]) ?? 0, $0) < (Int(rows[$1][0]) ?? 0, $1)
            }
            var next = 0
            let reader = try RowReader(path: csv)
            while let block = try reader.next() {
                for row in 0..<block.count {
                    let expected = (0..<block.columns).map {
                        String(decoding: block.field(row, $0).bytes, as: UTF8.self)
                    }
                    try #require(next < order.count)
                    try #require(zip(rows[order[next]], expected).allSatisfy(Self.isSame), "row \(next)")
                    next += 1
                }
            }
            #expect(next == rows.count)
            #expect(next > 0)
        }
    }

    /// The text file may have whole numbers as pandas writes those of a column with gaps.
    private static func isSame(_ got: String, _ expected: String) -> Bool {
        got == expected || Int(got) != nil && got + ".0" == expected
    }

    private static func rows(of path: String) throws -> [[String]] {
        let file = try ParquetFile(path: path)
        let reader = try file.rows(columns: Array(file.columns.indices))
        var rows: [[String]] = []
        while let block = try reader.next() {
            for row in 0..<block.count {
                rows.append(
                    file.columns.indices.map { String(decoding: block.field(row, $0), as: UTF8.self) })
            }
        }
        return rows
    }
}
