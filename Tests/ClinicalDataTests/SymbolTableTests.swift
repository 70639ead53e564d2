import ClinicalData
import Groundwork
import Testing

/// Texts and symbols are the same thing, in order of first appearance.
@Suite struct SymbolTableTests {
    @Test(arguments: 1...20) func giveEveryTextOneSymbol(seed: UInt64) {
        var stream = RandomStream(seed: seed, purpose: .test)
        let table = SymbolTable()
        var numbers: [String: UInt32] = [:]
        for _ in 0..<5000 {
            let length = stream.nextInt(below: 20)
            let text = String(
                decoding: (0..<length).map { _ in UInt8(0x61 + stream.nextInt(below: 3)) }, as: UTF8.self)
            let symbol = table.intern(text)
            #expect(symbol.index == numbers[text] ?? UInt32(numbers.count), "seed \(seed)")
            numbers[text] = symbol.index
        }
        #expect(table.count == numbers.count, "seed \(seed)")
        for (text, index) in numbers {
            #expect(table[Symbol(index: index)] == text, "seed \(seed)")
            #expect(table.find(text)?.index == index, "seed \(seed)")
        }
        #expect(table.find("nowhere") == nil)
        table.trim()
        #expect(table.intern("nowhere").index == UInt32(numbers.count), "seed \(seed)")
    }

    @Test func comeBackFromTheirBytes() throws {
        let table = SymbolTable()
        for text in ["", "a", "ä", "日本", "a b"] { _ = table.intern(text) }
        let (bytes, offsets) = table.contents
        let copy = try #require(SymbolTable(bytes: bytes, offsets: offsets))
        #expect((0..<5).map { copy[Symbol(index: $0)] } == ["", "a", "ä", "日本", "a b"])
    }

    @Test func bytesThatDoNotFitAreRefused() {
        #expect(SymbolTable(bytes: [1, 2], offsets: [0, 3]) == nil)
        #expect(SymbolTable(bytes: [1, 2], offsets: [1, 2]) == nil)
        #expect(SymbolTable(bytes: [1, 2], offsets: [0, 2, 1, 2]) == nil)
        #expect(SymbolTable(bytes: [1, 1], offsets: [0, 1, 2]) == nil, "one text twice")
    }
}
