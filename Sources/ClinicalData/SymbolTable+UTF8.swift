extension SymbolTable {
    /// The first text, from number `start` on, whose bytes are no UTF-8 or hold a zero; nil if there is none.
    package func firstUnusableText(from start: Int) -> Symbol? {
        guard start < count else { return nil }
        var bits: UInt8 = 0
        var zeros: UInt8 = 0
        for place in offsets.base[start]..<offsets.base[count] {
            bits |= bytes.base[place]
            zeros |= bytes.base[place] == 0 ? 1 : 0
        }
        guard bits >= 0x80 || zeros > 0 else { return nil }
        return (start..<count).lazy.map { Symbol(index: UInt32($0)) }.first { symbol in
            withBytes(of: symbol) { $0.contains(0) || String(validating: $0, as: UTF8.self) == nil }
        }
    }
}
