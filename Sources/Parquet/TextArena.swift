/// The bytes of one value as text; no base address where the value is missing.
package typealias FieldBytes = UnsafeBufferPointer<UInt8>

/// Memory for texts that stay where they are until the next ``clear()``.
final class TextArena {
    private var chunks: [(base: UnsafeMutablePointer<UInt8>, size: Int)] = []
    private var used = 0
    private static let chunkSize = 64 << 10

    deinit { for chunk in chunks { chunk.base.deallocate() } }

    /// Forgets all texts; keeps the first chunk.
    func clear() {
        while chunks.count > 1 { chunks.removeLast().base.deallocate() }
        used = 0
    }

    /// Room for at most `count` bytes, of which ``take(_:of:)`` keeps some.
    func room(_ count: Int) -> UnsafeMutablePointer<UInt8> {
        if let last = chunks.last, last.size - used >= count { return last.base + used }
        let size = max(count, Self.chunkSize)
        let chunk = UnsafeMutablePointer<UInt8>.allocate(capacity: size)
        chunks.append((chunk, size))
        used = 0
        return chunk
    }

    /// Keeps `count` bytes of the room that was asked for last.
    func take(_ count: Int, of room: UnsafeMutablePointer<UInt8>) -> FieldBytes {
        used += count
        return FieldBytes(start: room, count: count)
    }
}
