import Layers

/// A 64-bit digest of a training's state, to find out whether members hold the same bits.
enum StateDigest {
    static func hex(values: UnsafeMutableBufferPointer<Float>, optimizer: Optimizer, position: UInt64)
        -> String
    {
        var hash = mix(0x243F_6A88_85A3_08D3, UnsafeBufferPointer(values))
        for block in optimizer.state { hash = mix(hash, UnsafeBufferPointer(block.values)) }
        for step in optimizer.steps { hash = fold(hash ^ UInt64(truncatingIfNeeded: step)) }
        return String(fold(hash ^ position), radix: 16)
    }

    private static func mix(_ seed: UInt64, _ values: UnsafeBufferPointer<Float>) -> UInt64 {
        var hash = seed
        for value in values { hash = fold(hash ^ UInt64(value.bitPattern)) }
        return hash
    }

    @inline(__always)
    private static func fold(_ value: UInt64) -> UInt64 {
        let product = (value ^ 0x9E37_79B9_7F4A_7C15).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
        return product.high ^ product.low
    }
}
