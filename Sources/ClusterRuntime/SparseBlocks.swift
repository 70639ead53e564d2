import Groundwork

/// Floats without the blocks that are all zero: gradients of embedding tables are mostly zeros.
///
/// Layout: one bit per block of 32 floats, rounded up to 8 bytes (bit set: the block follows), then the kept blocks one after
/// the other, the last one as short as the array leaves it. Only blocks whose bits are all zero are left out, so that the
/// array that comes back has the same bits.
enum SparseBlocks {
    /// Floats per block.
    static let length = TouchedFloats.blockLength

    /// Bytes of the bits in front.
    static func bitmapBytes(count: Int) -> Int { ((count + length - 1) / length + 63) / 64 * 8 }

    /// The encoded form, nil if it would not be shorter than three quarters of the plain one.
    ///
    /// Looks only at what was touched.
    static func encode(_ part: TouchedFloats) -> Memory? {
        let values = UnsafeBufferPointer(part.values)
        guard let base = values.baseAddress else { return nil }
        let bitmap = bitmapBytes(count: values.count)
        var words = [UInt64](repeating: 0, count: bitmap / 8)
        var kept = 0
        var next = 0
        for range in part.touched {
            let first = max(next, range.lowerBound / length)
            next = max(next, (range.upperBound + length - 1) / length)
            for block in first..<max(first, next) {
                let start = block * length
                let size = min(length, values.count - start)
                guard !TouchedFloats.isZero(base + start, size) else { continue }
                words[block / 64] |= 1 << UInt64(block % 64)
                kept += size
            }
        }
        guard bitmap + kept * 4 < values.count * 3 else { return nil }
        let memory = Memory(byteCount: bitmap + kept * 4)
        words.withUnsafeBytes { memory.storage.copyMemory(from: $0) }
        var end = bitmap
        forEachBlock(words, count: values.count) { start, size in
            memory.storage.baseAddress?.advanced(by: end).copyMemory(from: base + start, byteCount: size * 4)
            end += size * 4
        }
        return memory
    }

    /// Fills `values` from the encoded form and tells which elements may not be zero, ascending and apart; nil if it does
    /// not fit them.
    static func decode(
        _ bytes: UnsafeRawBufferPointer, into values: UnsafeMutableBufferPointer<Float>
    ) -> [Range<Int>]? {
        let bitmap = bitmapBytes(count: values.count)
        guard bytes.count >= bitmap, let base = values.baseAddress, let from = bytes.baseAddress else {
            return nil
        }
        let words = stride(from: 0, to: bitmap, by: 8).map {
            bytes.loadUnaligned(fromByteOffset: $0, as: UInt64.self)
        }
        let blocks = (values.count + length - 1) / length
        guard words.reduce(0, { $0 + $1.nonzeroBitCount }) <= blocks,
            blocks % 64 == 0 || (words.last ?? 0) >> UInt64(blocks % 64) == 0
        else { return nil }
        var kept = 0
        forEachBlock(words, count: values.count) { kept += $1 }
        guard bytes.count == bitmap + kept * 4 else { return nil }
        values.update(repeating: 0)
        var end = bitmap
        var touched: [Range<Int>] = []
        forEachBlock(words, count: values.count) { start, size in
            if let last = touched.last, last.upperBound == start {
                touched[touched.count - 1] = last.lowerBound..<start + size
            } else {
                touched.append(start..<start + size)
            }
            UnsafeMutableRawPointer(base + start).copyMemory(from: from + end, byteCount: size * 4)
            end += size * 4
        }
        return touched
    }

    private static func forEachBlock(
        _ words: [UInt64], count: Int, _ body: (_ start: Int, _ size: Int) -> Void
    ) {
        for (number, word) in words.enumerated() {
            var rest = word
            while rest != 0 {
                let start = (number * 64 + rest.trailingZeroBitCount) * length
                body(start, min(length, count - start))
                rest &= rest - 1
            }
        }
    }
}
