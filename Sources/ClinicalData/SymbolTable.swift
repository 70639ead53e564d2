import Foundation

/// A text that was interned in a ``SymbolTable``: two symbols of one table are equal exactly if their texts are.
public struct Symbol: Hashable, Sendable {
    /// The position in the table, in order of first appearance.
    package let index: UInt32

    package init(index: UInt32) { self.index = index }
}

/// The distinct texts of one shard of events, numbered in order of first appearance.
///
/// Codes are compared and stored as 4-byte symbols; a text is built only where somebody reads it.
/// Layout: the UTF-8 bytes of all texts one after the other, `offsets` (count + 1), an open-addressing index.
public final class SymbolTable {
    private var bytes: [UInt8] = []
    private var offsets: [Int] = [0]
    private var slots: [UInt32]
    private var hashes: [UInt32] = []

    /// An empty table.
    public init() { slots = Array(repeating: .max, count: 1024) }

    /// A table of the distinct texts that `offsets` cut out of `bytes`, in that order; nil if they do not fit.
    package convenience init?(bytes: [UInt8], offsets: [Int]) {
        guard offsets.first == 0, offsets.last == bytes.count,
            zip(offsets, offsets.dropFirst()).allSatisfy({ $0 <= $1 })
        else { return nil }
        self.init()
        bytes.withUnsafeBufferPointer { all in
            for (start, end) in zip(offsets, offsets.dropFirst()) {
                _ = intern(UnsafeBufferPointer(rebasing: all[start..<end]))
            }
        }
        guard count == offsets.count - 1 else { return nil }
    }

    /// All texts one after the other, and where each begins (one more offset at the end).
    package var contents: (bytes: [UInt8], offsets: [Int]) { (bytes, offsets) }

    /// The number of distinct texts.
    public var count: Int { offsets.count - 1 }

    /// The text of a symbol.
    public subscript(symbol: Symbol) -> String {
        let i = Int(symbol.index)
        return String(decoding: bytes[offsets[i]..<offsets[i + 1]], as: UTF8.self)
    }

    /// Calls `body` with the UTF-8 bytes of a symbol.
    package func withBytes<R>(of symbol: Symbol, _ body: (UnsafeBufferPointer<UInt8>) throws -> R) rethrows
        -> R
    {
        let i = Int(symbol.index)
        return try bytes.withUnsafeBufferPointer {
            try body(UnsafeBufferPointer(rebasing: $0[offsets[i]..<offsets[i + 1]]))
        }
    }

    /// The symbol of `text`, added if it is new.
    public func intern(_ text: String) -> Symbol {
        var copy = text
        return copy.withUTF8 { intern($0) }
    }

    /// The symbol of a text given as UTF-8 bytes, added if it is new.
    package func intern(_ text: UnsafeBufferPointer<UInt8>) -> Symbol {
        let hash = Self.hash(text)
        let mask = slots.count - 1
        var slot = Int(hash) & mask
        while slots[slot] != .max {
            let index = slots[slot]
            if hashes[Int(index)] == hash, equals(Int(index), text) { return Symbol(index: index) }
            slot = (slot + 1) & mask
        }
        return insert(text, hash: hash, slot: slot)
    }

    /// The symbol of `text` if it occurs.
    public func find(_ text: String) -> Symbol? {
        var copy = text
        return copy.withUTF8 { find($0, guess: .max).map(Symbol.init) }
    }

    /// The index of a text given as UTF-8 bytes if it occurs, where it is likely to be that of `guess`.
    package func find(_ text: UnsafeBufferPointer<UInt8>, guess: UInt32) -> UInt32? {
        if Int(guess) < count, equals(Int(guess), text) { return guess }
        let hash = Self.hash(text)
        var slot = Int(hash) & (slots.count - 1)
        while slots[slot] != .max {
            let index = slots[slot]
            if hashes[Int(index)] == hash, equals(Int(index), text) { return index }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    /// Gives back spare room, for a table to which little or nothing will be added.
    package func trim() {
        bytes = bytes.withUnsafeBufferPointer { Array($0) }
        offsets = offsets.withUnsafeBufferPointer { Array($0) }
        hashes = hashes.withUnsafeBufferPointer { Array($0) }
    }

    private func insert(_ text: UnsafeBufferPointer<UInt8>, hash: UInt32, slot: Int) -> Symbol {
        let index = UInt32(count)
        bytes.append(contentsOf: text)
        offsets.append(bytes.count)
        hashes.append(hash)
        slots[slot] = index
        if count * 2 > slots.count { grow() }
        return Symbol(index: index)
    }

    private func grow() {
        let mask = slots.count * 2 - 1
        var larger = [UInt32](repeating: .max, count: mask + 1)
        for (index, hash) in hashes.enumerated() {
            var slot = Int(hash) & mask
            while larger[slot] != .max { slot = (slot + 1) & mask }
            larger[slot] = UInt32(index)
        }
        slots = larger
    }

    /// As ``intern(_:)`` where the text is likely to be that of `guess`, an index of this table.
    @inline(__always)
    package func intern(_ text: UnsafeBufferPointer<UInt8>, guess: UInt32) -> UInt32 {
        if Int(guess) < count, equals(Int(guess), text) { return guess }
        return intern(text).index
    }

    /// The bytes of all texts together.
    package var byteCount: Int { bytes.count }

    private func equals(_ index: Int, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
        let start = offsets[index]
        let length = offsets[index + 1] - start
        guard length == text.count else { return false }
        guard length > 0, let other = text.baseAddress else { return true }
        return bytes.withUnsafeBufferPointer { memcmp($0.baseAddress! + start, other, length) == 0 }
    }

    /// A 32-bit hash by multiply and fold of 8-byte words; used in memory only.
    private static func hash(_ text: UnsafeBufferPointer<UInt8>) -> UInt32 {
        let raw = UnsafeRawBufferPointer(text)
        var state = UInt64(truncatingIfNeeded: raw.count) &* 0x9E37_79B9_7F4A_7C15
        var i = 0
        while i + 8 <= raw.count {
            state = fold(state ^ raw.loadUnaligned(fromByteOffset: i, as: UInt64.self))
            i += 8
        }
        if i < raw.count {
            var word: UInt64 = 0
            for j in i..<raw.count { word = word << 8 | UInt64(raw[j]) }
            state = fold(state ^ word)
        }
        return UInt32(truncatingIfNeeded: state ^ (state >> 32))
    }

    @inline(__always)
    private static func fold(_ value: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
        return product.high ^ product.low
    }
}
