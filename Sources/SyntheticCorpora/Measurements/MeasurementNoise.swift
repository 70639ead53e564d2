import Groundwork

/// Cheap random words for rows of measurements: the blocks of a stream, read directly.
struct MeasurementNoise {
    private let key: (UInt32, UInt32)
    private let position: (UInt32, UInt32, UInt32)
    private var block: UInt32 = 0
    private var words: (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
    private var unused = 0

    /// The numbers of `stream` from its beginning.
    init(_ stream: RandomStream) {
        key = stream.key
        position = stream.position
    }

    /// The next 32 random bits.
    @inline(__always)
    mutating func word() -> UInt32 {
        if unused == 0 {
            words = Philox.block(counter: (block, position.0, position.1, position.2), key: key)
            block &+= 1
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

    /// The next 8 random bits of a word that is used up from below.
    @inline(__always)
    static func byte(_ word: inout UInt32) -> Int {
        let low = Int(word & 0xFF)
        word >>= 8
        return low
    }

    /// A whole number in 0..<bound, from 32 bits.
    mutating func below(_ bound: Int) -> Int { Int((UInt64(word()) &* UInt64(bound)) >> 32) }
}
