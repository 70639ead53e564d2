/// A text that was interned in a ``SymbolTable``: two symbols of one table are equal exactly if their texts are.
public struct Symbol: Hashable, Sendable {
    /// The position in the table, in order of first appearance.
    @usableFromInline package let index: UInt32

    /// The symbol of a position in a table.
    @inlinable public init(index: UInt32) { self.index = index }
}

/// The distinct texts of one shard of events, numbered in order of first appearance.
///
/// Codes are compared and stored as 4-byte symbols; a text is built only where somebody reads it.
/// Layout: the UTF-8 bytes of all texts one after the other, `offsets` (count + 1), an open-addressing index whose slots hold
/// a hash (upper half) and a symbol (lower half). Every row of every table goes through it, so it works on plain memory, and
/// what inner loops call is public: the compiler inlines nothing less into other modules.
public final class SymbolTable {
    @usableFromInline var bytes = GrowingMemory<UInt8>(capacity: 4096)
    @usableFromInline var offsets = GrowingMemory<Int>(capacity: 513)
    @usableFromInline var slots: UnsafeMutablePointer<UInt64>
    @usableFromInline var mask: Int

    @usableFromInline static let emptySlot = UInt64.max

    /// An empty table.
    public convenience init() { self.init(expecting: 0) }

    /// An empty table with slots for a number of texts.
    private init(expecting count: Int) {
        var size = 1024
        while size < 2 * count + 2 { size *= 2 }
        mask = size - 1
        slots = .allocate(capacity: size)
        slots.initialize(repeating: Self.emptySlot, count: size)
        offsets.append(0)
    }

    deinit {
        slots.deallocate()
        bytes.deallocate()
        offsets.deallocate()
    }

    /// A table of the distinct texts that `offsets` cut out of `bytes`, in that order; nil if they do not fit.
    package convenience init?(bytes: [UInt8], offsets: [Int]) {
        guard offsets.first == 0, offsets.last == bytes.count,
            zip(offsets, offsets.dropFirst()).allSatisfy({ $0 <= $1 })
        else { return nil }
        self.init(expecting: offsets.count)
        bytes.withUnsafeBufferPointer { all in
            for (start, end) in zip(offsets, offsets.dropFirst()) {
                _ = intern(UnsafeBufferPointer(rebasing: all[start..<end]))
            }
        }
        guard count == offsets.count - 1 else { return nil }
    }

    /// All texts one after the other, and where each begins (one more offset at the end).
    package var contents: (bytes: [UInt8], offsets: [Int]) { (bytes.array, offsets.array) }

    /// The number of distinct texts.
    @inlinable public var count: Int { offsets.count - 1 }

    /// The bytes of all texts together.
    package var byteCount: Int { bytes.count }

    /// The text of a symbol.
    public subscript(symbol: Symbol) -> String {
        withBytes(of: symbol) { String(decoding: $0, as: UTF8.self) }
    }

    /// Calls `body` with the UTF-8 bytes of a symbol.
    package func withBytes<R>(of symbol: Symbol, _ body: (UnsafeBufferPointer<UInt8>) throws -> R) rethrows
        -> R
    {
        let i = Int(symbol.index)
        precondition(i < count, "SymbolTable: no such symbol")
        let start = offsets.base[i]
        return try body(
            UnsafeBufferPointer(start: bytes.base + start, count: offsets.base[i + 1] - start))
    }

    /// The symbol of `text`, added if it is new.
    public func intern(_ text: String) -> Symbol {
        var copy = text
        return copy.withUTF8 { intern($0) }
    }

    /// The symbol of a text given as UTF-8 bytes, added if it is new.
    @inlinable
    public func intern(_ text: UnsafeBufferPointer<UInt8>) -> Symbol {
        let hash = Self.hash(text)
        var slot = Int(hash) & mask
        while slots[slot] != Self.emptySlot {
            let entry = slots[slot]
            if UInt32(truncatingIfNeeded: entry >> 32) == hash {
                let index = UInt32(truncatingIfNeeded: entry)
                if equals(Int(index), text) { return Symbol(index: index) }
            }
            slot = (slot + 1) & mask
        }
        return insert(text, hash: hash, slot: slot)
    }

    /// As ``intern(_:)`` where the text is likely to be that of `guess`, an index of this table.
    @inlinable @inline(__always)
    public func intern(_ text: UnsafeBufferPointer<UInt8>, guess: UInt32) -> UInt32 {
        if Int(guess) < count, equals(Int(guess), text) { return guess }
        return intern(text).index
    }

    /// The symbol of `text` if it occurs.
    public func find(_ text: String) -> Symbol? {
        var copy = text
        return copy.withUTF8 { find($0, guess: .max).map(Symbol.init) }
    }

    /// The index of a text given as UTF-8 bytes if it occurs, where it is likely to be that of `guess`.
    @inlinable
    public func find(_ text: UnsafeBufferPointer<UInt8>, guess: UInt32) -> UInt32? {
        if Int(guess) < count, equals(Int(guess), text) { return guess }
        let hash = Self.hash(text)
        var slot = Int(hash) & mask
        while slots[slot] != Self.emptySlot {
            let entry = slots[slot]
            let index = UInt32(truncatingIfNeeded: entry)
            if UInt32(truncatingIfNeeded: entry >> 32) == hash, equals(Int(index), text) { return index }
            slot = (slot + 1) & mask
        }
        return nil
    }

