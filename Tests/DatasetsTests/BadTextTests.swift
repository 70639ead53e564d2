import Datasets
import DelimitedText
import Foundation
import Groundwork
import TestSupport
import Testing

/// Text that is not as it should be is read as it stands, or refused with its place, whatever the sizes of pieces.
@Suite struct BadTextTests {
    private static let canary = "CANARY7731"

    private func write(_ bytes: [UInt8], _ name: String, of data: SmallDataset) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: data.folder.file(name)))
    }

    @Test func aColumnsNameMayHoldALineBreak() throws {
        let data = try SmallDataset()
        try data.write("own.csv", "pid,visit,code,\"note\r\nof it\"\r\n1,2,A,x\r\n")
        #expect(try RowReader.readHeader(data.folder.file("own.csv")).names.count == 4)
    }

    @Test func aLargeFileWithoutNewlinesIsNamed() throws {
        let data = try SmallDataset()
        try data.write("own.csv", "pid,visit\r" + String(repeating: "1,2\r", count: 5_000_000))
        let found = failure { _ = try RowReader.readHeader(data.folder.file("own.csv")) }
        #expect(found.code == "data.carriage-returns")
    }

    @Test func aZeroByteIsNamedByItsPlace() throws {
        let data = try SmallDataset(codes: "pid,visit,code,note\n10,11,A,x\n10,11,\(Self.canary)\0,y\n")
        let found = failure { _ = try data.load() }
        #expect(found.code == "data.zero-byte")
        #expect(found.message.contains("codes.csv, line 3, column \"code\""), "\(found)")
        #expect(!found.message.contains(Self.canary))
    }

    // MARK: Quotes

    @Test func anUnclosedQuoteIsNamedByTheLineOnWhichItOpens() throws {
        let codes = "pid,visit,code,note\n10,11,A,x\n10,11,\"two\nlines\",\"\(Self.canary)\n2,20,B,y\n"
        let found = failure { _ = try SmallDataset(codes: codes).load() }
        #expect(found.code == "data.unclosed-quote")
        #expect(found.message.contains("codes.csv") && found.message.contains("line 4"), "\(found)")
        #expect(!found.message.contains(Self.canary))
    }

    @Test(arguments: 1...12) func aMissingQuoteAnywhereIsFoundWhateverThePieces(seed: UInt64) throws {
        var stream = RandomStream(seed: seed, purpose: .test)
        let count = 400
        let bad = stream.nextInt(below: count)
        let isClosing = stream.nextInt(below: 2) == 0
        var codes = "pid,visit,code,note\n"
        var badLine = 0
        for row in 0..<count {
            if row == bad { badLine = 1 + codes.count { $0 == "\n" } }
            let text = row % 3 == 0 ? "c,\n\(row)" : "c \"\"\(row)\"\""
            let code = row == bad && isClosing ? "\"\(text)" : "\"\(text)\""
            codes += "10,11,\(code),\(row % 2 == 0 ? "\"n\(row)\"" : "n")\n"
        }
        if !isClosing { codes += "10,11,A,\"\(Self.canary)" }
        let line = isClosing ? badLine : codes.count { $0 == "\n" } + 1
        let data = try SmallDataset(codes: codes)
        for pieceBytes in [64 << 20, 3000, 200] {
            let found = failure { _ = try data.load(pieceBytes: pieceBytes) }
            #expect(found.code == "data.unclosed-quote", "seed \(seed), \(pieceBytes): \(found)")
            #expect(found.message.contains("line \(line):"), "seed \(seed), \(pieceBytes), \(line): \(found)")
        }
    }

    /// Two of them make one row of three, which has as many fields as it should.
    @Test(arguments: ["5\"", "\"5"], [64 << 20, 200])
    func quotesOutOfPlaceThatComeInPairsSwallowNoRows(text: String, pieceBytes: Int) throws {
        let good = (0..<40).map { "10,11,\"c\n\($0)\",n\n" }.joined()
        let codes =
            "pid,visit,code,note\n\(good)10,11,\(text),\(Self.canary)\n10,11,B,x\n10,11,\(text),y\n2,20,C,z\n"
        let found = failure { _ = try SmallDataset(codes: codes).load(pieceBytes: pieceBytes) }
        #expect(found.code == "data.unclosed-quote")
        #expect(found.message.contains("line 82"), "\(found)")
        #expect(!found.message.contains(Self.canary))
    }

    @Test func quotesInsideAFieldOfOneLineAreRead() throws {
        let codes = "pid,visit,code,note\n10,11,5\" x 3\" pad,x\n10,11,\"a \"\"b\"\"\nc\",\"\"\n"
        let events = try SmallDataset(codes: codes).load().filter { $0.type == "codes" }
        #expect(events.map { $0.attributes["code"] } == ["5\" x 3\" pad", "a \"b\"\nc"])
    }

    @Test func anUnclosedQuoteBeforeALongRestIsFoundWithinTheRowLimit() throws {
        let data = try SmallDataset()
        let rest = (0..<50_000).map { "10,11,\($0),x\n" }.joined()
        try data.write("codes.csv", "pid,visit,code,note\n10,11,A,x\n10,11,\"B,x\n" + rest)
        let reader = try RowReader(path: data.folder.file("codes.csv"), blockSize: 1 << 12, rowLimit: 1 << 16)
        let found = failure { while try reader.next() != nil {} }
        #expect(found.code == "data.row-too-long")
        #expect(found.message.contains("line 3:"), "\(found)")
    }

    @Test func aVeryLongFieldIsReadAndBlocksAreSmallAgainBehindIt() throws {
        let data = try SmallDataset()
        let rows = (0..<200_000).map { "10,11,\($0),x\n" }.joined()
        let long = String(repeating: "0123456789abcde\n", count: 8 << 16)
        try data.write("codes.csv", "pid,visit,code,note\n10,11,A,\"\(long)\"\n\(rows)")
        let reader = try RowReader(path: data.folder.file("codes.csv"))
        var (count, longest, largest) = (0, 0, 0)
        while let block = try reader.next() {
            if count == 0 {
                longest = block.field(0, 3).bytes.count
            } else {
                largest = max(largest, block.byteCount)
            }
            count += block.count
        }
        #expect(count == 200_001)
        #expect(longest == 8 << 20)
        #expect(largest <= 1 << 20)
    }

    // MARK: Headers

    @Test func blankLinesBeforeTheHeaderAreNone() throws {
        let codes = "\u{FEFF}\r\n\npid,visit,code,note\n10,11,A,x\n10,11,B\n"
        let found = failure { _ = try SmallDataset(codes: codes).load() }
        #expect(found.code == "data.ragged-row" && found.message.contains("line 5"), "\(found)")
        let events = try SmallDataset(codes: String(codes.dropLast(8))).load().filter { $0.type == "codes" }
        #expect(events.map { $0.attributes["code"] } == ["A"])
    }

    @Test func aHeaderOfAnyLengthIsRead() throws {
        let filler = (0..<20_000).map { "column_\($0)," }.joined()
        let codes =
            "\(filler)PID,Visit,\"Code\",note\n" + String(repeating: ",", count: 20_000) + "10,11,A,x\n"
        let events = try SmallDataset(codes: codes).load().filter { $0.type == "codes" }
        #expect(events.map(\.attributes) == [["visit": "11", "code": "A", "note": "x"]])
    }

    @Test(arguments: [
        ("pid,visit,\"code,note\n10,11,A,x\n", "data.unclosed-quote", "line 1"),
        ("pid,visit,code,Code,note\n10,11,A,B,x\n", "data.duplicate-column", "\"code\""),
        ("", "data.no-header", "codes.csv"),
        ("\u{FEFF}", "data.no-header", "codes.csv"),
        ("\n\n", "data.no-header", "codes.csv"),
    ])
    func aBadHeaderIsNamed(codes: String, code: String, word: String) throws {
        let found = failure { _ = try SmallDataset(codes: codes).load() }
        #expect(found.code == code, "\(found)")
        #expect(found.message.contains("codes.csv") && found.message.contains(word), "\(found)")
    }

    @Test func aColumnThatStandsTwiceIsNoErrorWhereItIsNotRead() throws {
        let codes = "pid,visit,code,note,x,X\n10,11,A,y,1,2\n"
        #expect(try SmallDataset(codes: codes).load().contains { $0.attributes["code"] == "A" })
    }

    // MARK: Encodings

    @Test(arguments: [
        ("codes.csv", "pid,visit,code,note\n10,11,A,\"two\nl\n\"\n10,11,\u{1}B,x\n", "line 5", "\"code\""),
        ("codes.csv", "pid,visit,code,note\n\u{1}7,11,A,x\n", "line 2", "\"pid\""),
        (
            "visits.csv", "pid,visit,start,stop,kind\n10,11,2101-01-01,2101-01-02,\u{1}\n", "line 2",
            "\"kind\""
        ),
    ])
    func textThatIsNotUTF8IsRefusedWithItsPlace(file: String, text: String, line: String, column: String)
        throws
    {
        let data = try SmallDataset()
        try write(text.utf8.map { $0 == 1 ? 0xE9 : $0 }, file, of: data)
        let found = failure { _ = try data.load() }
        #expect(found.code == "data.not-utf8", "\(found)")
        for word in [file, line, column, "iconv"] { #expect(found.message.contains(word), "\(found)") }
        #expect(!found.message.contains("\u{FFFD}"))
    }

    @Test func joinedTextThatIsNotUTF8IsRefusedWithItsPlace() throws {
        var data = try SmallDataset()
        data.definitionText = data.definitionText
            .replacing("columns: [stop]", with: "columns: [stop, ward]")
            .replacing("code, note]", with: "code, ward]")
        let visits = "pid,visit,start,stop,kind,ward\n10,11,2101-01-01,2101-01-02,k,w\n10,12,,,k,\u{1}\n"
        try write(visits.utf8.map { $0 == 1 ? 0xFC : $0 }, "visits.csv", of: data)
        let found = failure { _ = try data.load() }
        #expect(found.code == "data.not-utf8", "\(found)")
        for word in ["visits.csv", "line 3", "\"ward\""] { #expect(found.message.contains(word), "\(found)") }
    }

    @Test func otherBytesDoNotMatterWhereTheyAreNotRead() throws {
        let data = try SmallDataset()
        let text = "pid,visit,code,note,\u{1}tat\n10,11,Ä,x,\u{1}\n"
        try write(text.utf8.map { $0 == 1 ? 0xE9 : $0 }, "codes.csv", of: data)
        #expect(try data.load().contains { $0.attributes["code"] == "Ä" })
    }

    // MARK: Times

    @Test(arguments: ["1850-02-28 23:59:59", "1899-12-31", "0001-01-01", "2196-02-29 00:00:00", "2000-02-29"])
    func timesOfAnyCenturyAreRead(text: String) throws {
        let visits = "pid,visit,start,stop,kind\n1,5,\(text),2101-01-02,a\n"
        let event = try #require(try SmallDataset(visits: visits).load().first)
        let time = try #require(event.milliseconds)
        let expected = try #require(Self.seconds(text))
        #expect(time == expected * 1000)
    }

    @Test(arguments: [
        "2100-02-29", "1900-02-29", "2101-04-31", "2101-13-01", "2101-00-10", "2101-01-00",
        "2101-01-01 24:00:00",
        "2101-01-01 10:60:00", "01/02/2101", "2101-1-1", "NaT",
    ])
    func timesThatDoNotExistAreRefused(text: String) throws {
        let visits = "pid,visit,start,stop,kind\n1,5,\(text),2101-01-02,a\n"
        let found = failure { _ = try SmallDataset(visits: visits).load() }
        #expect(found.code == "data.unparsable-time" && found.message.contains("line 2"), "\(found)")
        #expect(!found.message.contains(text))
    }

    /// Seconds since 1970 of a date and time in the proleptic Gregorian calendar, by Foundation's calendar of days.
    private static func seconds(_ text: String) -> Int64? {
        let numbers = text.split { !$0.isNumber }.compactMap { Int($0) } + [0, 0, 0]
        guard numbers.count >= 6 else { return nil }
        var days = 0
        func length(_ year: Int) -> Int { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 366 : 365 }
        if numbers[0] >= 1970 { for year in 1970..<numbers[0] { days += length(year) } }
        if numbers[0] < 1970 { for year in numbers[0]..<1970 { days -= length(year) } }
        let months = [31, length(numbers[0]) - 337, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        days += months[..<(numbers[1] - 1)].reduce(0, +) + numbers[2] - 1
        return Int64(((days * 24 + numbers[3]) * 60 + numbers[4]) * 60 + numbers[5])
    }
}
