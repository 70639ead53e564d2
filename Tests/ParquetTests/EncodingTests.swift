import Groundwork
import Parquet
import TestSupport
import Testing

@Suite struct EncodingTests {
    static let codecs = [0, 1, 2, 6, 7]

    @Test(arguments: Sample.combinations.indices) func everyEncodingGivesTheValuesBack(number: Int) throws {
        let (type, encoding) = Sample.combinations[number]
        let folder = try TemporaryFolder("parquet")
        var seed = UInt64(number) * 100
        for version in [1, 2] {
            for isOptional in [false, true] {
                for codec in Self.codecs {
                    seed += 1
                    var stream = RandomStream(seed: seed, purpose: .test)
                    let (column, texts) = SampleFile.Column.random(
                        "c", type, encoding: encoding, version: version, codec: codec,
                        rows: 1 + stream.nextInt(below: 700), isOptional: isOptional, &stream)
                    let file = try SampleFile(columns: [column], rows: texts.count).open(in: folder)
                    #expect(
                        try Cells.rows(file) == texts.map { [$0] },
                        "seed \(seed), \(type), encoding \(encoding), version \(version), codec \(codec)")
                }
            }
        }
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>) func columnsWithOtherPagesStayInStep(seed: UInt64) throws
    {
        let folder = try TemporaryFolder("parquet")
        var stream = RandomStream(seed: seed, purpose: .test)
        let rows = 1 + stream.nextInt(below: 9000)
        var (columns, texts) = ([SampleFile.Column](), [[String?]]())
        for i in 0..<(1 + stream.nextInt(below: 5)) {
            let (type, encoding) = Sample.combinations[stream.nextInt(below: Sample.combinations.count)]
            let made = SampleFile.Column.random(
                "c\(i)", type, encoding: encoding, version: 1 + stream.nextInt(below: 2),
                codec: Self.codecs[stream.nextInt(below: 5)], rows: rows,
                isOptional: stream.nextInt(below: 2) == 1, &stream)
            columns.append(made.column)
            texts.append(made.texts)
        }
        let file = try SampleFile(columns: columns, rows: rows, groups: 2).open(in: folder)
        let once = (0..<rows).map { row in texts.map { $0[row] } }
        #expect(try Cells.rows(file) == once + once, "seed \(seed)")
        #expect(try Cells.rows(file, groups: 1..<2) == once, "seed \(seed)")
        #expect(file.rowGroups.map(\.firstRow) == [0, rows])
    }

    @Test func onlyChosenColumnsAreRead() throws {
        let folder = try TemporaryFolder("parquet")
        var broken = SampleFile.Column(name: "broken", type: 2, codec: 3)
        broken.pages = [.init(count: 2, content: [1])]
        let sound = SampleFile.Column(
            name: "Sound", type: 2, pages: [.init(count: 2, content: Packing.little(7) + Packing.little(-7))])
        let file = try SampleFile(columns: [broken, sound], rows: 2).open(in: folder)
        #expect(file.header == ["broken", "sound"])
        let reader = try file.rows(columns: [1])
        let block = try #require(try reader.next())
        #expect((0..<2).map { String(decoding: block.field($0, 1), as: UTF8.self) } == ["7", "-7"])
        #expect(reader.line(of: 1, in: block) == 2)
        #expect(try reader.next() == nil)
    }

    @Test func aFileWithoutRowsHasNoBlocks() throws {
        let folder = try TemporaryFolder("parquet")
        let column = SampleFile.Column(type: 6)
        let file = try SampleFile(columns: [column], rows: 0).open(in: folder)
        #expect(try Cells.rows(file).isEmpty)
        #expect(
            try Cells.rows(try SampleFile(columns: [column], rows: 0, groups: 0).open(in: folder)).isEmpty)
    }
}