    /// Gives back spare room, for a table to which little or nothing will be added.
    package func trim() {
        bytes.trim()
        offsets.trim()
    }

    /// Forgets all texts and keeps the memory.
    package func removeAll() {
        bytes.count = 0
        offsets.count = 1
        slots.update(repeating: Self.emptySlot, count: mask + 1)
    }

    @usableFromInline
    func insert(_ text: UnsafeBufferPointer<UInt8>, hash: UInt32, slot: Int) -> Symbol {
        let index = UInt32(count)
        bytes.append(contentsOf: text)
        offsets.append(bytes.count)
        slots[slot] = UInt64(hash) << 32 | UInt64(index)
        if count * 2 > mask { grow() }
        return Symbol(index: index)
    }

    private func grow() {
        let (old, oldCount) = (slots, mask + 1)
        mask = oldCount * 2 - 1
        slots = .allocate(capacity: mask + 1)
        slots.initialize(repeating: Self.emptySlot, count: mask + 1)
        for i in 0..<oldCount where old[i] != Self.emptySlot {
            var slot = Int(old[i] >> 32) & mask
            while slots[slot] != Self.emptySlot { slot = (slot + 1) & mask }
            slots[slot] = old[i]
        }
        old.deallocate()
    }

    /// Whether a text of the table is `text`; compared by words, the last two of which overlap.
    @inlinable @inline(__always)
    func equals(_ index: Int, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
        let start = offsets.base[index]
        let length = offsets.base[index + 1] - start
        guard length == text.count else { return false }
        guard let other = text.baseAddress else { return true }
        let (a, b) = (UnsafeRawPointer(bytes.base + start), UnsafeRawPointer(other))
        if length >= 8 {
            let end = length - 8
            var i = 0
            while i < end {
                if Self.word(a + i) != Self.word(b + i) { return false }
                i += 8
            }
            return Self.word(a + end) == Self.word(b + end)
        }
        if length >= 4 {
            let end = length - 4
            return Self.half(a) == Self.half(b) && Self.half(a + end) == Self.half(b + end)
        }
        for i in 0..<length where bytes.base[start + i] != other[i] { return false }
        return true
    }

    @inlinable @inline(__always)
    static func word(_ p: UnsafeRawPointer) -> UInt64 { p.loadUnaligned(as: UInt64.self) }

    @inlinable @inline(__always)
    static func half(_ p: UnsafeRawPointer) -> UInt32 { p.loadUnaligned(as: UInt32.self) }

    /// A 32-bit hash by multiply and fold of 8-byte words, the last two overlapping; used in memory only.
    @inlinable @inline(__always)
    static func hash(_ text: UnsafeBufferPointer<UInt8>) -> UInt32 {
        let length = text.count
        var state = UInt64(truncatingIfNeeded: length) &* 0x9E37_79B9_7F4A_7C15
        guard let start = text.baseAddress, length > 0 else { return 0 }
        let p = UnsafeRawPointer(start)
        if length >= 8 {
            var i = 0
            while i + 8 < length {
                state = fold(state ^ word(p + i))
                i += 8
            }
            state = fold(state ^ word(p + (length - 8)))
        } else if length >= 4 {
            state = fold(state ^ (UInt64(half(p)) << 32 | UInt64(half(p + (length - 4)))))
        } else {
            let ends = UInt64(start[0]) << 16 | UInt64(start[length / 2]) << 8 | UInt64(start[length - 1])
            state = fold(state ^ ends)
        }
        return UInt32(truncatingIfNeeded: state ^ (state >> 32))
    }

    @inlinable @inline(__always)
    static func fold(_ value: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
        return product.high ^ product.low
    }
}

/// Plain memory that grows by doubling; its owner gives it back.
@usableFromInline
struct GrowingMemory<Element: BitwiseCopyable> {
    @usableFromInline var base: UnsafeMutablePointer<Element>
    @usableFromInline var count = 0
    private var capacity: Int

    init(capacity: Int) {
        base = .allocate(capacity: capacity)
        self.capacity = capacity
    }

    func deallocate() { base.deallocate() }

    var array: [Element] { Array(UnsafeBufferPointer(start: base, count: count)) }

    mutating func append(_ value: Element) {
        reserve(count + 1)
        base[count] = value
        count += 1
    }

    mutating func append(contentsOf values: UnsafeBufferPointer<Element>) {
        guard let source = values.baseAddress else { return }
        reserve(count + values.count)
        (base + count).update(from: source, count: values.count)
        count += values.count
    }

    mutating func trim() { if count < capacity { move(to: max(count, 1)) } }

    private mutating func reserve(_ needed: Int) {
        if needed > capacity { move(to: max(needed, capacity * 2)) }
    }

    private mutating func move(to size: Int) {
        let larger = UnsafeMutablePointer<Element>.allocate(capacity: size)
        larger.update(from: base, count: count)
        base.deallocate()
        base = larger
        capacity = size
    }
}
