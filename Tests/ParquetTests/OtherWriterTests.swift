import Foundation
import Parquet
import Testing

/// The folder that `PYHEALTH_PARQUET_FILES` names.
private let folder = ProcessInfo.processInfo.environment["PYHEALTH_PARQUET_FILES"]

/// Files that other programs wrote; `scripts/compare-parquet-with-pyarrow` makes them and names their folder.
@Suite(.enabled(if: folder != nil, "PYHEALTH_PARQUET_FILES names no folder"))
struct OtherWriterTests {
    static let files: [String] = {
        guard let folder, let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            return []
        }
        return names.filter { $0.hasSuffix(".parquet") }.sorted()
    }()

    @Test(arguments: files) func everyCellIsTheExpectedText(name: String) throws {
        let path = "\(folder ?? "")/\(name)"
        let expected = try Data(contentsOf: URL(fileURLWithPath: path + ".expected"))
        let file = try ParquetFile(path: path)
        let reader = try file.rows(columns: Array(file.columns.indices))
        var (offset, rows) = (0, 0)
        while let block = try reader.next() {
            for row in 0..<block.count {
                for column in file.columns.indices {
                    let (wanted, next) = Self.cell(expected, offset)
                    offset = next
                    let field = block.field(row, column)
                    let got = field.baseAddress == nil ? nil : Data(field)
                    guard got == wanted else {
                        let texts = [got, wanted].map {
                            $0.map { String(decoding: $0, as: UTF8.self) } ?? "NULL"
                        }
                        Issue.record(
                            "\(file.header[column]), row \(rows): got \(texts[0]), expected \(texts[1])")
                        return
                    }
                }
                rows += 1
            }
        }
        #expect(offset == expected.count)
        #expect(rows == file.rowCount)
    }

    /// Length (4 bytes, -1 if missing), bytes.
    private static func cell(_ data: Data, _ offset: Int) -> (Data?, Int) {
        guard offset + 4 <= data.count else { return (nil, offset + 4) }
        let length = data.withUnsafeBytes {
            Int32(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Int32.self))
        }
        guard length >= 0, offset + 4 + Int(length) <= data.count else { return (nil, offset + 4) }
        return (data[(offset + 4)..<(offset + 4 + Int(length))], offset + 4 + Int(length))
    }
}
