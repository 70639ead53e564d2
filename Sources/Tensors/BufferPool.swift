import Kernels

/// Float memory that is handed out again: after the first steps of a training run nothing is allocated any more.
///
/// Sizes are rounded up to four classes per power of two, so that at most a quarter is wasted. One pool belongs to one
/// thread; it must outlive nothing, since every buffer keeps it alive.
package final class BufferPool {
    private var free: [[UnsafeMutableRawPointer]] = Array(repeating: [], count: 256)
    /// Bytes obtained from the system so far.
    package private(set) var reservedBytes = 0

    package init() {}

    deinit {
        for list in free { for block in list { block.deallocate() } }
    }

    /// A buffer of at least `count` floats, aligned to 64 bytes, contents undefined.
    package func buffer(_ count: Int) -> Buffer {
        let (size, kind) = Self.sizeClass(max(count, 16))
        if let block = free[kind].popLast() { return Buffer(block, kind: kind, pool: self) }
        reservedBytes += size * 4
        let block = UnsafeMutableRawPointer.allocate(byteCount: size * 4, alignment: 64)
        return Buffer(block, kind: kind, pool: self)
    }

    /// A buffer of at least `count` 64-bit words, contents undefined.
    func words(_ count: Int) -> (buffer: Buffer, words: UnsafeMutablePointer<UInt64>) {
        let buffer = buffer(2 * count)
        return (buffer, UnsafeMutableRawPointer(buffer.floats).assumingMemoryBound(to: UInt64.self))
    }

    fileprivate func take(back block: UnsafeMutableRawPointer, kind: Int) { free[kind].append(block) }

    /// The floats of the smallest class of at least `count`, and its number.
    private static func sizeClass(_ count: Int) -> (size: Int, kind: Int) {
        let exponent = Int.bitWidth - 1 - (count - 1).leadingZeroBitCount
        let quarter = 1 << (exponent - 2)
        let steps = (count - (1 << exponent) + quarter - 1) / quarter
        return ((1 << exponent) + steps * quarter, exponent * 4 + steps)
    }
}

/// A piece of a pool's memory; goes back to the pool when nobody holds it any more.
package final class Buffer {
    /// The memory as floats.
    package let floats: UnsafeMutablePointer<Float>
    private let kind: Int
    private let pool: BufferPool

    fileprivate init(_ block: UnsafeMutableRawPointer, kind: Int, pool: BufferPool) {
        floats = block.assumingMemoryBound(to: Float.self)
        self.kind = kind
        self.pool = pool
    }

    deinit { pool.take(back: UnsafeMutableRawPointer(floats), kind: kind) }
}
