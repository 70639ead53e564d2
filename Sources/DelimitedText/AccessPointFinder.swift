import CISAL

/// Looks for access points while a gzip file is inflated.
///
/// ISA-L does not stop between blocks. So where a point is due a little input is given at a time, until the codes have changed:
/// then a block header was read. The last number of bytes that does not complete it is found by halving, from a copy of the
/// inflater; there the inflater waits for the rest of the header and says how many bits of it it holds.
struct AccessPointFinder {
    /// Bytes of input of one step.
    private static let stepBytes = 2048
    /// Steps after which a point is given up, since some files have no header of this kind (stored blocks).
    private static let stepLimit = 1024

    /// The farthest that deflate looks back.
    private static let windowSize = 32 << 10

    private let distance: Int
    private var next: Int
    private var steps = 0
    private var found: AccessPoint?
    private let saved = SavedInflater()

    /// Points at least `distance` bytes of text apart, the first one so far behind `text`.
    init(distance: Int, from text: Int) {
        self.distance = distance
        next = text + distance
    }

    /// Whether a point is wanted where `text` bytes of text have been inflated.
    func isDue(_ text: Int) -> Bool { text >= next && found == nil }

    mutating func take() -> AccessPoint? {
        defer { found = nil }
        return found
    }

    /// Tells that a member begins.
    mutating func foundMember(atByte byte: Int, text: Int) {
        if isDue(text) { add(AccessPoint(bit: byte * 8, text: text, inside: nil)) }
    }

    /// Inflates a little with `inflate`; `text` bytes were inflated before, and the input ends at the byte `endOfInput` of the
    /// file.
    mutating func step(
        _ state: UnsafeMutablePointer<inflate_state>, endOfInput: Int, text: Int, _ inflate: () throws -> Void
    ) rethrows {
        saved.save(state)
        let whole = min(Int(state.pointee.avail_in), Self.stepBytes)
        try run(state, whole, inflate)
        guard cisal_same_codes(state, saved.state) == 0 else {
            steps += 1
            if steps > Self.stepLimit { (next, steps) = (next + distance, 0) }
            return
        }
        // Bytes that leave the codes as they are, and bytes that do not.
        var (few, many) = (0, whole)
        while many - few > 1 {
            let middle = (few + many) / 2
            saved.restore(state)
            try run(state, middle, inflate)
            if cisal_same_codes(state, saved.state) == 0 { many = middle } else { few = middle }
        }
        let room = saved.state.pointee.avail_out
        saved.restore(state)
        try run(state, few, inflate)
        steps += 1
        guard cisal_is_between_blocks(state) != 0 else { return }
        let held = Int(cisal_held_bits(state))
        let bit = (endOfInput - Int(state.pointee.avail_in)) * 8 - held
        add(
            AccessPoint(
                bit: bit, text: text + Int(room - state.pointee.avail_out),
                inside: .init(
                    window: Self.window(state), checksum: state.pointee.crc,
                    length: state.pointee.total_out)))
    }

    private mutating func add(_ point: AccessPoint) {
        found = point
        (next, steps) = (point.text + distance, 0)
    }

    /// Inflates with the first `count` bytes of the input only.
    private func run(
        _ state: UnsafeMutablePointer<inflate_state>, _ count: Int, _ inflate: () throws -> Void
    ) rethrows {
        let rest = state.pointee.avail_in - UInt32(count)
        state.pointee.avail_in = UInt32(count)
        defer { state.pointee.avail_in += rest }
        try inflate()
    }

    private static func window(_ state: UnsafeMutablePointer<inflate_state>) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: windowSize) { buffer, count in
            count = buffer.baseAddress.map { Int(cisal_window(state, $0)) } ?? 0
        }
    }
}

/// A copy of an inflater.
private final class SavedInflater {
    let state = UnsafeMutablePointer<inflate_state>.allocate(capacity: 1)

    deinit { state.deallocate() }

    func save(_ other: UnsafeMutablePointer<inflate_state>) { copy(other, state) }
    func restore(_ other: UnsafeMutablePointer<inflate_state>) { copy(state, other) }

    private func copy(
        _ source: UnsafeMutablePointer<inflate_state>, _ target: UnsafeMutablePointer<inflate_state>
    ) {
        UnsafeMutableRawPointer(target).copyMemory(
            from: source, byteCount: MemoryLayout<inflate_state>.size)
    }
}
