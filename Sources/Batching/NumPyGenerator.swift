/// NumPy's `default_rng(seed)`: PCG64 (XSL-RR 128/64) seeded through SeedSequence, so that PyHealth's split seeds
/// give the same parts.
///
/// Sources: O'Neill, "PCG: a family of simple fast space-efficient statistically good algorithms for random
/// number generation", 2014; NumPy's documented SeedSequence algorithm (after randutils' seed_seq).
package struct NumPyGenerator {
    private var state: UInt128
    private let increment: UInt128
    private var spare: UInt32?
    private static let multiplier: UInt128 = 0x2360_ED05_1FC6_5DA4_4385_DF64_9FCC_F645

    /// The generator of a non-negative seed.
    package init(seed: UInt64) {
        let words = SeedSequence(seed: seed).words(4)
        let initial = UInt128(words[0]) << 64 | UInt128(words[1])
        increment = (UInt128(words[2]) << 64 | UInt128(words[3])) << 1 | 1
        state = increment &+ initial
        step()
    }

    /// The numbers 0..<count shuffled as `Generator.shuffle` does: from the end, j in 0...i.
    package mutating func permutation(_ count: Int) -> [Int] {
        var order = Array(0..<count)
        for i in stride(from: count - 1, through: 1, by: -1) { order.swapAt(i, bounded(UInt64(i))) }
        return order
    }

    /// A number in 0...maximum, as NumPy's `random_interval`: masked rejection.
    private mutating func bounded(_ maximum: UInt64) -> Int {
        guard maximum > 0 else { return 0 }
        let mask = UInt64.max >> UInt64(maximum.leadingZeroBitCount)
        while true {
            let value = maximum <= 0xFFFF_FFFF ? UInt64(nextWord()) & mask : next() & mask
            if value <= maximum { return Int(value) }
        }
    }

    private mutating func nextWord() -> UInt32 {
        if let word = spare {
            spare = nil
            return word
        }
        let value = next()
        spare = UInt32(truncatingIfNeeded: value >> 32)
        return UInt32(truncatingIfNeeded: value)
    }

    private mutating func next() -> UInt64 {
        step()
        let folded = UInt64(truncatingIfNeeded: state >> 64) ^ UInt64(truncatingIfNeeded: state)
        let rotation = UInt64(truncatingIfNeeded: state >> 122)
        return rotation == 0 ? folded : folded >> rotation | folded << (64 - rotation)
    }

    private mutating func step() { state = state &* Self.multiplier &+ increment }
}

/// NumPy's SeedSequence with a pool of four words and no spawn key.
private struct SeedSequence {
    private var pool: [UInt32] = [0, 0, 0, 0]

    init(seed: UInt64) {
        var entropy = [UInt32(truncatingIfNeeded: seed)]
        if seed >> 32 != 0 { entropy.append(UInt32(truncatingIfNeeded: seed >> 32)) }
        var constant: UInt32 = 0x43b0_d7e5
        func hash(_ value: UInt32) -> UInt32 {
            var value = value ^ constant
            constant = constant &* 0x931e_8875
            value = value &* constant
            return value ^ value >> 16
        }
        for i in 0..<4 { pool[i] = hash(i < entropy.count ? entropy[i] : 0) }
        for source in 0..<4 {
            for target in 0..<4 where source != target {
                pool[target] = Self.mix(pool[target], hash(pool[source]))
            }
        }
    }

    /// 64-bit words of state, low half first.
    func words(_ count: Int) -> [UInt64] {
        var constant: UInt32 = 0x8b51_f9dd
        let halves = (0..<(count * 2)).map { i -> UInt32 in
            var value = pool[i % 4] ^ constant
            constant = constant &* 0x58f3_8ded
            value = value &* constant
            return value ^ value >> 16
        }
        return (0..<count).map { UInt64(halves[2 * $0]) | UInt64(halves[2 * $0 + 1]) << 32 }
    }

    private static func mix(_ x: UInt32, _ y: UInt32) -> UInt32 {
        let value = x &* 0xca01_f9dd &- y &* 0x4973_f715
        return value ^ value >> 16
    }
}
