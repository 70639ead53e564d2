/// Philox 4×32-10, a counter-based generator: the n-th block is a function of key and counter alone.
///
/// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
package enum Philox {
    /// The four words that belong to `counter` under `key`.
    @inlinable
    package static func block(
        counter: (UInt32, UInt32, UInt32, UInt32), key: (UInt32, UInt32)
    ) -> (UInt32, UInt32, UInt32, UInt32) {
        var (c0, c1, c2, c3) = counter
        var (k0, k1) = key
        for _ in 0..<10 {
            let p0 = UInt64(0xD251_1F53) &* UInt64(c0)
            let p1 = UInt64(0xCD9E_8D57) &* UInt64(c2)
            (c0, c1, c2, c3) = (
                UInt32(truncatingIfNeeded: p1 >> 32) ^ c1 ^ k0, UInt32(truncatingIfNeeded: p1),
                UInt32(truncatingIfNeeded: p0 >> 32) ^ c3 ^ k1, UInt32(truncatingIfNeeded: p0)
            )
            k0 = k0 &+ 0x9E37_79B9
            k1 = k1 &+ 0xBB67_AE85
        }
        return (c0, c1, c2, c3)
    }
}

/// What a stream of random numbers is for; two purposes never share numbers.
package enum RandomPurpose: UInt64, Sendable {
    case parameters = 1
    case sampleOrder = 2
    case dropout = 3
    case split = 4
    case synthesis = 5
    case test = 6
}

/// A stream of random numbers that is a function of (seed, purpose, epoch, step, virtual rank, layer) alone.
///
/// Nothing has to be saved to continue it, and it does not depend on which worker draws from it.
package struct RandomStream: RandomNumberGenerator, Sendable {
    /// The 64-bit key, mixed from seed, purpose and epoch.
    package let key: (UInt32, UInt32)
    /// The three upper counter words: step, virtual rank, layer.
    package let position: (UInt32, UInt32, UInt32)
    private var nextBlock: UInt32 = 0
    private var words: (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
    private var unused = 0

    /// The stream at the given position; each coordinate defaults to 0.
    package init(
        seed: UInt64, purpose: RandomPurpose, epoch: Int = 0, step: Int = 0, rank: Int = 0, layer: Int = 0
    ) {
        var mixed = splitMix(seed ^ splitMix(purpose.rawValue))
        mixed = splitMix(mixed ^ UInt64(truncatingIfNeeded: epoch))
        key = (UInt32(truncatingIfNeeded: mixed), UInt32(truncatingIfNeeded: mixed >> 32))
        position = (
            UInt32(truncatingIfNeeded: step), UInt32(truncatingIfNeeded: rank),
            UInt32(truncatingIfNeeded: layer)
        )
    }

    /// The next 32 random bits.
    package mutating func nextWord() -> UInt32 {
        if unused == 0 {
            words = Philox.block(counter: (nextBlock, position.0, position.1, position.2), key: key)
            nextBlock &+= 1
            unused = 4
        }
        unused -= 1
        switch unused {
        case 3: return words.0
        case 2: return words.1
        case 1: return words.2
        default: return words.3
        }
    }

    package mutating func next() -> UInt64 {
        let low = UInt64(nextWord())
        return low | UInt64(nextWord()) << 32
    }

    /// A number in [0, 1) with 24 random bits.
    package mutating func nextFloat() -> Float { Float(nextWord() >> 8) * 0x1p-24 }

    /// A number in [0, 1) with 53 random bits.
    package mutating func nextDouble() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// An integer in 0..<bound without bias (Lemire's method); `bound` is at least 1.
    package mutating func nextInt(below bound: Int) -> Int {
        let range = UInt64(bound)
        var product = next().multipliedFullWidth(by: range)
        if product.low < range {
            let threshold = (0 &- range) % range
            while product.low < threshold { product = next().multipliedFullWidth(by: range) }
        }
        return Int(product.high)
    }

    /// The numbers 0..<count in random order (Fisher–Yates from the end).
    package mutating func permutation(_ count: Int) -> [Int] {
        var order = Array(0..<count)
        for i in stride(from: count - 1, to: 0, by: -1) { order.swapAt(i, nextInt(below: i + 1)) }
        return order
    }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): a bijective mixing of 64 bits.
package func splitMix(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
}
