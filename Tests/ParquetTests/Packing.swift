/// Writes values in the encodings of the format.
enum Packing {
    static func varint(_ value: UInt64) -> [UInt8] {
        var (rest, bytes) = (value, [UInt8]())
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    static func zigzag(_ value: Int64) -> UInt64 { UInt64(bitPattern: (value << 1) ^ (value >> 63)) }

    static func little<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    /// Length and bytes of every value.
    static func plain(_ values: [[UInt8]]) -> [UInt8] { values.flatMap { little(UInt32($0.count)) + $0 } }

    /// Eight booleans per byte.
    static func bits(_ values: [Bool]) -> [UInt8] { packed(values.map { $0 ? 1 : 0 }, width: 1) }

    /// Numbers of `width` bits, lowest bits first.
    static func packed(_ values: [UInt64], width: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: (values.count * width + 7) / 8)
        for (i, value) in values.enumerated() {
            for k in 0..<width where value >> UInt64(k) & 1 == 1 {
                bytes[(i * width + k) / 8] |= 1 << UInt8((i * width + k) % 8)
            }
        }
        return bytes
    }

    /// Runs: of one value where at least eight follow one another, else packed.
    static func hybrid(_ values: [Int], width: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        var at = 0
        while at < values.count {
            let same = values[at...].prefix { $0 == values[at] }.count
            if same >= 8 || width == 0 {
                bytes += varint(UInt64(same) << 1)
                bytes += little(UInt32(values[at])).prefix((width + 7) / 8)
                at += same
            } else {
                var group = values[at...].prefix(8).map(UInt64.init)
                at += group.count
                while group.count < 8 { group.append(0) }
                bytes += varint(3) + packed(group, width: width)
            }
        }
        return bytes
    }

    /// Levels or booleans with their length before them.
    static func levels(_ values: [Bool]) -> [UInt8] {
        let runs = hybrid(values.map { $0 ? 1 : 0 }, width: 1)
        return little(UInt32(runs.count)) + runs
    }

    /// DELTA_BINARY_PACKED with blocks of 128 values in four miniblocks.
    static func delta(_ values: [Int64]) -> [UInt8] {
        var bytes = varint(128) + varint(4) + varint(UInt64(values.count)) + varint(zigzag(values.first ?? 0))
        let differences = zip(values.dropFirst(), values).map { $0 &- $1 }
        for start in stride(from: 0, to: differences.count, by: 128) {
            let block = differences[start..<min(start + 128, differences.count)]
            let least = block.min() ?? 0
            bytes += varint(zigzag(least))
            var widths: [UInt8] = []
            var packs: [UInt8] = []
            for mini in stride(from: block.startIndex, to: block.startIndex + 128, by: 32) {
                var rest = (mini..<(mini + 32)).map {
                    $0 < block.endIndex ? UInt64(bitPattern: block[$0] &- least) : 0
                }
                let width = 64 - (rest.max() ?? 0).leadingZeroBitCount
                widths.append(UInt8(width))
                if mini < block.endIndex { packs += packed(rest, width: width) }
                rest.removeAll()
            }
            bytes += widths + packs
        }
        return bytes
    }

    static func deltaLength(_ values: [[UInt8]]) -> [UInt8] {
        delta(values.map { Int64($0.count) }) + values.flatMap { $0 }
    }

    static func deltaBytes(_ values: [[UInt8]]) -> [UInt8] {
        var previous: [UInt8] = []
        var (prefixes, suffixes) = ([Int64](), [[UInt8]]())
        for value in values {
            let shared = zip(previous, value).prefix { $0 == $1 }.count
            prefixes.append(Int64(shared))
            suffixes.append(Array(value[shared...]))
            previous = value
        }
        return delta(prefixes) + deltaLength(suffixes)
    }

    /// The k-th bytes of all values together.
    static func split(_ values: [[UInt8]]) -> [UInt8] {
        (0..<(values.first?.count ?? 0)).flatMap { k in values.map { $0[k] } }
    }

    /// The distinct values in order of appearance, and every value's position among them.
    static func dictionary(_ values: [[UInt8]]) -> (distinct: [[UInt8]], indices: [Int]) {
        var (distinct, positions) = ([[UInt8]](), [[UInt8]: Int]())
        let indices = values.map { value -> Int in
            if let known = positions[value] { return known }
            positions[value] = distinct.count
            distinct.append(value)
            return distinct.count - 1
        }
        return (distinct, indices)
    }
}
