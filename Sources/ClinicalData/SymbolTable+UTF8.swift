extension SymbolTable {
    /// The first text, from number `start` on, whose bytes are no UTF-8; nil if there is none.
    package func firstTextThatIsNotUTF8(from start: Int) -> Symbol? {
        guard start < count else { return nil }
        var bits: UInt8 = 0
        for place in offsets.base[start]..<offsets.base[count] { bits |= bytes.base[place] }
        guard bits >= 0x80 else { return nil }
        return (start..<count).lazy.map { Symbol(index: UInt32($0)) }.first { symbol in
            withBytes(of: symbol) { String(validating: $0, as: UTF8.self) == nil }
        }
    }
}
