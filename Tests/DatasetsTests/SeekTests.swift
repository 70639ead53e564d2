import ClinicalData
import DelimitedText
import Foundation
import Groundwork
import TestSupport
import Testing

@testable import Datasets

/// Gzip files are read right to their end, and from any access point on as from the beginning.
@Suite struct SeekTests {
    /// A table whose rows have line ends and quotes inside, of about `bytes` bytes; some of them repeat, so that blocks look back.
    private func table(bytes: Int, _ stream: inout RandomStream) -> [UInt8] {
        var text = Array("pid,visit,code,note\n".utf8)
        var row = 0
        while text.count < bytes {
            row += 1
            let word = String(stream.nextInt(below: 1 << 30), radix: 36)
            let note =
                stream.nextInt(below: 5) == 0 ? "\"two\nlines, \"\"\(word)\"\"\"" : "note \(row % 50) \(word)"
            text += Array("p\(stream.nextInt(below: 40)),\(row),c\(stream.nextInt(below: 99)),\(note)\n".utf8)
        }
        return text
    }

    private func pack(_ text: [UInt8], _ folder: TemporaryFolder, _ options: [String]) throws -> [UInt8] {
        let path = folder.file("piece")
        try Data(text).write(to: URL(fileURLWithPath: path))
        #expect(try Commands.runTool("gzip", ["-n", "-f"] + options + [path], folder: folder).status == 0)
        return Array(try Data(contentsOf: URL(fileURLWithPath: "\(path).gz")))
    }

    private func write(_ bytes: [UInt8], _ folder: TemporaryFolder) throws -> String {
        let path = folder.file("table.csv.gz")
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return path
    }

    /// All rows of a reader as they stand in the file, and its access points.
    private func read(_ reader: RowReader) throws -> (rows: [[UInt8]], points: [AccessPoint]) {
        var rows: [[UInt8]] = []
        var points: [AccessPoint] = []
        while let block = try reader.next() {
            for row in 0..<block.count {
                rows.append((0..<block.columns).flatMap { [0x1F] + block.field(row, $0).bytes })
            }
            if let point = reader.takePoint() { points.append(point) }
        }
        return (rows, points)
    }

    @Test(arguments: [["-1"], ["-6"], ["-9"]], [1] as [UInt64])
    func everyAccessPointLeadsToTheSameRows(options: [String], seed: UInt64) throws {
        var stream = RandomStream(seed: seed, purpose: .test)
        let folder = try TemporaryFolder("seek")
        let path = try write(pack(table(bytes: 500_000, &stream), folder, options), folder)
        let distance = 10_000 + stream.nextInt(below: 30_000)
        let whole = try read(RowReader(path: path, pointDistance: distance, blockSize: 1 << 14))
        #expect(whole.points.count >= 4, "seed \(seed): \(whole.points.count)")
        #expect(try read(RowReader(path: path)).rows == whole.rows, "seed \(seed)")
        let start = try RowReader.readHeader(path).length
        var joined: [[UInt8]] = []
        let bounds: [AccessPoint?] = [nil] + whole.points + [nil]
        for (from, until) in zip(bounds, bounds.dropFirst()) {
            joined += try read(
                RowReader(
                    path: path, range: (from?.row ?? start)..<(until?.row ?? Int.max),
                    firstLine: from?.line ?? 2, from: from, until: until)
            ).rows
        }
        #expect(joined == whole.rows, "seed \(seed)")
    }

    @Test(arguments: 1...2 as ClosedRange<UInt64>) func membersAreReadToTheEndAndAreAccessPoints(seed: UInt64)
        throws
    {
        var stream = RandomStream(seed: seed, purpose: .test)
        let folder = try TemporaryFolder("members")
        let text = table(bytes: 150_000, &stream)
        var packed: [UInt8] = []
        var first = 0
        while first < text.count {
            // Members end anywhere, also inside a quoted field; some are empty, as the last one of a BGZF file is.
            let last = min(text.count, first + stream.nextInt(below: 30_000))
            packed += try pack(Array(text[first..<last]), folder, ["-\(1 + stream.nextInt(below: 9))"])
            first = last
        }
        packed += try pack([], folder, [])
        let path = try write(packed, folder)
        let plain = folder.file("table.csv")
        try Data(text).write(to: URL(fileURLWithPath: plain))
        let expected = try read(RowReader(path: plain)).rows
        let whole = try read(RowReader(path: path, pointDistance: 10_000, blockSize: 1 << 12))
        #expect(whole.rows == expected, "seed \(seed)")
        #expect(whole.points.contains { $0.inside == nil }, "seed \(seed)")
        for point in whole.points {
            let rest = try read(
                RowReader(path: path, range: point.row..<Int.max, firstLine: point.line, from: point)
            ).rows
            #expect(rest == Array(expected.suffix(rest.count)) && !rest.isEmpty, "seed \(seed)")
        }
    }

    @Test func storedBlocksHaveNoPointsAndAreReadAsWell() throws {
        var stream = RandomStream(seed: 1, purpose: .test)
        let folder = try TemporaryFolder("stored")
        let text = table(bytes: 300_000, &stream)
        let path = folder.file("table.csv.gz")
        let script = """
            import sys, zlib
            text = open(sys.argv[1], "rb").read()
            packer = zlib.compressobj(0, zlib.DEFLATED, 31)
            open(sys.argv[2], "wb").write(packer.compress(text) + packer.flush())
            """
        try Data(text).write(to: URL(fileURLWithPath: folder.file("plain.csv")))
        #expect(
            try Commands.runTool(
                "python3", ["-c", script, folder.file("plain.csv"), path], folder: folder
            ).status == 0)
        let whole = try read(RowReader(path: path, pointDistance: 10_000, blockSize: 1 << 12))
        #expect(try whole.rows == read(RowReader(path: folder.file("plain.csv"))).rows)
    }

    @Test func aFieldLongerThanTheDistanceOfPointsIsReadExactly() throws {
        var stream = RandomStream(seed: 8, purpose: .test)
        let folder = try TemporaryFolder("long")
        let rows = table(bytes: 100_000, &stream)
        let cell = (0..<60_000).map { "line \($0 &* 7919 % 9973)\n" }.joined()
        let text = rows + Array("p1,1,c1,\"\(cell)\"\n".utf8) + rows.drop { $0 != 0x0A }.dropFirst()
        let path = try write(pack(text, folder, ["-6"]), folder)
        let whole = try read(RowReader(path: path, pointDistance: 40_000, blockSize: 1 << 14))
        #expect(whole.rows.contains { $0.count > cell.utf8.count })
        for point in whole.points {
            let rest = try read(
                RowReader(path: path, range: point.row..<Int.max, firstLine: point.line, from: point))
            #expect(rest.rows == Array(whole.rows.suffix(rest.rows.count)) && !rest.rows.isEmpty)
        }
    }

    @Test func aFieldAboveTheLimitAndAnUnclosedQuoteAreNamedByTheirLineInGzipToo() throws {
        var stream = RandomStream(seed: 9, purpose: .test)
        let folder = try TemporaryFolder("limit")
        let rows = table(bytes: 100_000, &stream)
        let line = 1 + rows.count { $0 == 0x0A }
        let cell = String(repeating: "word\n", count: 40_000)
        var path = try write(pack(rows + Array("p1,1,c1,\"\(cell)\"\n".utf8), folder, []), folder)
        var error = #expect(throws: DelimitedTextError.self) {
            _ = try read(RowReader(path: path, blockSize: 1 << 14, rowLimit: 1 << 17))
        }
        #expect(error == .rowTooLong(file: path, line: line, limit: 1 << 17))
        path = try write(pack(rows + Array("p1,1,c1,\"\(cell)".utf8), folder, []), folder)
        error = #expect(throws: DelimitedTextError.self) {
            _ = try read(RowReader(path: path, pointDistance: 20_000, blockSize: 1 << 14))
        }
        #expect(error == .unclosedQuote(file: path, line: line))
    }

    @Test func aPieceWithAnotherChecksumIsRefused() throws {
        var stream = RandomStream(seed: 3, purpose: .test)
        let folder = try TemporaryFolder("checksum")
        let path = try write(pack(table(bytes: 600_000, &stream), folder, ["-6"]), folder)
        let points = try read(RowReader(path: path, pointDistance: 30_000, blockSize: 1 << 14)).points
        try #require(points.count >= 3)
        var until = points[2]
        until.inside?.checksum ^= 1
        let error = #expect(throws: DelimitedTextError.self) {
            _ = try read(
                RowReader(
                    path: path, range: points[1].row..<points[2].row, from: points[1], until: until))
        }
        #expect(error?.code == "data.corrupt-gz")
    }

    @Test func aPieceOfACutFileIsRefusedAsTheWholeFileIs() throws {
        var stream = RandomStream(seed: 4, purpose: .test)
        let folder = try TemporaryFolder("cut")
        let packed = try pack(table(bytes: 300_000, &stream), folder, ["-6"])
        let path = try write(packed, folder)
        let points = try read(RowReader(path: path, pointDistance: 30_000, blockSize: 1 << 14)).points
        let last = try #require(points.last)
        _ = try write(Array(packed.dropLast(5)), folder)
        let error = #expect(throws: DelimitedTextError.self) {
            _ = try read(RowReader(path: path, range: last.row..<Int.max, from: last))
        }
        #expect(error == .truncated(file: path, offset: packed.count - 5))
    }

    // The index in a data set.

    /// A data set whose codes are packed, with an index in the folder `run`.
    private func indexed(seed: UInt64) throws -> (
        data: SmallDataset, plan: InspectionPlan, run: TemporaryFolder
    ) {
        var stream = RandomStream(seed: seed, purpose: .test)
        let visits =
            "pid,visit,start,stop,kind\n" + (0..<40).map { "p\($0),\($0),2101-01-01,2101-01-02,a\n" }.joined()
        // Blocks of a scan have 1 MiB, and an index needs several.
        let first = String(decoding: table(bytes: 250_000, &stream), as: UTF8.self)
        let codes = first + String(repeating: first.split(separator: "\n", maxSplits: 1)[1] + "", count: 9)
        var data = try SmallDataset(visits: visits, codes: codes)
        data.definitionText = data.definitionText.replacing("how: inner", with: "how: left")
        #expect(
            try Commands.runTool("gzip", [data.folder.file("codes.csv")], folder: data.folder).status == 0)
        let run = try TemporaryFolder("seek-run")
        try Files.createFolder(run.file(SeekIndex.folder))
        let plan = try plan(data, run, pieceBytes: 1)
        let index = try #require(plan.mapTasks.firstIndex { $0.path.hasSuffix(".gz") })
        #expect(plan.mapTasks[index].seek == nil && plan.mapTasks[index].textBytes > 1_000_000)
        let task = try ScanTask(
            definition: data.definition(), root: data.folder.path, plan: plan, index: index)
        let name = try #require(try task.seekName())
        let done = try task.run(
            to: run.file("first.shuffle"), seekPath: run.file("\(SeekIndex.folder)/\(name)"),
            pointDistance: 300_000,
            joins: JoinCache())
        #expect(done.points > 0 && done.rows > 1000)
        return (data, try self.plan(data, run, pieceBytes: 1), run)
    }

    private func plan(_ data: SmallDataset, _ run: TemporaryFolder, pieceBytes: Int) throws -> InspectionPlan
    {
        let definition = try data.definition()
        return try Inspector(definition: definition, root: data.folder.path, runDirectory: run.path).plan(
            tables: definition.tableOrder(requested: ["codes"]), needs: [:], shardSize: 7,
            pieceBytes: pieceBytes)
    }

    private func events(_ data: SmallDataset, _ plan: InspectionPlan, _ run: String?) throws -> [EventShard] {
        let events = try LocalEvents(data.definition(), root: data.folder.path, plan: plan, runDirectory: run)
        return try (0..<plan.rangeCount).map(events.shard)
    }

    @Test(arguments: 1...1 as ClosedRange<UInt64>) func theIndexCutsALaterPassAndChangesNoEvent(seed: UInt64)
        throws
    {
        let (data, plan, run) = try indexed(seed: seed)
        let pieces = plan.mapTasks.filter { $0.seek != nil }
        #expect(pieces.count > 1, "seed \(seed)")
        let expected = try data.load(shardSize: 7)
        #expect(try LoadedEvents(events(data, plan, run.path)).events == expected, "seed \(seed)")
        #expect(plan.subject(ofTask: plan.mapTasks.count - 1).contains("bytes of text"), "seed \(seed)")
        // Without the index, or with a damaged one, pieces are found by inflating what is before.
        #expect(try LoadedEvents(events(data, plan, nil)).events == expected, "seed \(seed)")
        let index = run.file(try #require(pieces[0].seek).index)
        var bytes = try Data(contentsOf: URL(fileURLWithPath: index))
        bytes[20] ^= 0x40
        try bytes.write(to: URL(fileURLWithPath: index))
        #expect(try LoadedEvents(events(data, plan, run.path)).events == expected, "seed \(seed)")
    }

    @Test func anIndexOfAnotherFileIsNotUsed() throws {
        let (data, plan, run) = try indexed(seed: 5)
        #expect(plan.mapTasks.contains { $0.seek != nil })
        let path = data.folder.file("codes.csv.gz")
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        try (bytes + Data([0])).write(to: URL(fileURLWithPath: path))
        #expect(try !self.plan(data, run, pieceBytes: 1).mapTasks.contains { $0.seek != nil })
    }

    @Test func aDamagedIndexIsNotUsedForCutting() throws {
        let (data, plan, run) = try indexed(seed: 6)
        let index = run.file(try #require(plan.mapTasks.compactMap(\.seek).first).index)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: index))
        for place in [3, bytes.count - 8, bytes.count - 20, bytes.count - 40] {
            var changed = bytes
            changed[place] ^= 0x11
            try changed.write(to: URL(fileURLWithPath: index))
            #expect(try !self.plan(data, run, pieceBytes: 1).mapTasks.contains { $0.seek != nil }, "\(place)")
        }
        try bytes.dropLast(1).write(to: URL(fileURLWithPath: index))
        #expect(try !self.plan(data, run, pieceBytes: 1).mapTasks.contains { $0.seek != nil })
    }

    @Test func theLargestPiecesComeFirst() throws {
        let (_, plan, _) = try indexed(seed: 7)
        let order = plan.largestFirst
        #expect(order.sorted() == Array(plan.mapTasks.indices))
        let sizes = order.map { plan.mapTasks[$0].textBytes }
        #expect(sizes == sizes.sorted(by: >))
    }
}
